"""The drawing operations that every backend implements and families are written in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from initspec.axes.layout import Layout
from initspec.axes.unequal import Part

Array = Any
"""An array of the framework at hand: a torch tensor, a JAX array, a NumPy array."""

Places = NDArray[np.int64]
"""Numbers of stack members, of rows or of columns."""

Entries = Callable[[Places, Places, Places], NDArray[np.float64]]
"""From members, rows and columns, which broadcast against each other, to entries, which do too."""


@dataclass(frozen=True)
class Repetition:
    """How a weight is made of a smaller one, each of whose outputs or stack members is repeated.

    Attributes:
        layout: that of the smaller one: [stack, out, in, kernel...], without a stack where the
            weight has none.
        times: how often each is there.
        members: whether stack members are repeated, not outputs.
        tiled: whether all are there before one is there again.
    """

    layout: Layout
    times: int
    members: bool
    tiled: bool

    @property
    def place(self) -> int:
        """The axis of the repeats, put into [stack, out, in * kernel] of the smaller one."""
        return 2 - self.members - self.tiled

    def source(self, numbers: Places) -> Places:
        """Return which outputs, or members, of the smaller one those of the weight are."""
        if self.tiled:
            size = self.layout.stack if self.members else self.layout.out
            return numbers % size
        return numbers // self.times

    def whole(self, distinct: Any) -> Any:
        """Return the weight of a smaller one, as [stack, out, in * kernel]; NumPy or JAX arrays."""
        layout = self.layout
        sizes = [layout.stack, layout.out, layout.columns]
        sizes.insert(self.place, 1)
        repeated = distinct.reshape(sizes).repeat(self.times, axis=self.place)
        return repeated.reshape(self.matrices)

    @property
    def matrices(self) -> tuple[int, int, int]:
        """The shape of the weight as [stack, out, in * kernel]."""
        layout, times = self.layout, self.times
        stack, out = (times, 1) if self.members else (1, times)
        return layout.stack * stack, layout.out * out, layout.columns

    def distinct(self, weights: Any) -> Any:
        """Return the smaller one of a weight, both [stack, out, in, kernel]."""
        layout = self.layout
        sizes = [layout.stack, layout.out, layout.in_, layout.taps]
        sizes.insert(self.place, self.times)
        return weights.reshape(sizes).take(0, axis=self.place)


class Primitives(Protocol):
    """Drawing operations, bound to one weight: its layout, its dtype and its random numbers.

    The first five give a weight in its own shape and dtype. The others work on logical arrays,
    whose leading axis is the stack; `weight` brings such an array home. Every draw is made in
    float32 or wider, scaled and truncated there, and cast once at the end.
    """

    def full(self, value: float) -> Array:
        """Return the weight with every element equal to `value`."""

    def normal(self, mean: float, std: float) -> Array:
        """Return the weight with independent N(mean, std^2) elements."""

    def uniform(self, low: float, high: float) -> Array:
        """Return the weight with independent elements, uniform between `low` and `high`."""

    def truncated_normal(self, mean: float, std: float, lower: float, upper: float) -> Array:
        """Return mean + std * Y, Y independent N(0, 1) conditioned on lower <= Y <= upper."""

    def computed(self, entries: Entries) -> Array:
        """Return the weight of the matrices [out, in * kernel] that `entries` computes in float64.

        It is computed on the host, block by block, and rounded to float32 before it is to half
        precision: `initspec.backend.compute` does both.
        """

    def haar(self, stack: int, rows: int, columns: int) -> Array:
        """Return [stack, rows, columns], each member uniform (Haar) among orthonormal matrices.

        Orthonormal are the rows where rows <= columns, else the columns.
        """

    def eye(self, stack: int, rows: int, columns: int) -> Array:
        """Return [stack, rows, columns]: 1 where row and column are equal, else 0."""

    def normals(self, stack: int, rows: int, columns: int, std: float) -> Array:
        """Return [stack, rows, columns], independent N(0, std^2)."""

    def sparse(self, stack: int, rows: int, columns: int, kept: int, std: float) -> Array:
        """Return [stack, rows, columns]: in each row `kept` independent N(0, std^2), else zeros.

        Which ones is uniform over the subsets and independent between rows. A kept value is never
        0: below the dtype's `smallest` it becomes that, with its sign.
        """

    def repeated(self, repetition: Repetition, sample: Callable[[Primitives], Array]) -> Array:
        """Return the weight that repeats a smaller one, which `sample` draws.

        It takes the operations that are bound to the smaller one, with the same random numbers.
        """

    def transpose(self, matrix: Array) -> Array:
        """Return [stack, rows, columns] as [stack, columns, rows]."""

    def at(self, matrix: Array, tap: int, taps: int) -> Array:
        """Return [stack, rows, columns * taps] from `matrix`, [stack, rows, columns].

        One tap of the receptive field, the fastest index, holds the matrix; the others are 0.
        """

    def weight(self, logical: Array) -> Array:
        """Return a logical array, [stack, out, in * kernel], in the weight's shape and dtype."""


class PartPrimitives(Primitives, Protocol):
    """The same, for weights too whose stack has members of unequal size: drawn part by part."""

    def part(self, part: Part) -> PartPrimitives:
        """Return the operations on a part of the weight, with random numbers of their own."""

    def join(self, parts: list[Array]) -> Array:
        """Return the weight made of its parts, each as `part` drew it, in their order."""


class MapPrimitives(Primitives, Protocol):
    """The same, for weights too that pass through a function: `through=` of a spec."""

    def mapped(self, through: str, low: float, high: float) -> MapPrimitives:
        """Return the operations whose elementwise draws pass through a function.

        W = f(X) kept in [low, high], X being what `normal`, `uniform` or `truncated_normal` draws,
        all of it before the one cast. f is named "exp", "log" or "inverse_softplus", which is
        log(e^x - 1), for small x best as x + log(-expm1(-x)). The last two take positive numbers:
        rounding may have left 0. An end may be infinite. Of operations that are mapped already the
        new function comes first.
        """
