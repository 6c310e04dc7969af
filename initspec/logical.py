"""Weights that are not there yet: matrices that can be asked for any part of them.

A family's sampler (`Distribution.sample`) names a whole weight; a part of it is drawn by asking the
last node for the tiles that the part is made of, so that a block of a 2^20 x 2^20 identity or
sparse weight costs its own size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec.haar import haar
from initspec.inversion import DOUBLE, Sampler, Scratch, TruncatedNormal, Width
from initspec.layout import Layout
from initspec.stream import Generator, Numbers, Stream
from initspec.tiles import Tile

Floats = NDArray[Any]

BLOCK = 1 << 16
"""How many elements go through the sampler at once: few enough to stay in the cache."""


_LONG_ROW = 256

_PART = 1 << 13
"""How many elements are brought into the target's order at once."""


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
class Variates(Logical):
    """Independent values: the sampler over the stream, number for number.

    Attributes:
        stream: the random bits.
        sampler: what makes values of them.
        count: the columns of the member's matrix.
        entries: the columns of this matrix, another number where it stands transposed.
    """

    stream: Stream
    sampler: Sampler
    count: int
    entries: int

    alone = False

    def block(
        self, worker: Worker, member: int, rows: Numbers, columns: Numbers, turned: bool = False
    ) -> Floats:
        if turned:
            return self.block(worker, member, columns, rows).T
        starts, length = _runs(rows, columns, self.count)
        values = np.empty((len(starts), length), self.sampler.width.real)
        self._draw(worker, np.full(len(starts), member), starts, length, values)
        return values.reshape(len(rows), len(columns))

    def write(self, worker: Worker, tile: Tile) -> None:
        members, starts, length = tile.runs()
        target, real = tile.target, self.sampler.width.real
        if target.flags.c_contiguous and target.dtype == real:
            self._draw(worker, members, starts, length, target.reshape(len(starts), length))
            return
        # Rows a power of two apart would fight for the same cache lines when read by column, so a
        # run of several rows is taken apart and each row padded.
        rows = length // self.count
        if rows > 1 and self.count >= _LONG_ROW:
            offsets = np.arange(rows) * self.count
            members, starts = np.repeat(members, rows), (starts[:, None] + offsets).ravel()
            length = self.count
        values = worker.rows(len(starts), length + 16, real)[:, :length]
        self._draw(worker, members, starts, length, values)
        _copy(values.reshape(target.shape), target)

    def write_whole(self, worker: Worker, layout: Layout, out: Floats) -> None:
        """Fill a whole weight that is small enough to be drawn at once."""
        stack, real = layout.stack, self.sampler.width.real
        in_order = layout.order == tuple(range(len(layout.order)))
        direct = in_order and out.dtype == real and out.flags.c_contiguous
        size = layout.size // stack
        values = out.reshape(stack, size) if direct else np.empty((stack, size), real)
        self._draw(worker, np.arange(stack), np.zeros(stack, np.int64), size, values)
        if not direct:
            np.copyto(out, layout.weight(values), casting="unsafe")

    def __mul__(self, factor: float) -> Logical:
        assert isinstance(self.sampler, TruncatedNormal)
        return replace(self, sampler=replace(self.sampler, s=self.sampler.s * factor))

    def _draw(
        self, worker: Worker, members: Numbers, starts: Numbers, length: int, values: Floats
    ) -> None:
        """Fill [runs, length], each row contiguous, by blocks."""
        at_once = max(1, BLOCK // length)
        for i in range(0, len(starts), at_once):
            rows = values[i : i + at_once]
            part = slice(i, i + len(rows))
            for begin in range(0, length, BLOCK):
                size = min(BLOCK, length - begin)
                bits = self._bits(worker, members[part], starts[part] + begin, size)
                self.sampler(bits, rows[:, begin : begin + size], worker.scratch)

    def _bits(self, worker: Worker, members: Numbers, starts: Numbers, size: int) -> NDArray[Any]:
        stream, generator = self.stream, worker.generator
        double = self.sampler.width is DOUBLE
        if len(starts) == 1:
            run = stream.run if double else stream.half_run
            return run(generator, int(members[0]), int(starts[0]), size)
        runs = stream.words if double else stream.halves
        return runs(generator, members, starts, size).reshape(-1)


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


@dataclass(frozen=True)
class Kept(Logical):
    """A matrix with all but `kept` entries of each row set to 0.

    The zeros are where the words of their own stream are smallest; of equal words, the first. A
    kept value is raised to `smallest`, so that it is no 0.
    """

    values: Variates
    words: Stream
    kept: int
    smallest: float

    whole = ("in", "kernel")

    def block(
        self, worker: Worker, member: int, rows: Numbers, columns: Numbers, turned: bool = False
    ) -> Floats:
        values = self.values.block(worker, member, rows, columns, turned)
        smallest = values.dtype.type(self.smallest)
        values = np.asarray(np.copysign(np.maximum(np.abs(values), smallest), values))
        every = np.arange(self.values.entries)
        places = (every, rows) if turned else (rows, every)
        starts, length = _runs(places[0], places[1], self.values.count)
        words = self.words.words(worker.generator, np.full(len(starts), member), starts, length)
        words = words.reshape(len(places[0]), len(places[1]))
        zero = smallest_of(words.T if turned else words, len(every) - self.kept)
        values[zero[:, columns]] = 0
        return values


def smallest_of(words: NDArray[np.uint64], count: int) -> NDArray[np.bool_]:
    """Return where the `count` smallest of each row are; of equal words the first."""
    if not count:
        return np.zeros(words.shape, np.bool_)
    limit = np.partition(words, count - 1, axis=1)[:, count - 1 : count]
    chosen: NDArray[np.bool_] = words <= limit
    if np.count_nonzero(chosen) == count * len(words):
        return chosen
    below, equal = words < limit, words == limit
    missing = count - below.sum(axis=1, keepdims=True)
    first: NDArray[np.bool_] = np.cumsum(equal, axis=1) <= missing
    return np.asarray(below | (equal & first))


@dataclass(frozen=True)
class Eye(Logical):
    """The identity, rectangular too."""

    def block(
        self, worker: Worker, member: int, rows: Numbers, columns: Numbers, turned: bool = False
    ) -> Floats:
        return np.equal(rows[:, None], columns).astype(np.float64)


@dataclass(frozen=True)
class Tap(Logical):
    """A matrix at one place of the receptive field, the fastest index; 0 at the others."""

    matrix: Logical
    tap: int
    taps: int

    @property
    def serial(self) -> bool:  # type: ignore[override]
        return self.matrix.serial

    def block(
        self, worker: Worker, member: int, rows: Numbers, columns: Numbers, turned: bool = False
    ) -> Floats:
        values = np.zeros((len(rows), len(columns)))
        here = columns % self.taps == self.tap
        inner = columns[here] // self.taps
        values[:, here] = self.matrix.block(worker, member, rows, inner, turned)
        return values


@dataclass
class Haar(Logical):
    """An orthonormal matrix for each member; the last one asked for is kept, whole."""

    stream: Stream
    rows: int
    columns: int
    _last: tuple[int, Floats] | None = None

    serial = True

    def block(
        self, worker: Worker, member: int, rows: Numbers, columns: Numbers, turned: bool = False
    ) -> Floats:
        if self._last is None or self._last[0] != member:
            self._last = None  # frees it before the next is made
            normals = Variates(self.stream, standard_normal(DOUBLE), self.columns, self.columns)
            everything = np.arange(self.rows), np.arange(self.columns)
            self._last = member, haar(normals.block(worker, member, *everything))
        part: Floats = self._last[1][np.ix_(rows, columns)]
        return part


def _copy(values: Floats, target: Floats) -> None:
    """Copy by parts that stay in the cache: NumPy walks in the order of the target's memory."""
    axis = int(np.argmax(target.shape)) if target.ndim else 0
    parts = -(-target.size // _PART)
    step = -(-target.shape[axis] // parts) if target.ndim else 1
    for i in range(0, target.shape[axis] if target.ndim else 1, step):
        part: tuple[Any, ...] = (slice(None),) * axis + (slice(i, i + step), ...)
        np.copyto(target[part], values[part], casting="unsafe")


def standard_normal(width: Width) -> TruncatedNormal:
    """Return the sampler of N(0, 1)."""
    return TruncatedNormal(0.0, 1.0, -np.inf, np.inf, width)


def _runs(rows: Numbers, columns: Numbers, count: int) -> tuple[Numbers, int]:
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
