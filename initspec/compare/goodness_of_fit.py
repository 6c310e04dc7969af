"""Goodness of fit: the p-value of drawn values under a law, with NumPy alone.

Three tests, joined by Bonferroni's inequality: the mean, the variance and, for everything else, the
largest distance between the empirical and the expected cdf. Values are added in batches, so memory
does not grow with them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from initspec.dtypes import FloatType, numpy_dtype
from initspec.numerics.law import Law

_BINS = 1 << 16


class GoodnessOfFit:
    """A test whether values are independent draws of `law`, rounded to a dtype.

    Args:
        law: the expected law; it needs a cdf and a positive std.
        kind: the dtype that the values were rounded to.
    """

    def __init__(self, law: Law, kind: FloatType) -> None:
        self._law = law
        self._kind = kind
        self._count = 0
        self._sum = 0.0
        self._squares = 0.0
        self._bins = np.zeros(_BINS + 1, np.int64)
        self._cells: dict[float, int] = {}

    def add(self, values: NDArray[np.float64]) -> None:
        """Add more values."""
        centred = values - self._law.mean
        self._count += values.size
        self._sum += float(np.sum(centred))
        self._squares += float(np.dot(centred, centred))
        if self._coarse:
            for value, count in zip(*np.unique(values, return_counts=True), strict=True):
                self._cells[float(value)] = self._cells.get(float(value), 0) + int(count)
        else:
            assert self._law.cdf is not None
            # P(value in bin) is known at the edges of a bin exactly: a lower bound of the distance.
            index = np.minimum((self._law.cdf(values) * _BINS).astype(np.int64), _BINS - 1)
            self._bins += np.bincount(index + 1, minlength=_BINS + 1)

    @property
    def _step(self) -> float:
        """The largest rounding step among nearly all values, in standard deviations."""
        law = self._law
        return self._kind.eps * (abs(law.mean) + 4 * law.std) / law.std

    @property
    def _coarse(self) -> bool:
        return self._step > 1e-3

    def p_value(self) -> float:
        """Return the p-value of the hypothesis that the values follow the law."""
        if not self._count:
            return 1.0
        tests = (self._mean(), self._variance(), self._shape())
        return min(1.0, len(tests) * min(tests))

    def _mean(self) -> float:
        # A law around 0 rounds symmetrically. Another one's mean moves by at most half a step, and
        # not visibly where many steps make up a standard deviation.
        slack = self._step / 2 if self._law.mean and self._step > 1 / 4 else 0.0
        off = abs(self._sum / self._count / self._law.std)
        return _two_sided(max(off - slack, 0.0) * math.sqrt(self._count))

    def _variance(self) -> float:
        """Test the sum of squares as sigma^2 times a chi-square, exact for a normal law.

        For other laws the degrees of freedom n * 2 / (kurtosis - 1) match its variance. Wilson &
        Hilferty (1931): the cube root of a chi-square over its mean is all but normal.
        """
        freedom = self._count * 2 / (self._law.kurtosis - 1)
        ratio = self._squares / self._law.std**2 / self._count
        # Rounding by steps adds at most a quarter of their square to the variance, or takes it.
        slack = self._step**2 / 4
        ratio = max(min(ratio + slack, 1.0), ratio - slack)
        spread = 2 / (9 * freedom)
        return _two_sided((ratio ** (1 / 3) - (1 - spread)) / math.sqrt(spread))

    def _shape(self) -> float:
        """Bound the Kolmogorov distance: Massart (1990), P(D > d) <= 2 exp(-2 n d^2)."""
        distance = self._cell_distance() if self._coarse else self._bin_distance()
        return min(1.0, 2 * math.exp(-2 * self._count * distance**2))

    def _bin_distance(self) -> float:
        expected = np.arange(_BINS + 1) / _BINS
        return float(np.max(np.abs(np.cumsum(self._bins) / self._count - expected)))

    def _cell_distance(self) -> float:
        """Compare at the edges of the rounding cells: inside, a rounded law has steps."""
        assert self._law.cdf is not None
        values = np.array(sorted(self._cells))
        counts = np.array([self._cells[value] for value in values])
        narrow = values.astype(numpy_dtype(self._kind))
        above = np.nextafter(narrow, narrow.dtype.type(math.inf)).astype(np.float64)
        expected = self._law.cdf((values + above) / 2)
        return float(np.max(np.abs(np.cumsum(counts) / self._count - expected)))


def _two_sided(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))
