"""Monotone functions that a weight may be passed through, and the law that a law becomes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from initspec.distributions.primitives import MapPrimitives, Primitives
from initspec.errors import BackendError
from initspec.numerics import decimals, gaussian
from initspec.numerics.law import Law
from initspec.numerics.quadrature import expectation

Floats = NDArray[np.float64]
Function = Callable[[Floats], Floats]

_LINEAR = 1e-6
"""A support narrower than this share of its place has a law that float64 cannot tell from that of
a line; its own moments would be made of rounding."""


@dataclass(frozen=True, slots=True)
class Map:
    """An increasing function of positive or of all numbers.

    Attributes:
        name: what follows `through=`, and its name in `initspec.numerics.elementary`.
        symbol: the function of X as one writes it.
        positive: whether it takes positive numbers alone.
        inverse: the function that takes it back.
        step: from low and d to f(low + d) - f(low), to all digits where d is small.
        slope: its derivative.
    """

    name: str
    symbol: str
    positive: bool
    inverse: Function
    step: Callable[[float, Floats], Floats]
    slope: Callable[[float], float]

    def __call__(self, x: float) -> float:
        """Return the float64 nearest to f(x), the same on every machine; f of an infinity too."""
        if math.isinf(x):
            return x if x > 0 else 0.0  # below, exp alone
        return _nearest(self.name, x)


@lru_cache(maxsize=4096)
def _nearest(name: str, x: float) -> float:
    """Return f(x) by decimal digits: of one number sooner than `elementary`, and the same."""
    if name == "exp":
        x = max(-800.0, min(800.0, x))  # beyond, a float64 holds 0 or infinity
    return decimals.nearest(getattr(decimals, name), x)


def _log_step(low: float, d: Floats) -> Floats:
    return np.log1p(d / low)


def _softplus_step(low: float, d: Floats) -> Floats:
    # log of (e^(low + d) - 1) / (e^low - 1), by 1 - e^-x, which does not overflow
    return d + np.log1p(math.exp(-low) * -np.expm1(-d) / -math.expm1(-low))


MAPS = {
    "exp": Map(
        "exp", "exp(X)", False, np.log, lambda low, d: math.exp(low) * np.expm1(d), math.exp
    ),
    "log": Map("log", "log(X)", True, np.exp, _log_step, lambda x: 1 / x),
    "inverse_softplus": Map(
        "inverse_softplus",
        "log(exp(X) - 1)",
        True,
        lambda y: np.logaddexp(0.0, y),
        _softplus_step,
        lambda x: -1 / math.expm1(-x),
    ),
}
"""Every map by the name that follows `through=`."""


def mapped(draw: Primitives, through: Map, low: float, high: float) -> Primitives:
    """Return the operations whose draws pass through a map and are then kept in [low, high].

    Raises:
        BackendError: the backend has no such operations.
    """
    operations: MapPrimitives = draw  # type: ignore[assignment]
    try:
        return operations.mapped(through.name, low, high)
    except AttributeError:
        if hasattr(draw, "mapped"):
            raise
        raise BackendError(
            f"{type(draw).__name__} draws no weights through={through.name}: write its mapped(), "
            "see initspec.backend.MapPrimitives"
        ) from None


def law_of(law: Law, through: Map) -> Law:
    """Return the law of f(X), for X of a law with a cdf."""
    cdf, low, high = law.cdf, through(law.low), through(law.high)
    assert cdf is not None

    def mapped_cdf(y: ArrayLike) -> NDArray[np.floating]:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            x = through.inverse(np.clip(np.asarray(y, np.float64), low, high))
        return cdf(x)

    mean, std, kurtosis, skewness = _moments(law, through)
    return Law(mean, std, low, high, kurtosis, mapped_cdf, skewness)


def _moments(law: Law, through: Map) -> tuple[float, float, float, float]:
    """Return mean, std, kurtosis and skewness of f(X)."""
    if math.isinf(law.low):
        return _lognormal(law)
    width = law.high - law.low
    if width < _LINEAR * max(abs(law.low), abs(law.high)):
        std = law.std * through.slope(law.mean)
        return through(law.mean), std, law.kurtosis, law.skewness
    unit = float(through.step(law.low, np.asarray(width)))

    def share(z: Floats) -> Floats:
        """From a standard normal to where f(X) lies between its ends, from 0 to 1."""
        return through.step(law.low, _quantile(law, z) - law.low) / unit

    mean = expectation(share).value
    powers = [
        expectation(lambda z, n=n: (share(z) - mean) ** n).value  # type: ignore[misc]
        for n in (2, 4)
    ]
    above, below = (
        expectation(lambda z, side=side: np.maximum(side * (share(z) - mean), 0.0) ** 3).value  # type: ignore[misc]
        for side in (1.0, -1.0)
    )
    variance, fourth = powers
    std = math.sqrt(variance)
    return (
        through(law.low) + unit * mean,
        unit * std,
        fourth / variance**2,
        (above - below) / std**3,
    )


def _quantile(law: Law, z: Floats) -> Floats:
    """Return the x with P(X <= x) = P(Z <= z), Z standard normal, by bisection of the cdf."""
    assert law.cdf is not None
    u = gaussian.cdf(z)
    low, high = np.full_like(u, law.low), np.full_like(u, law.high)
    for _ in range(64):
        middle = low + (high - low) / 2
        below = law.cdf(middle) < u
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return low + (high - low) / 2


def _lognormal(law: Law) -> tuple[float, float, float, float]:
    """Return the moments of exp(X) for a normal X."""
    with np.errstate(over="ignore"):
        power, grown = np.exp(law.std**2), np.expm1(law.std**2)
        mean = np.exp(law.mean + law.std**2 / 2)
        kurtosis = power**4 + 2 * power**3 + 3 * power**2 - 3
        moments = mean, mean * np.sqrt(grown), kurtosis, (power + 2) * np.sqrt(grown)
    mean, std, kurtosis, skewness = map(float, moments)
    return mean, std, kurtosis, skewness
