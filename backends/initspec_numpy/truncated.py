"""Rejection samplers for the truncated standard normal: NumPy has no inverse of the normal cdf."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec.backend import gaussian

Floats = NDArray[Any]
_FAR = 40.0
"""No normal lies beyond, in any dtype; a bound there may be beyond float32."""

Propose = Callable[[int], Floats]


def truncated_standard_normal(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: Any, lower: float, upper: float
) -> Floats:
    """Return independent N(0, 1) values of `shape`, conditioned on [lower, upper].

    Three proposals of Robert (1995), "Simulation of truncated normal variables", sections 2.1 and
    2.2: the normal itself where enough of it lies inside, else the uniform on the interval, else
    the shifted exponential on the tail. One of them always keeps at least a quarter.
    """
    lower, upper = max(lower, -_FAR), min(upper, _FAR)
    values = np.empty(math.prod(shape), dtype)
    propose = _proposal(rng, dtype, lower, upper)
    filled = 0
    while filled < values.size:
        missing = values.size - filled
        # Blocks bound the scratch memory; the last ones are small.
        candidates = propose(min(max(missing + missing // 8, 64), 1 << 18))
        candidates = candidates[(candidates >= lower) & (candidates <= upper)][:missing]
        values[filled : filled + candidates.size] = candidates
        filled += candidates.size
    return values.reshape(shape)


def _proposal(rng: np.random.Generator, dtype: Any, lower: float, upper: float) -> Propose:
    mass = gaussian.truncated(lower, upper).mass
    if mass >= 1 / 4:
        return lambda n: rng.standard_normal(n, dtype)
    nearest = min(max(0.0, lower), upper)  # the most likely value
    peak = math.exp(-(nearest**2) / 2) / math.sqrt(2 * math.pi)
    if mass >= (upper - lower) * peak / 4:

        def uniform(n: int) -> Floats:
            x = lower + (upper - lower) * rng.random(n, dtype)
            return x[rng.random(n, dtype) <= np.exp((nearest**2 - x * x) / 2)]

        return uniform
    rate = (abs(nearest) + math.sqrt(nearest**2 + 4)) / 2

    def exponential(n: int) -> Floats:
        x = abs(nearest) + rng.standard_exponential(n, dtype) / rate
        x = x[rng.random(n, dtype) <= np.exp(-((x - rate) ** 2) / 2)]
        return np.copysign(x, nearest)

    return exponential
