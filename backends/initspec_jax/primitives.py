"""The drawing operations of JAX."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import copy
from typing import Any

import jax
import jax.numpy as jnp

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
from initspec_jax.truncated import truncated_standard_normal

Array = Any


class JaxPrimitives:
    """`initspec.distributions.primitives.Primitives` on one key of jax.random, which may be traced.

    Draws are made in float32, or in float64 for a float64 weight, and cast once: jax.random fills
    the mantissa of a uniform value, so in bfloat16 there are 128 of them, and 128 normal ones.

    A weight of one draw takes it from the key itself, as jax.nn.initializers does: where the law
    is the same, so are the random numbers. Only a weight that needs several splits the key.

    Drawn flat and then given its shape, a weight has the same bits, and XLA on the CPU compiles it
    sooner: for the rank 4 of a convolution in an eighth of the time.

    Args:
        layout: the weight's shape and roles.
        kind: its dtype.
        key: one key.
        flat: whether to draw flat. Where XLA is to partition the draw over devices it must not,
            for it cannot divide one axis by the sharding of several.
    """

    def __init__(self, layout: Layout, kind: FloatType, key: Array, *, flat: bool) -> None:
        self._layout = layout
        self._flat = flat
        self._kind, self._dtype = kind, numpy_dtype(kind)
        self._working: Any = jnp.float64 if kind.name == "float64" else jnp.float32
        self._smallest = kind.smallest
        self._key = key
        self._steps: tuple[tuple[str, float, float], ...] = ()

    def full(self, value: float) -> Array:
        return jnp.full(self._layout.shape, value, self._dtype)

    def normal(self, mean: float, std: float) -> Array:
        values = jax.random.normal(self._key, self._drawn(self._layout.shape), self._working)
        return self._own(mean + std * values)

    def uniform(self, low: float, high: float) -> Array:
        # From the middle, because high - low may overflow where low and high do not.
        shape = self._drawn(self._layout.shape)
        u = jax.random.uniform(self._key, shape, self._working, -1.0, 1.0)
        if low == -high:  # |u| <= 1, so that no rounding leads beyond the ends
            return self._own(high * u)
        return self._between((low / 2 + high / 2) + (high / 2 - low / 2) * u, low, high)

    def truncated_normal(self, mean: float, std: float, lower: float, upper: float) -> Array:
        shape = self._drawn(self._layout.shape)
        values = truncated_standard_normal(self._key, shape, self._working, lower, upper)
        return self._between(mean + std * values, mean + std * lower, mean + std * upper)

    def computed(self, entries: Entries) -> Array:
        # A constant of the program, as XLA's own identity is.
        return jnp.asarray(compute(entries, self._layout, self._kind))

    def haar(self, stack: int, rows: int, columns: int) -> Array:
        longer, shorter = max(rows, columns), min(rows, columns)
        q, r = jnp.linalg.qr(self._normals(self._key, stack, longer, shorter))
        # QR alone is not uniform: LAPACK's signs depend on the matrix (Mezzadri 2007, section 5).
        # Not jnp.sign, which is 0 at 0.
        q = q * jnp.where(jnp.diagonal(r, axis1=1, axis2=2) < 0, -1.0, 1.0)[:, None, :]
        return q if rows >= columns else self.transpose(q)

    def eye(self, stack: int, rows: int, columns: int) -> Array:
        return jnp.broadcast_to(jnp.eye(rows, columns, dtype=self._working), (stack, rows, columns))

    def normals(self, stack: int, rows: int, columns: int, std: float) -> Array:
        return self._normals(self._key, stack, rows, columns) * std

    def sparse(self, stack: int, rows: int, columns: int, kept: int, std: float) -> Array:
        shape = (stack, rows, columns)
        values = self._normals(self._fresh(), *shape) * std
        values = jnp.copysign(jnp.maximum(jnp.abs(values), self._smallest), values)
        if kept in (0, shape[-1]):
            return values if kept else jnp.zeros_like(values)
        # The places of the `kept` smallest of random words. Sorting words alone takes a tenth of
        # jax.random.permutation, which sorts pairs, twice. Where two words tie at the edge, it is
        # that permutation: which words are distinct does not depend on their order, so both
        # branches, and the draw, are uniform over the subsets.
        words = jax.random.bits(self._fresh(), self._drawn(shape), jnp.uint32).reshape(shape)
        chosen = words <= jnp.sort(words, axis=-1)[..., kept - 1 : kept]
        key = self._fresh()

        def permuted() -> Array:
            mask = jnp.broadcast_to(jnp.arange(shape[-1]) < kept, shape)
            return jax.random.permutation(key, mask, axis=-1, independent=True)

        distinct = jnp.all(jnp.sum(chosen, axis=-1) == kept)
        return jnp.where(jax.lax.cond(distinct, lambda: chosen, permuted), values, 0)

    def repeated(self, repetition: Repetition, sample: Callable[[Primitives], Array]) -> Array:
        drawn = copy(self)
        drawn._layout = repetition.layout
        return self.weight(repetition.whole(sample(drawn)))

    def transpose(self, matrix: Array) -> Array:
        return matrix.transpose(0, 2, 1)

    def at(self, matrix: Array, tap: int, taps: int) -> Array:
        stack, rows, columns = matrix.shape
        kernel = jnp.zeros((stack, rows, columns, taps), matrix.dtype).at[..., tap].set(matrix)
        return kernel.reshape(stack, rows, columns * taps)

    def weight(self, logical: Array) -> Array:
        return self._layout.weight(logical).astype(self._dtype)

    def part(self, part: Part) -> JaxPrimitives:
        primitives = copy(self)
        primitives._layout, primitives._key = part.layout, self._fresh()
        return primitives

    def join(self, parts: list[Array]) -> Array:
        assert isinstance(self._layout, UnequalLayout)
        return self._layout.join(parts, jnp.concatenate)

    def mapped(self, through: str, low: float, high: float) -> JaxPrimitives:
        primitives = copy(self)
        primitives._steps = ((through, low, high), *self._steps)
        return primitives

    def _normals(self, key: Array, *shape: int) -> Array:
        return jax.random.normal(key, self._drawn(shape), self._working).reshape(shape)

    def _drawn(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape in which random numbers of `shape` are drawn."""
        return (math.prod(shape),) if self._flat else shape

    def _own(self, values: Array) -> Array:
        """Return drawn values in the weight's shape and dtype."""
        for through, low, high in self._steps:
            values = jnp.clip(_passed(values, through), low, high)
        return values.astype(self._dtype).reshape(self._layout.shape)

    def _fresh(self) -> Array:
        """Return a key that no other draw of this weight uses."""
        self._key, key = jax.random.split(self._key)
        return key

    def _between(self, values: Array, low: float, high: float) -> Array:
        """Return the weight of these values, the rounding at the ends taken back."""
        return self._own(jnp.clip(values, low, high))


def _passed(values: Array, through: str) -> Array:
    """Return a function of values."""
    if through == "exp":
        return jnp.exp(values)
    values = jnp.maximum(values, jnp.finfo(values.dtype).tiny)
    return jnp.log(values) if through == "log" else values + jnp.log(-jnp.expm1(-values))
