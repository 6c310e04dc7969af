"""The law of one entry of a weight: moments, support and cdf."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from initspec.numerics import gaussian

Cdf = Callable[[ArrayLike], NDArray[np.floating]]


@dataclass(frozen=True, slots=True)
class Law:
    """The law of one entry, over seeds and over the places of the weight.

    Attributes:
        mean: its mean.
        std: its standard deviation over seeds; 0 where nothing is random.
        low: the lower end of its support.
        high: the upper end of its support.
        kurtosis: the fourth central moment over std^4; nan where nothing is random.
        cdf: P(entry <= x) for an array of x; None where no closed form is given.
        skewness: the third central moment over std^3.
    """

    mean: float
    std: float
    low: float
    high: float
    kurtosis: float
    cdf: Cdf | None = None
    skewness: float = 0.0

    def affine(self, mean: float, scale: float) -> Law:
        """Return the law of mean + scale * Y, for Y of this law and scale > 0."""
        cdf = self.cdf
        return Law(
            mean + scale * self.mean,
            scale * self.std,
            mean + scale * self.low,
            mean + scale * self.high,
            self.kurtosis,
            None if cdf is None else lambda x: cdf((np.asarray(x, np.float64) - mean) / scale),
            self.skewness,
        )


NORMAL = Law(0.0, 1.0, -math.inf, math.inf, 3.0, gaussian.cdf)
"""N(0, 1)."""

_EDGE = math.sqrt(3.0)
UNIFORM = Law(
    0.0,
    1.0,
    -_EDGE,
    _EDGE,
    1.8,
    lambda y: np.clip((np.asarray(y, np.float64) / _EDGE + 1) / 2, 0.0, 1.0),
)
"""U(-sqrt 3, sqrt 3), whose variance is 1."""


def point(value: float) -> Law:
    """Return the law of the constant `value`."""
    return Law(value, 0.0, value, value, math.nan, lambda x: (np.asarray(x) >= value) * 1.0)


def mixture(laws: Sequence[Law], shares: Sequence[float]) -> Law:
    """Return the law of an entry that follows each of `laws` with the probability of its share."""
    mean = math.fsum(share * law.mean for law, share in zip(laws, shares, strict=True))
    unit = max(law.std for law in laws) or 1.0  # so that no power below underflows
    second = third = fourth = 0.0
    for law, share in zip(laws, shares, strict=True):
        off, std = (law.mean - mean) / unit, law.std / unit
        moment3, moment4 = law.skewness * std**3, law.kurtosis * std**4
        second += share * (std**2 + off**2)
        third += share * (moment3 + 3 * off * std**2 + off**3)
        fourth += share * (moment4 + 4 * off * moment3 + 6 * off**2 * std**2 + off**4)
    random = any(law.std for law in laws)
    cdfs = [law.cdf for law in laws if law.cdf is not None]

    def cdf(x: ArrayLike) -> NDArray[np.floating]:
        parts = (share * part(x) for part, share in zip(cdfs, shares, strict=True))
        return np.asarray(sum(parts), np.float64)

    return Law(
        mean,
        unit * math.sqrt(second) if random else 0.0,
        min(law.low for law in laws),
        max(law.high for law in laws),
        fourth / second**2 if random else math.nan,
        cdf if len(cdfs) == len(laws) else None,
        third / second**1.5 if random else 0.0,
    )
