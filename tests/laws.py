"""These values follow this law: the one way in which the tests say so.

Means and standard deviations lie within 5 standard errors (two-sided, false alarm 5.7e-7 each), the
distribution function within the bound of Dvoretzky, Kiefer & Wolfowitz (Massart 1990) at 1e-6. Of
2^20 values a mean that is off by 0.5 % of a std is seen, a std off by 0.35 %, a cdf off by 0.26 %.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

ALPHA = 1e-6
ERRORS = 5
EPS = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
"""The gap between 1 and the next larger value of each dtype."""

PLACES = 1 << 14
"""At how many values a distribution function is looked at: scipy's takes seconds for all."""


def assert_follows(values: np.ndarray, law: Any) -> None:
    """Hold independent values, of their own dtype, against a frozen scipy law and its support."""
    mean, variance, kurtosis = (float(x) for x in law.stats(moments="mvk"))
    # scipy's fourth moment cancels in a tail; any law here has a kurtosis below 12.
    assert_moments(values, mean, math.sqrt(variance), min(max(kurtosis + 3, 1.8), 12))
    assert_cdf(values, law.cdf)
    low, high = law.support()
    rounding = 4 * EPS[values.dtype.name]
    assert low == -math.inf or values.min() >= low - rounding * abs(low)
    assert high == math.inf or values.max() <= high + rounding * abs(high)


def assert_moments(values: np.ndarray, mean: float, std: float, kurtosis: float) -> None:
    """Hold the mean and the standard deviation of independent values against their law's."""
    wide = values.astype(np.float64)
    assert abs(wide.mean() - mean) <= ERRORS * std / math.sqrt(wide.size)
    assert abs(wide.std() - std) <= ERRORS * std * math.sqrt((kurtosis - 1) / (4 * wide.size))


def assert_cdf(values: np.ndarray, cdf: Callable[[np.ndarray], np.ndarray]) -> None:
    """Hold the distribution function of independent values against their law's, before rounding."""
    # In float64: with AVX-512, NumPy 2.4.6 leaves a million negative float16 numbers unsorted.
    wide = np.sort(values.ravel().astype(np.float64))
    own = wide.astype(values.dtype)
    last = np.flatnonzero(np.append(own[1:] != own[:-1], True))
    ranks = np.arange(0, wide.size, max(1, wide.size // PLACES))
    last = last[np.unique(np.searchsorted(last, ranks))]  # a value that is met often is not missed
    # A rounded value stands for all that is nearer to it than to its neighbours.
    above = np.nextafter(own[last], np.asarray(np.inf, own.dtype)).astype(np.float64)
    upto = cdf(np.where(np.isfinite(above), (wide[last] + above) / 2, wide[last]))
    assert np.max(np.abs((last + 1) / wide.size - upto)) <= reach(wide.size)


def reach(n: int) -> float:
    """Return how far the distribution function of n right values lies from the law's, at most."""
    return math.sqrt(math.log(2 / ALPHA) / (2 * n))
