"""How a law looks in a dtype: cells of known probability, and the place of each value in (0, 1).

float32 and float64 are treated as the continuous law. In float16 and bfloat16 rounding shows: there
each representable value is a cell of its own, whose probability is the law's mass between the
midpoints to its neighbours, and every moment is that of the rounded law. Where a check needs a
continuous law, rounding is randomised: each value is replaced by a random point of its cell, which
restores the continuous law.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import special

from initspec.dtypes import FLOATS, numpy_dtype
from initspec_conformance.expected.arrays import Array, Values
from initspec_conformance.expected.laws import EntryLaw

BINS = 1 << 16

Noise = Callable[[tuple[int, ...]], Values]
"""Gives uniform numbers in [0, 1) of a shape."""


def skewness_of(central: Sequence[float]) -> tuple[float, float]:
    """Return the skewness of y and of (y - E y)^2 from the standardised central moments of y."""
    fourth, sixth = central[4], central[6]
    return central[3], (sixth - 3 * fourth + 2) / max(fourth - 1, 1e-9) ** 1.5


class Rounding(Protocol):
    """A law as values of one dtype show it.

    Attributes:
        law: the law before rounding.
        moments: mean, standard deviation and kurtosis of a value.
        skewness: that of a value, and that of its squared distance from the mean.
        upto: P(value in a cell up to and with this one), an entry a cell.
        places: where in (0, 1) a cell's middle lies, an entry a cell.
    """

    @property
    def law(self) -> EntryLaw: ...

    @property
    def moments(self) -> tuple[float, float, float]: ...

    @property
    def skewness(self) -> tuple[float, float]: ...

    @property
    def upto(self) -> Values: ...

    @property
    def places(self) -> Values: ...

    def __hash__(self) -> int: ...

    def u(self, values: Array, noise: Noise) -> Values:
        """Return the place in (0, 1) of each value: uniform under the law.

        A rounded value is spread over its cell by `noise`, which gives uniform numbers of a shape:
        so places are exactly uniform in every dtype, however few values the law has in it.
        """

    def cells(self, values: Array, u: Values) -> NDArray[np.int64]:
        """Return the cell of each value."""

    def centred(self, values: Array) -> Values:
        """Return the values less the mean, with the moments and the skewness above."""

    def reach(self, value: float) -> tuple[float, float]:
        """Return from where to where numbers are rounded to a value, as distances from it."""

    def scores(self, values: Array, u: Values) -> Values:
        """Return normal scores, N(0, 1) under the law."""


@dataclass(frozen=True)
class Continuous:
    """float32 and float64: 2^16 cells of equal probability."""

    law: EntryLaw

    @cached_property
    def moments(self) -> tuple[float, float, float]:
        return self.law.moments()

    @cached_property
    def skewness(self) -> tuple[float, float]:
        return skewness_of([self.law.central(k) for k in range(7)])

    @cached_property
    def upto(self) -> Values:
        return np.arange(1, BINS + 1) / BINS

    @cached_property
    def places(self) -> Values:
        return (np.arange(BINS) + 0.5) / BINS

    def u(self, values: Array, noise: Noise) -> Values:
        return self.law.cdf(values.astype(np.float64))

    def cells(self, values: Array, u: Values) -> NDArray[np.int64]:
        return np.minimum((u * BINS).astype(np.int64), BINS - 1)

    def centred(self, values: Array) -> Values:
        return values.astype(np.float64) - self.moments[0]

    def reach(self, value: float) -> tuple[float, float]:
        return 0.0, 0.0

    def scores(self, values: Array, u: Values) -> Values:
        return self.law.scores(values.astype(np.float64), u)


@dataclass(frozen=True)
class Rounded:
    """float16 and bfloat16: a cell for each of the 2^16 bit patterns, in the order of values.

    Attributes:
        floored: whether a value that would round to 0 becomes the least value with its sign.
    """

    law: EntryLaw
    dtype: str
    floored: bool = False

    @cached_property
    def values(self) -> Values:
        """The value of each cell; nan for the patterns of infinities and NaN."""
        order = np.arange(BINS, dtype=np.uint16)
        pattern = np.where(order >= 1 << 15, order - (1 << 15), ~order).astype(np.uint16)
        with np.errstate(invalid="ignore"):
            values = pattern.view(numpy_dtype(FLOATS[self.dtype])).astype(np.float64)
        return np.where(np.isfinite(values), values, np.nan)

    @cached_property
    def upto(self) -> Values:
        values = self.values
        finite = np.flatnonzero(~np.isnan(values))
        edges = np.full(BINS, np.nan)
        edges[finite[:-1]] = (values[finite[:-1]] + values[finite[1:]]) / 2
        zero = 1 << 15
        edges[zero - 1] = edges[zero - 2]  # -0 is read as +0, and has a cell without mass
        if self.floored:
            edges[zero - 2 : zero + 1] = 0.0
        upto = self.law.cdf(np.nan_to_num(edges, nan=np.inf))
        upto[: finite[0]] = 0.0
        return upto

    @cached_property
    def masses(self) -> Values:
        """The probability of each cell."""
        return np.diff(self.upto, prepend=0.0)

    @cached_property
    def places(self) -> Values:
        return self.upto - self.masses / 2

    @cached_property
    def moments(self) -> tuple[float, float, float]:
        values, masses = np.nan_to_num(self.values), self.masses
        mean = float(masses @ values)
        squares = (values - mean) ** 2
        variance = float(masses @ squares)
        return mean, float(np.sqrt(variance)), float(masses @ squares**2) / variance**2

    @cached_property
    def skewness(self) -> tuple[float, float]:
        mean, std, _ = self.moments
        y = (np.nan_to_num(self.values) - mean) / std
        # Where no value can be, far out, a power may overflow: it has no mass.
        y[self.masses == 0] = 0.0
        powers = accumulate([np.ones(BINS), *[y] * 6], np.multiply)
        return skewness_of([float(self.masses @ power) for power in powers])

    def order(self, values: Array) -> NDArray[np.int64]:
        """Return the cell of each value."""
        pattern = values.view(np.uint16).astype(np.int64)
        negative = pattern > 1 << 15
        return np.where(negative, (1 << 16) - 1 - pattern, (1 << 15) | pattern)

    def centred(self, values: Array) -> Values:
        return values.astype(np.float64) - self.moments[0]

    def reach(self, value: float) -> tuple[float, float]:
        dtype = numpy_dtype(FLOATS[self.dtype])
        middle = int(self.order(np.array([value]).astype(dtype))[0])
        values = self.values
        below = middle - 1 - (middle == 1 << 15)  # past -0
        above = middle + 1 + (middle == (1 << 15) - 2)
        low = (values[below] - value) / 2 if not np.isnan(values[below]) else -np.inf
        high = (values[above] - value) / 2 if not np.isnan(values[above]) else np.inf
        if self.floored:
            least = FLOATS[self.dtype].smallest
            low, high = -value if value == least else low, -value if value == -least else high
        return float(low), float(high)

    def u(self, values: Array, noise: Noise) -> Values:
        lower, upper = self.within(values)
        return np.asarray(upper - (upper - lower) * noise(values.shape))

    def within(self, values: Array) -> tuple[Values, Values]:
        """Return P(W below the cell) and P(W below its end) for the cell of each value."""
        cells = self.order(values)
        upto, masses = self.upto[cells], self.masses[cells]
        return upto - masses, upto

    def cells(self, values: Array, u: Values) -> NDArray[np.int64]:
        return self.order(values)

    def scores(self, values: Array, u: Values) -> Values:
        return np.asarray(special.ndtri(np.clip(u, TINY, 1 - TINY)))


TINY = 2.0**-53

HALVES = ("float16", "bfloat16")
"""The dtypes of 16 bits."""


@lru_cache(maxsize=64)
def rounding_of(law: EntryLaw, dtype: str, floored: bool = False) -> Rounding:
    """Return how values of a law look in a dtype."""
    return Rounded(law, dtype, floored) if dtype in HALVES else Continuous(law)


def spacings_of(law: EntryLaw, dtype: str) -> float:
    """Return the standard deviation of a law in spacings of a dtype at its largest values.

    0 where the dtype cannot hold them.
    """
    mean, std, _ = law.moments()
    largest = max(abs(max(law.low, mean - 6 * std)), abs(min(law.high, mean + 6 * std)))
    with np.errstate(over="ignore", under="ignore"):
        value = np.array(largest).astype(numpy_dtype(FLOATS[dtype]))
    return std / float(np.spacing(value)) if np.isfinite(value) else 0.0
