"""Lazy matrices: expressions of which any part can be evaluated.

A family's sampler (`Distribution.sample`) describes a whole weight as an expression; a block of it
is drawn by evaluating the tiles of the block alone, so that a block of a 2^20 x 2^20 identity or
sparse weight costs its own size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec.stream.inversion import Scratch
from initspec.stream.tiles import TILE, Tile, copy
from initspec.stream.words import Generator, Numbers

Floats = NDArray[Any]

BLOCK = 1 << 16
"""Elements in one call of the sampler: few enough to stay in the cache."""


class Worker:
    """The generator and the buffers of one thread."""

    def __init__(self) -> None:
        self.generator = Generator()
        self.scratch = Scratch(BLOCK)
        self._rows = np.empty(0, np.uint8)

    def rows(self, count: int, length: int, real: type[np.floating]) -> Floats:
        """Return a buffer [count, length] for a tile; it reuses the memory of the last one."""
        size = count * length * np.dtype(real).itemsize
        if self._rows.size < size:
            self._rows = np.empty(size, np.uint8)
        return self._rows[:size].view(real).reshape(count, length)


class Logical:
    """A lazy matrix for each stack member.

    Attributes:
        whole: the roles that a tile should not cut, because a part costs as much as the whole.
        alone: whether a tile must lie in one stack member.
        serial: whether parts are best drawn one after the other.
        largest: the most elements of a tile, unless `whole` and `alone` need more.
    """

    whole: tuple[str, ...] = ()
    alone: bool = True
    serial: bool = False
    largest: int = TILE

    def block(
        self, worker: Worker, member: int, rows: Numbers, columns: Numbers, transposed: bool = False
    ) -> Floats:
        """Return [rows, columns] of one member's matrix.

        `transposed` means that this matrix is the transpose of the member's, [out, in * kernel]:
        the noise belongs to the place in the weight, not to that in the matrix.
        """
        raise NotImplementedError

    def write(self, worker: Worker, tile: Tile) -> None:
        """Fill the tile's memory."""
        values = self.block(worker, tile.member, tile.rows, tile.columns)
        # Half precision is the float32 value, rounded.
        if tile.target.dtype.itemsize < 8:
            values = values.astype(np.float32, copy=False)
        copy(values.reshape(tile.target.shape), tile.target)

    def __mul__(self, factor: float) -> Logical:
        return Scaled(self, factor)

    def __add__(self, other: Logical) -> Logical:
        return Sum(self, other)


@dataclass(frozen=True)
class Scaled(Logical):
    """A factor times a matrix."""

    matrix: Logical
    factor: float

    @property
    def serial(self) -> bool:  # type: ignore[override]
        return self.matrix.serial

    def block(
        self, worker: Worker, member: int, rows: Numbers, columns: Numbers, transposed: bool = False
    ) -> Floats:
        return self.matrix.block(worker, member, rows, columns, transposed) * self.factor


@dataclass(frozen=True)
class Transposed(Logical):
    """A transpose."""

    matrix: Logical

    whole = ("out",)

    def block(
        self, worker: Worker, member: int, rows: Numbers, columns: Numbers, transposed: bool = False
    ) -> Floats:
        return self.matrix.block(worker, member, columns, rows, not transposed).T


@dataclass(frozen=True)
class Sum(Logical):
    """A matrix plus another, in float64."""

    first: Logical
    second: Logical

    def block(
        self, worker: Worker, member: int, rows: Numbers, columns: Numbers, transposed: bool = False
    ) -> Floats:
        first = self.first.block(worker, member, rows, columns, transposed)
        second = self.second.block(worker, member, rows, columns, transposed)
        return first.astype(np.float64, copy=False) + second
