"""Draws of one weight, and what several checks read from them, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from initspec_conformance.expected.arrays import Array, Values
from initspec_conformance.expected.expected import Expected
from initspec_conformance.expected.slices import sizes_of, slices_of

LONGEST = 1 << 22
"""How many entries of a draw are correlated with each other, at most."""

MOST = 1 << 19
"""How many entries are compared with each other, at most."""

Signals = tuple[NDArray[np.float32], NDArray[np.float32]]
Spectra = tuple[NDArray[np.complex64], NDArray[np.complex64]]


@dataclass(frozen=True)
class Batch:
    """Consecutive draws of one weight.

    Attributes:
        expected: what they should be.
        draws: the draws, [draws, *shape], in the dtype expected.
        first: the number of the first of them among the stage's draws.
        noise: what the noise of randomised rounding comes from; None takes `first`.
    """

    expected: Expected
    draws: Array
    first: int = 0
    noise: int | None = None

    def forget(self, names: tuple[str, ...]) -> None:
        """Free what was computed and is not read again."""
        for name in names:
            self.__dict__.pop(name, None)

    @property
    def count(self) -> int:
        """The number of draws."""
        return len(self.draws)

    @cached_property
    def logical(self) -> Array:
        """The draws as [draws, stack, out, in, kernel]."""
        layout = self.expected.layout
        order = (0, *(1 + axis for axis in layout.order))
        split = self.draws.reshape(-1, *layout.sizes).transpose(order)
        return np.ascontiguousarray(split).reshape(
            -1, layout.stack, layout.out, layout.in_, layout.taps
        )

    @cached_property
    def entries(self) -> Array:
        """The independent entries of each draw, [draws, n]: for sparse, the non-zeros."""
        flat = self.logical.reshape(self.count, -1)
        if self.expected.family != "sparse":
            return flat
        chosen = [row[row != 0] for row in flat]
        shortest = min(map(len, chosen))  # a wrong count is the business of another check
        return np.stack([row[:shortest] for row in chosen])

    @cached_property
    def centred(self) -> Values:
        """The entries less the mean that they should have, in float64."""
        return self.expected.rounding.centred(self.entries)

    @cached_property
    def u(self) -> Values:
        """The place of each entry in (0, 1); the noise in it has nothing to do with the draws'."""
        return self._u(self.entries)

    @property
    def own_u(self) -> Values:
        """The places in the weight's own order, in which generators fill it: [draws, n]."""
        layout = self.expected.layout
        shape = (self.count, *sizes_of(layout))
        if layout.in_order:
            return self.u
        weights = [layout.weight(draw) for draw in self.u.reshape(shape)]
        return np.stack(weights).reshape(self.count, -1)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How many entries lie in each cell of the rounding."""
        rounding = self.expected.rounding
        cells = rounding.cells(self.entries, self.u)
        return np.bincount(cells.ravel(), minlength=len(rounding.upto))

    @cached_property
    def scores(self) -> Values:
        """The normal score of each entry."""
        return self.expected.rounding.scores(self.entries, self.u)

    @cached_property
    def grid(self) -> Values:
        """The normal scores as [draws, stack, out, in, kernel]; 0 where a sparse weight is 0."""
        shape = (self.count, *sizes_of(self.expected.layout))
        if self.expected.family == "sparse":
            scores = self.expected.rounding.scores(self.logical, self._u(self.logical))
            return np.where(self.logical != 0, scores, 0.0)
        return self.scores.reshape(shape)

    @cached_property
    def sums(self) -> dict[str, tuple[Values, Values, Values]]:
        """For each kind of slice how many scores each has, their sum and that of their squares."""
        grid = self.grid
        squares = grid**2
        sums_of = {}
        for name, axes in slices_of(self.expected.layout).items():
            over = tuple(1 + axis for axis in axes)
            sums = grid.sum(axis=over)
            if self.expected.family == "sparse":
                counts = (grid != 0).sum(axis=over).astype(np.float64)
            else:
                counts = np.full(sums.shape, float(grid[0].size * len(sums) // sums.size))
            sums_of[name] = (counts, sums, squares.sum(axis=over))
        return sums_of

    @cached_property
    def ordered(self) -> Array:
        """The absolute values of some entries, sorted."""
        return np.sort(np.abs(some_of(self.entries.ravel(), MOST)))

    def _u(self, values: Array) -> Values:
        noise = np.random.Generator(
            np.random.Philox(key=(0x5C07E, self.first if self.noise is None else self.noise))
        )
        return self.expected.rounding.u(values, noise.random)

    @cached_property
    def signals(self) -> Signals:
        """Two bounded signals of unit variance, [draws, n]: one of sign, one of size.

        sqrt(12) (U - 1/2) and its folded form sqrt(12) (|2 U - 1| - 1/2), which negation leaves
        as it is; both uniform under the law. A sparse draw of too few entries is filled up with 0.
        """
        length = length_of(self.expected)
        u = self.u[:, :length]
        root = np.float32(np.sqrt(12))
        plain = (u - 0.5).astype(np.float32)
        folded = np.abs(plain) * 2 - np.float32(0.5)
        plain *= root
        folded *= root
        if u.shape[1] < length:
            missing = ((0, 0), (0, length - u.shape[1]))
            return np.pad(plain, missing), np.pad(folded, missing)
        return plain, folded

    @cached_property
    def spectra(self) -> Spectra:
        """The zero-padded Fourier transforms of the signals."""
        plain, folded = self.signals
        padded = fft.next_fast_len(2 * plain.shape[1], real=True)
        return fft.rfft(plain, padded, axis=1), fft.rfft(folded, padded, axis=1)

    @cached_property
    def lead(self) -> Signals:
        """The signals of the stage's first draw."""
        plain, folded = self.signals
        return plain[0].copy(), folded[0].copy()

    @cached_property
    def lead_spectra(self) -> Spectra:
        """Their spectra, until the second draw has been compared with them."""
        plain, folded = self.spectra
        return plain[0].copy(), folded[0].copy()

    def hand_on(self) -> dict[str, Any]:
        """Remove what is kept of the stage's first draw, and return it."""
        names = ("lead", "lead_spectra")
        return {name: self.__dict__.pop(name) for name in names if name in self.__dict__}

    def follow(self, lead: dict[str, Any]) -> None:
        """Take over what the batch before handed on."""
        self.__dict__.update(lead)
        lead.clear()


def length_of(expected: Expected) -> int:
    """Return how long a signal is."""
    return min(expected.entries, LONGEST)


def some_of(values: Array, most: int) -> Array:
    """Return so many entries at most, from all parts of a draw: the first half may be right."""
    if len(values) <= most:
        return values
    chosen = np.random.Generator(np.random.Philox(key=0x50E)).random(len(values), np.float32)
    return values[chosen < most / len(values)]
