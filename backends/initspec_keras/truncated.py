"""The standard normal between two bounds, by the inverse of its cdf.

`keras.random.truncated_normal` has only the bounds -2 and 2, and on torch a few of its values in
a million lie outside them (https://github.com/keras-team/keras/blob/v3.15.1/keras/src/backend/torch/random.py).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import keras
import numpy as np
from numpy.polynomial import Polynomial, chebyshev

_TAIL = 1.0
"""From here on float32 inverts the log of the survival function instead of erf."""

_DEGREE = 12
"""Of the polynomial below: its error is under 3e-8 from _TAIL on, half a float32 ulp at 1."""

_LONGEST = 16.0
"""The largest -log(1 - u) of a float32 uniform u with 23 bits."""

_FAR = 40.0  # beyond lies no float64 normal


def truncated_standard_normal(
    shape: tuple[int, ...], dtype: str, lower: float, upper: float, seed: Any
) -> Any:
    """Return independent N(0, 1) values of `shape`, conditioned on [lower, upper].

    Args:
        shape: the shape.
        dtype: float32 or float64.
        lower: lower bound, in standard deviations.
        upper: upper bound, above `lower`.
        seed: a `keras.random.SeedGenerator`.
    """
    if dtype == "float32" and upper <= -_TAIL:
        return -truncated_standard_normal(shape, dtype, -upper, -lower, seed)
    lower, upper = max(lower, -_FAR), min(upper, _FAR)
    in_tail = dtype == "float32" and lower >= _TAIL
    invert = _by_survival if in_tail else _by_erf
    return keras.ops.clip(invert(shape, dtype, lower, upper, seed), lower, upper)


def _by_erf(shape: tuple[int, ...], dtype: str, lower: float, upper: float, seed: Any) -> Any:
    """Return sqrt(2) * erfinv of a uniform between erf(lower / sqrt 2) and erf(upper / sqrt 2)."""
    ops = keras.ops
    edge = 1.0 - float(np.finfo(dtype).epsneg)  # erfinv(1) is infinite
    low = max(math.erf(lower / math.sqrt(2)), -edge)
    high = min(math.erf(upper / math.sqrt(2)), edge)
    u = keras.random.uniform(shape, 0.0, 1.0, dtype=dtype, seed=seed) * (high - low) + low
    # TensorFlow goes through (u + 1) / 2, which is exact for negative u and rounds to 1 near 1.
    y = ops.erfinv(-ops.abs(u)) * math.sqrt(2)
    return ops.where(u < 0, y, -y)


def _by_survival(shape: tuple[int, ...], dtype: str, lower: float, upper: float, seed: Any) -> Any:
    """Return the y with Q(y) = Q(lower) * exp(-t), t a truncated exponential and Q = 1 - Phi.

    1 - Phi(5) is 5 float32 ulps of 1, so erf resolves nothing there, but t keeps its precision.
    As a function of w = sqrt(t + offset) - sqrt(offset), y is nearly a straight line.
    """
    ops = keras.ops
    offset, widest, coefficients, share = _tail(lower, upper)
    u = keras.random.uniform(shape, 0.0, 1.0, dtype=dtype, seed=seed)
    t = -ops.log1p(u * -share)
    # The difference of the roots without its cancellation, for bounds that lie close together.
    w = t / (ops.sqrt(t + offset) + math.sqrt(offset))
    x = w * (2 / widest) - 1.0
    y = x * coefficients[-1] + coefficients[-2]
    for coefficient in coefficients[-3::-1]:
        y = y * x + coefficient
    return y + lower


@lru_cache(maxsize=256)
def _tail(lower: float, upper: float) -> tuple[float, float, tuple[float, ...], float]:
    """Return what `_by_survival` needs: offset, largest w, polynomial of y - lower, and mass.

    The mass is that of [lower, upper] as a share of [lower, inf).
    """
    longest = _log_survival(lower) - _log_survival(upper)
    offset = 1.0 + lower**2 / 2
    t = min(longest, _LONGEST)
    widest = t / (math.sqrt(offset + t) + math.sqrt(offset))
    nodes = chebyshev.chebpts1(_DEGREE + 1)
    w = widest * (nodes + 1) / 2
    values = [_inverse(lower, t) - lower for t in w * (w + 2 * math.sqrt(offset))]
    fit = chebyshev.Chebyshev(chebyshev.chebfit(nodes, values, _DEGREE))
    polynomial = fit.convert(kind=Polynomial).coef
    return offset, widest, tuple(map(float, polynomial)), -math.expm1(-longest)


def _inverse(lower: float, t: float) -> float:
    """Return the y >= lower with log Q(y) = log Q(lower) - t, by bisection."""
    target = _log_survival(lower) - t
    low, high = lower, lower + 1
    while _log_survival(high) > target:
        high += 1
    for _ in range(60):
        between = (low + high) / 2
        low, high = (between, high) if _log_survival(between) > target else (low, between)
    return (low + high) / 2


def _log_survival(x: float) -> float:
    """Return log P(Z > x), x >= 0; beyond 37 its leading term, for erfc underflows."""
    if x > 37:
        return -x * x / 2 - math.log(x * math.sqrt(2 * math.pi))
    return math.log(math.erfc(x / math.sqrt(2)) / 2)
