"""The drawing operations of Keras, on whichever framework it runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import copy
from typing import Any

import keras
import numpy as np

from initspec.backend import (
    Entries,
    FloatType,
    Layout,
    Part,
    Primitives,
    Repetition,
    UnequalLayout,
    compute,
)
from initspec_keras.seeded import host_tensor
from initspec_keras.truncated import truncated_standard_normal

Tensor = Any


class KerasPrimitives:
    """`initspec.distributions.primitives.Primitives` on one `keras.random.SeedGenerator`.

    Draws are made in float32, or in float64 for a float64 weight, and cast once. Nothing but
    `computed` goes through NumPy, so that all of it can be traced by tf.function and jax.jit.

    On JAX a convolution's kernel is drawn flat and then given its shape: it has the same bits, and
    XLA compiles the draw in an eighth of the time. What else Keras may shard keeps its axes.
    """

    def __init__(self, layout: Layout, kind: FloatType, seed: Any) -> None:
        self._on_jax = keras.config.backend() == "jax"
        self._lay_out(layout)
        self._kind, self._dtype = kind, kind.name
        self._working = "float64" if kind.name == "float64" else "float32"
        self._smallest = kind.smallest
        self._seed = seed
        self._steps: tuple[tuple[str, float, float], ...] = ()

    def full(self, value: float) -> Tensor:
        scalar = self._number(value)
        # Not by broadcast_to, which on torch gives one number seen many times: nothing can be
        # written to it.
        return self._cast(keras.ops.ones(self._layout.shape, dtype=self._working) * scalar)

    def normal(self, mean: float, std: float) -> Tensor:
        values = keras.random.normal(self._drawn, dtype=self._working, seed=self._seed)
        return self._scaled(values, mean, std)

    def uniform(self, low: float, high: float) -> Tensor:
        u = keras.random.uniform(self._drawn, 0.0, 1.0, dtype=self._working, seed=self._seed)
        return self._scaled(u, low, high - low)

    def truncated_normal(self, mean: float, std: float, lower: float, upper: float) -> Tensor:
        values = truncated_standard_normal(self._drawn, self._working, lower, upper, self._seed)
        return self._scaled(values, mean, std)

    def computed(self, entries: Entries) -> Tensor:
        layout, kind = self._layout, self._kind
        return host_tensor(lambda out: compute(entries, layout, kind, out), layout.shape, kind)

    def haar(self, stack: int, rows: int, columns: int) -> Tensor:
        ops = keras.ops
        longer, shorter = max(rows, columns), min(rows, columns)
        q, r = ops.qr(self._normals(stack, longer, shorter))
        # QR alone is not uniform: LAPACK's signs depend on the matrix (Mezzadri 2007, section 5).
        diagonal = ops.diagonal(r, axis1=1, axis2=2)
        q = ops.where(ops.expand_dims(diagonal, 1) < 0, -q, q)
        return q if rows >= columns else self.transpose(q)

    def eye(self, stack: int, rows: int, columns: int) -> Tensor:
        eye = keras.ops.eye(rows, columns, dtype=self._working)
        return keras.ops.broadcast_to(eye, (stack, rows, columns))

    def normals(self, stack: int, rows: int, columns: int, std: float) -> Tensor:
        return self._normals(stack, rows, columns) * std

    def sparse(self, stack: int, rows: int, columns: int, kept: int, std: float) -> Tensor:
        ops = keras.ops
        values = self._normals(stack, rows, columns) * std
        # Sorting independent uniforms gives a uniform permutation of the places of each row.
        keys = keras.random.uniform(values.shape, 0.0, 1.0, dtype="float32", seed=self._seed)
        chosen = ops.argsort(keys, axis=-1) < kept
        # Not by `maximum`, which makes float32 of float64 on torch, nor with a Python float, which
        # is a float32 on TensorFlow.
        least = self._number(self._smallest)
        floor = ops.where(values < 0, -least, least)
        floored = ops.where(ops.abs(values) < least, floor, values)
        return ops.where(chosen, floored, ops.zeros_like(floored))

    def repeated(self, repetition: Repetition, sample: Callable[[Primitives], Tensor]) -> Tensor:
        drawn, layout, place = copy(self), repetition.layout, repetition.place
        drawn._lay_out(layout)
        sizes = [layout.stack, layout.out, layout.columns]
        each = keras.ops.expand_dims(keras.ops.reshape(sample(drawn), sizes), place)
        sizes.insert(place, repetition.times)
        return self.weight(keras.ops.broadcast_to(each, sizes))

    def transpose(self, matrix: Tensor) -> Tensor:
        return keras.ops.transpose(matrix, (0, 2, 1))

    def at(self, matrix: Tensor, tap: int, taps: int) -> Tensor:
        stack, rows, columns = matrix.shape
        places = ((0, 0), (0, 0), (0, 0), (tap, taps - tap - 1))
        kernel = keras.ops.pad(keras.ops.expand_dims(matrix, -1), places)
        return keras.ops.reshape(kernel, (stack, rows, columns * taps))

    def weight(self, logical: Tensor) -> Tensor:
        ops, layout = keras.ops, self._layout
        factors = ops.transpose(ops.reshape(logical, layout.ordered), layout.inverse)
        weight = self._cast(ops.reshape(factors, layout.shape))
        # On torch these are views, of which safetensors, for one, saves none.
        return weight.contiguous() if keras.config.backend() == "torch" else weight

    def part(self, part: Part) -> KerasPrimitives:
        primitives = copy(self)
        primitives._lay_out(part.layout)
        return primitives

    def join(self, parts: list[Tensor]) -> Tensor:
        assert isinstance(self._layout, UnequalLayout)
        whole = keras.ops.concatenate(parts, axis=self._layout.axis)
        return keras.ops.reshape(whole, self._layout.shape)

    def mapped(self, through: str, low: float, high: float) -> KerasPrimitives:
        primitives = copy(self)
        primitives._steps = ((through, low, high), *self._steps)
        return primitives

    def _lay_out(self, layout: Layout) -> None:
        self._layout = layout
        flat = self._on_jax and layout.kernel
        self._drawn = (layout.size,) if flat else layout.shape

    def _normals(self, *shape: int) -> Tensor:
        drawn = (math.prod(shape),) if self._on_jax else shape
        values = keras.random.normal(drawn, dtype=self._working, seed=self._seed)
        return keras.ops.reshape(values, shape) if self._on_jax else values

    def _scaled(self, values: Tensor, mean: float, factor: float) -> Tensor:
        values = values * factor
        values = values + mean if mean else values
        for through, low, high in self._steps:
            values = self._passed(values, through)
            values = keras.ops.clip(values, self._number(low), self._number(high))
        weight = self._cast(values)
        shape = self._layout.shape
        return weight if self._drawn == shape else keras.ops.reshape(weight, shape)

    def _passed(self, values: Tensor, through: str) -> Tensor:
        """Return a function of values."""
        ops = keras.ops
        if through == "exp":
            return ops.exp(values)
        least = self._number(float(np.finfo(self._working).tiny))
        values = ops.where(values < least, least, values)
        return ops.log(values) if through == "log" else values + ops.log(-ops.expm1(-values))

    def _number(self, value: float) -> Tensor:
        # TensorFlow rounds a Python float to float32 on its way to float64.
        return keras.ops.convert_to_tensor(np.asarray(value, self._working))

    def _cast(self, values: Tensor) -> Tensor:
        return values if self._working == self._dtype else keras.ops.cast(values, self._dtype)
