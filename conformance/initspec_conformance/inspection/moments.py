"""The numbers of a tensor, in one pass over blocks that fit into the cache."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from initspec_conformance.expected.arrays import Array, Values

BLOCK = 1 << 16
"""The elements of a block: half a MiB of float64."""

REACH = 4.0
"""How far a histogram reaches, in standard deviations."""

SAMPLE = 1 << 14
"""How many values are looked at where a few are as good as all."""


@dataclass(frozen=True)
class Moments:
    """The numbers of a tensor; those of finite values alone, where some are not.

    Attributes:
        size: the number of elements.
        bad: how many are NaN or infinite.
        zeros: how many are 0.
        low: the least value.
        high: the greatest value.
        mean: the mean.
        std: the standard deviation.
        kurtosis: the fourth central moment over the square of the variance; 3 of a normal law. NaN
            of a constant.
        dense: those of the values that are not 0: mean, standard deviation, kurtosis.
    """

    size: int
    bad: int
    zeros: int
    low: float
    high: float
    mean: float
    std: float
    kurtosis: float
    dense: tuple[float, float, float]

    @property
    def constant(self) -> bool:
        """Whether all values are the same."""
        return self.low == self.high and not self.bad


def moments_of(values: Array) -> Moments:
    """Return the numbers of floating-point values, at least one of them."""
    flat = values.reshape(-1)
    bad = zeros = 0
    low, high = math.inf, -math.inf
    shift: float | None = None
    sums = np.zeros(4)
    with np.errstate(all="ignore"):  # float64 of 1e100 overflow: their kurtosis is NaN
        for start in range(0, flat.size, BLOCK):
            block = flat[start : start + BLOCK]
            if block.dtype.itemsize < 4:
                block = block.astype(np.float32)
            least, most = float(block.min()), float(block.max())  # which NaN goes through
            if not (math.isfinite(least) and math.isfinite(most)):
                finite = block[np.isfinite(block)]
                bad += block.size - finite.size
                if not finite.size:
                    continue
                block, least, most = finite, float(finite.min()), float(finite.max())
            low, high = min(low, least), max(high, most)
            zeros += block.size - int(np.count_nonzero(block))
            x = block.astype(np.float64)
            if shift is None:  # near the mean, so that no digits are lost
                shift = float(x.mean())
            x -= shift
            square = x * x
            sums += x.sum(), square.sum(), square @ x, square @ square
        n = flat.size - bad
        at = shift or 0.0
        whole = _central(n, sums, at)
        # A zero lies at -shift.
        dense = _central(n - zeros, sums - zeros * (-at) ** np.arange(1, 5), at)
    if not n:
        low = high = math.nan
    return Moments(flat.size, bad, zeros, low, high, *whole, dense)


def _central(n: int, sums: Values, shift: float) -> tuple[float, float, float]:
    """Return mean, standard deviation and kurtosis, from the sums of powers of x - shift."""
    if not n:
        return math.nan, math.nan, math.nan
    m1, m2, m3, m4 = (sums / n).tolist()
    variance = m2 - m1 * m1
    if not variance > 1e-14 * m2:
        return m1 + shift, 0.0, math.nan
    fourth = m4 - 4 * m1 * m3 + 6 * m1 * m1 * m2 - 3 * m1**4
    return m1 + shift, math.sqrt(variance), fourth / variance**2


def sample_of(values: Array, most: int = SAMPLE) -> Values:
    """Return up to `most` finite values, from all parts."""
    flat = values.reshape(-1)
    # An odd step meets all columns of a matrix, whose widths are even.
    part = flat[:: max(flat.size // most, 1) | 1].astype(np.float64)
    return np.asarray(part[np.isfinite(part)])
