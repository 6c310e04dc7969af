"""The law of one entry of a weight: moments, support and cdf."""

from __future__ import annotations

import math
from collections.abc import Callable
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
    """

    mean: float
    std: float
    low: float
    high: float
    kurtosis: float
    cdf: Cdf | None = None

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
        )


NORMAL = Law(0.0, 1.0, -math.inf, math.inf, 3.0, gaussian.cdf)
"""N(0, 1)."""


def point(value: float) -> Law:
    """Return the law of the constant `value`."""
    return Law(value, 0.0, value, value, math.nan, lambda x: (np.asarray(x) >= value) * 1.0)
