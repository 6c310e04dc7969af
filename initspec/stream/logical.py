"""Weights that are not there yet: matrices that can be asked for any part of them.

A family's sampler (`Distribution.sample`) names a whole weight; a part of it is drawn by asking the
last node for the tiles that the part is made of, so that a block of a 2^20 x 2^20 identity or
sparse weight costs its own size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec.stream.inversion import Scratch
from initspec.stream.tiles import Tile
from initspec.stream.words import Generator, Numbers

Floats = NDArray[Any]

BLOCK = 1 << 16
"""How many elements go through the sampler at once: few enough to stay in the cache."""


class Worker:
    """What one thread draws with."""

    def __init__(self) -> None:
        self.generator = Generator()
        self.scratch = Scratch(BLOCK)
        self._rows = np.empty(0)

    def rows(self, count: int, length: int, real: type[np.floating]) -> Floats:
        """Return [count, length] to draw a tile in, the memory of the last one."""
        if self._rows.size < count * length:
            self._rows = np.empty(count * length)
        return self._rows.view(real)[: count * length].reshape(count, length)


class Logical:
    """A matrix for each stack member, by part.

    Attributes:
        whole: the roles that a tile should not cut, because a part of them costs the whole.
        alone: whether a tile must lie in one stack member.
        serial: whether parts are best asked for one after the other.
    """

    whole: tuple[str, ...] = ()
    alone: bool = True
    serial: bool = False

    def block(
        self, worker: Worker, member: int, rows: Numbers, columns: Numbers, turned: bool = False
    ) -> Floats:
        """Return [rows, columns] of one member's matrix.

        `turned` says that this matrix is the transpose of the member's, [out, in * kernel]: the
        noise is that of the place in the weight, whichever way a family holds the matrix.
        """
        raise NotImplementedError

    def write(self, worker: Worker, tile: Tile) -> None:
        """Fill the tile's memory."""
        values = self.block(worker, tile.member, tile.rows, tile.columns)
        # Half precision is the rounded float32 value.
        if tile.target.dtype.itemsize < 8:
            values = values.astype(np.float32, copy=False)
        np.copyto(tile.target, values.reshape(tile.target.shape), casting="unsafe")

    def __mul__(self, factor: float) -> Logical:
        return Scaled(self, factor)


@dataclass(frozen=True)
class Scaled(Logical):
    """gain times a matrix."""

    matrix: Logical
    factor: float

    @property
    def serial(self) -> bool:  # type: ignore[override]
        return self.matrix.serial

    def block(
        self, worker: Worker, member: int, rows: Numbers, columns: Numbers, turned: bool = False
    ) -> Floats:
        return self.matrix.block(worker, member, rows, columns, turned) * self.factor


@dataclass(frozen=True)
class Turned(Logical):
    """A transpose."""

    matrix: Logical

    whole = ("out",)

    def block(
        self, worker: Worker, member: int, rows: Numbers, columns: Numbers, turned: bool = False
    ) -> Floats:
        return self.matrix.block(worker, member, columns, rows, not turned).T
