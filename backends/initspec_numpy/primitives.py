"""The drawing operations of NumPy."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec.backend import (
    Entries,
    FloatType,
    Layout,
    Part,
    Primitives,
    Repetition,
    UnequalLayout,
    compute,
    numpy_dtype,
)
from initspec_numpy.truncated import truncated_standard_normal

Floats = NDArray[Any]
Step = tuple[str, float, float]
"""The name of a function, and the ends that its values are kept in."""


class NumpyPrimitives:
    """`initspec.distributions.primitives.Primitives` on one `numpy.random.Generator`.

    Draws are made in float32, or in float64 for a float64 weight, and cast once.
    """

    def __init__(self, layout: Layout, kind: FloatType, rng: np.random.Generator) -> None:
        self._layout = layout
        self._kind, self._dtype = kind, numpy_dtype(kind)
        self._working: Any = np.float64 if kind.name == "float64" else np.float32
        self._smallest = self._working(kind.smallest)
        self._rng = rng
        self._steps: tuple[Step, ...] = ()

    def full(self, value: float) -> Floats:
        return np.full(self._layout.shape, value, self._dtype)

    def normal(self, mean: float, std: float) -> Floats:
        values = self._rng.standard_normal(self._layout.shape, self._working)
        return self._scaled(values, mean, std)

    def uniform(self, low: float, high: float) -> Floats:
        values = self._rng.random(self._layout.shape, self._working)
        return self._scaled(values, low, high - low)

    def truncated_normal(self, mean: float, std: float, lower: float, upper: float) -> Floats:
        shape = self._layout.shape
        values = truncated_standard_normal(self._rng, shape, self._working, lower, upper)
        return self._scaled(values, mean, std)

    def computed(self, entries: Entries) -> Floats:
        return compute(entries, self._layout, self._kind)

    def haar(self, stack: int, rows: int, columns: int) -> Floats:
        longer, shorter = max(rows, columns), min(rows, columns)
        q, r = np.linalg.qr(self._rng.standard_normal((stack, longer, shorter), self._working))
        # QR alone is not uniform: LAPACK's signs depend on the matrix (Mezzadri 2007, section 5).
        q *= np.where(np.diagonal(r, axis1=1, axis2=2) < 0, -1, 1)[:, None, :]
        return q if rows >= columns else self.transpose(q)

    def eye(self, stack: int, rows: int, columns: int) -> Floats:
        return np.broadcast_to(np.eye(rows, columns, dtype=self._working), (stack, rows, columns))

    def normals(self, stack: int, rows: int, columns: int, std: float) -> Floats:
        values = self._rng.standard_normal((stack, rows, columns), self._working)
        values *= std
        return values

    def sparse(self, stack: int, rows: int, columns: int, kept: int, std: float) -> Floats:
        matrix = np.zeros((stack, rows, columns), self._working)
        first = np.broadcast_to(np.arange(columns) < kept, matrix.shape)
        values = self._rng.standard_normal(stack * rows * kept, self._working) * std
        values = np.copysign(np.maximum(np.abs(values), self._smallest), values)
        matrix[self._rng.permuted(first, axis=-1)] = values
        return matrix

    def repeated(self, repetition: Repetition, sample: Callable[[Primitives], Floats]) -> Floats:
        drawn = copy(self)
        drawn._layout = repetition.layout
        return self.weight(repetition.whole(sample(drawn)))

    def transpose(self, matrix: Floats) -> Floats:
        return matrix.transpose(0, 2, 1)

    def at(self, matrix: Floats, tap: int, taps: int) -> Floats:
        stack, rows, columns = matrix.shape
        kernel = np.zeros((stack, rows, columns, taps), matrix.dtype)
        kernel[..., tap] = matrix
        return kernel.reshape(stack, rows, columns * taps)

    def weight(self, logical: Floats) -> Floats:
        home: Floats = self._layout.weight(logical)
        return np.asarray(home, self._dtype, order="C")  # ascontiguousarray gives rank 0 an axis

    def part(self, part: Part) -> NumpyPrimitives:
        primitives = copy(self)
        primitives._layout = part.layout
        return primitives

    def join(self, parts: list[Floats]) -> Floats:
        assert isinstance(self._layout, UnequalLayout)
        whole: Floats = self._layout.join(parts, np.concatenate)
        return whole

    def mapped(self, through: str, low: float, high: float) -> NumpyPrimitives:
        primitives = copy(self)
        primitives._steps = ((through, low, high), *self._steps)
        return primitives

    def _scaled(self, values: Floats, mean: float, factor: float) -> Floats:
        values *= factor
        if mean:
            values += mean
        for through, low, high in self._steps:
            _pass(values, through)
            np.clip(values, self._working(low), self._working(high), out=values)
        return values.astype(self._dtype, copy=False)


def _pass(values: Floats, through: str) -> None:
    """Replace values by a function of them."""
    if through == "exp":
        np.exp(values, out=values)
        return
    np.maximum(values, np.finfo(values.dtype).tiny, out=values)
    if through == "log":
        np.log(values, out=values)
    else:
        values += np.log(-np.expm1(-values))
