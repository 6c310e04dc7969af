"""Independent values passed through a function whose bits are the same on every machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from initspec.axes.layout import Layout
from initspec.numerics import elementary
from initspec.stream.elementwise import Variates
from initspec.stream.logical import Floats, Worker
from initspec.stream.tiles import Tile, copy
from initspec.stream.words import Numbers


class Step(NamedTuple):
    """A function of `initspec.numerics.elementary`, and the ends that its values are kept in."""

    function: str
    low: float
    high: float


@dataclass(frozen=True)
class Mapped(Variates):
    """Independent values, passed through functions one after the other.

    Each is computed in float64, the nearest to the real number, and rounded to the floating type.

    Attributes:
        steps: the functions, the first one first.
    """

    steps: tuple[Step, ...] = ()

    def write(self, worker: Worker, tile: Tile) -> None:
        members, starts, length = tile.runs()
        values = worker.rows(len(starts), length, self.sampler.width.real)
        self._draw(worker, members, starts, length, values)
        copy(values.reshape(tile.target.shape), tile.target)

    def write_whole(self, worker: Worker, layout: Layout, out: Floats) -> None:
        members, starts = np.arange(layout.stack), np.zeros(layout.stack, np.int64)
        size = layout.size // layout.stack
        values = np.empty((layout.stack, size), self.sampler.width.real)
        self._draw(worker, members, starts, size, values)
        copy(layout.weight(values), out)

    def _draw(
        self, worker: Worker, members: Numbers, starts: Numbers, length: int, values: Floats
    ) -> None:
        super()._draw(worker, members, starts, length, values)
        real = self.sampler.width.real
        for function, low, high in self.steps:
            values[...] = getattr(elementary, function)(values)
            np.clip(values, real(low), real(high), out=values)
