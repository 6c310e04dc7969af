"""Independent values: each element of a weight has its own number in the stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec.axes.layout import Layout
from initspec.stream.inversion import DOUBLE, Sampler, TruncatedNormal, Width
from initspec.stream.kernel import draw_runs, draw_tile
from initspec.stream.logical import BLOCK, Floats, Logical, Worker
from initspec.stream.tiles import Tile, copy
from initspec.stream.words import Numbers, Stream


@dataclass(frozen=True)
class Variates(Logical):
    """Independent values: the sampler over the stream, number for number.

    Attributes:
        stream: the random bits.
        sampler: the map from bits to values.
        count: the columns of the member's matrix.
        entries: the columns of this matrix, another number where it stands transposed.
    """

    stream: Stream
    sampler: Sampler
    count: int
    entries: int

    alone = False
    # Between tiles threads wait for Python's lock; drawn by blocks, these need no more memory than
    # to be turned around.
    largest = 1 << 20

    def block(
        self, worker: Worker, member: int, rows: Numbers, columns: Numbers, transposed: bool = False
    ) -> Floats:
        if transposed:
            return self.block(worker, member, columns, rows).T
        starts, length = runs_of(rows, columns, self.count)
        values = np.empty((len(starts), length), self.sampler.width.real)
        self._draw(worker, np.full(len(starts), member), starts, length, values)
        return values.reshape(len(rows), len(columns))

    def write(self, worker: Worker, tile: Tile) -> None:
        if draw_tile(self.stream, self.sampler, tile):
            return
        members, starts, length = tile.runs()
        target, real = tile.target, self.sampler.width.real
        if target.flags.c_contiguous and target.dtype == real:
            self._draw(worker, members, starts, length, target.reshape(len(starts), length))
            return
        values = worker.rows(len(starts), length, real)
        self._draw(worker, members, starts, length, values)
        copy(values.reshape(target.shape), target)

    def write_whole(self, worker: Worker, layout: Layout, out: Floats) -> None:
        """Fill a whole weight, small enough to be drawn at once."""
        stack, real = layout.stack, self.sampler.width.real
        members, starts, size = np.arange(stack), np.zeros(stack, np.int64), layout.size // stack
        in_place = layout.in_order and out.flags.c_contiguous
        if in_place and draw_runs(
            self.stream, self.sampler, members, starts, out.reshape(stack, size)
        ):
            return
        direct = in_place and out.dtype == real
        values = out.reshape(stack, size) if direct else np.empty((stack, size), real)
        self._draw(worker, members, starts, size, values)
        if not direct:
            copy(layout.weight(values), out)

    def _draw(
        self, worker: Worker, members: Numbers, starts: Numbers, length: int, values: Floats
    ) -> None:
        """Fill [runs, length], contiguous, by machine code or by blocks."""
        if draw_runs(self.stream, self.sampler, members, starts, values):
            return
        if len(starts) == 1:
            self._draw_run(worker, int(members[0]), int(starts[0]), values[0])
            return
        at_once = max(1, BLOCK // length)
        for i in range(0, len(starts), at_once):
            rows = values[i : i + at_once]
            part = slice(i, i + len(rows))
            for begin in range(0, length, BLOCK):
                size = min(BLOCK, length - begin)
                bits = self._bits(worker, members[part], starts[part] + begin, size)
                self.sampler(bits, rows[:, begin : begin + size], worker.scratch)

    def _bits(self, worker: Worker, members: Numbers, starts: Numbers, size: int) -> NDArray[Any]:
        runs = self.stream.words if self.sampler.width is DOUBLE else self.stream.halves
        return runs(worker.generator, members, starts, size).reshape(-1)

    def _draw_run(self, worker: Worker, member: int, start: int, values: Floats) -> None:
        """Fill one run by blocks, with few steps of Python between: other threads wait for them."""
        stream, generator, scratch = self.stream, worker.generator, worker.scratch
        run = stream.run if self.sampler.width is DOUBLE else stream.half_run
        for begin in range(0, len(values), BLOCK):
            block = values[begin : begin + BLOCK]
            self.sampler(run(generator, member, start + begin, len(block)), block, scratch)


def normal(mean: float, std: float, width: Width) -> TruncatedNormal:
    """Return the sampler of N(mean, std^2)."""
    return TruncatedNormal(mean, std, -np.inf, np.inf, width)


def runs_of(rows: Numbers, columns: Numbers, count: int) -> tuple[Numbers, int]:
    """Return the starts of runs of one length that make up rows x columns, row by row."""
    if not len(rows) or not len(columns):
        return np.empty(0, np.int64), 1
    breaks = np.flatnonzero(np.diff(columns) != 1) + 1
    length = len(columns) // (len(breaks) + 1)
    if not np.array_equal(breaks, np.arange(length, len(columns), length)):
        length = 1
    if length == count and (np.diff(rows) == 1).all():
        return rows[:1] * count, len(rows) * count
    return (rows[:, None] * count + columns[::length]).ravel(), length
