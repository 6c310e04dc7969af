"""Matrices with dependent entries: with exact zeros, one-hot, computed and orthonormal ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from initspec.distributions.primitives import Entries, Repetition
from initspec.stream.elementwise import Variates, normal, runs_of
from initspec.stream.haar import haar
from initspec.stream.inversion import DOUBLE
from initspec.stream.logical import BLOCK, Floats, Logical, Worker
from initspec.stream.tiles import Tile, copy
from initspec.stream.words import Numbers, Stream


@dataclass(frozen=True)
class Kept(Logical):
    """A matrix with all but `kept` entries of each row set to 0.

    The zeros lie where the words of a separate stream are smallest; of equal words, the first. A
    kept value is at least `smallest` in size, so that it is not 0.
    """

    values: Variates
    words: Stream
    kept: int
    smallest: float

    whole = ("in", "kernel")

    def block(
        self, worker: Worker, member: int, rows: Numbers, columns: Numbers, transposed: bool = False
    ) -> Floats:
        values = self.values.block(worker, member, rows, columns, transposed)
        smallest = values.dtype.type(self.smallest)
        values = np.asarray(np.copysign(np.maximum(np.abs(values), smallest), values))
        every = np.arange(self.values.entries)
        places = (every, rows) if transposed else (rows, every)
        starts, length = runs_of(places[0], places[1], self.values.count)
        words = self.words.words(worker.generator, np.full(len(starts), member), starts, length)
        words = words.reshape(len(places[0]), len(places[1]))
        zero = smallest_of(words.T if transposed else words, len(every) - self.kept)
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
    """The identity, square or rectangular."""

    def block(
        self, worker: Worker, member: int, rows: Numbers, columns: Numbers, transposed: bool = False
    ) -> Floats:
        return np.equal(rows[:, None], columns).astype(np.float64)


@dataclass(frozen=True)
class Computed(Logical):
    """Entries that are a function of their place."""

    entries: Entries

    alone = False
    largest = BLOCK

    def write(self, worker: Worker, tile: Tile) -> None:
        places = tile.members[:, None, None], tile.rows[:, None], tile.columns
        values = self.entries(*places)
        if tile.target.dtype.itemsize < 8:
            values = values.astype(np.float32)
        values = np.broadcast_to(values, [place.size for place in places])
        copy(values.reshape(tile.target.shape), tile.target)


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
        self, worker: Worker, member: int, rows: Numbers, columns: Numbers, transposed: bool = False
    ) -> Floats:
        values = np.zeros((len(rows), len(columns)))
        at_tap = columns % self.taps == self.tap
        inner = columns[at_tap] // self.taps
        values[:, at_tap] = self.matrix.block(worker, member, rows, inner, transposed)
        return values


@dataclass(frozen=True)
class Repeated(Logical):
    """A matrix whose rows are those of a smaller one, or a stack of the members of a smaller one.

    Of a part only what is distinct in it is drawn.
    """

    drawn: Logical
    repetition: Repetition

    @property
    def whole(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.drawn.whole

    @property
    def serial(self) -> bool:  # type: ignore[override]
        return self.drawn.serial

    def block(
        self, worker: Worker, member: int, rows: Numbers, columns: Numbers, transposed: bool = False
    ) -> Floats:
        source = self.repetition.source
        if self.repetition.members:
            return self.drawn.block(worker, int(source(np.array(member))), rows, columns)
        distinct, places = np.unique(source(rows), return_inverse=True)
        return self.drawn.block(worker, member, distinct, columns)[places]


@dataclass
class Haar(Logical):
    """An orthonormal matrix for each member; the last one drawn is cached."""

    stream: Stream
    rows: int
    columns: int
    _last: tuple[int, Floats] | None = None

    serial = True

    def block(
        self, worker: Worker, member: int, rows: Numbers, columns: Numbers, transposed: bool = False
    ) -> Floats:
        if self._last is None or self._last[0] != member:
            self._last = None  # frees it before the next is made
            normals = Variates(self.stream, normal(0.0, 1.0, DOUBLE), self.columns, self.columns)
            everything = np.arange(self.rows), np.arange(self.columns)
            self._last = member, haar(normals.block(worker, member, *everything))
        part: Floats = self._last[1][np.ix_(rows, columns)]
        return part
