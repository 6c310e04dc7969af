"""Monotone functions that a weight may be passed through, and the law that a law becomes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from initspec.distributions.primitives import MapPrimitives, Primitives
from initspec.errors import ActivationError, BackendError, SpecError
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


def _exp_step(low: float, d: Floats) -> Floats:
    return np.exp(low + d) * -np.expm1(-d)  # e^d - 1 may be beyond float64 where this is not


def _log_step(low: float, d: Floats) -> Floats:
    return _log1p_of(d, low)


def _softplus_step(low: float, d: Floats) -> Floats:
    # log of (e^(low + d) - 1) / (e^low - 1), by 1 - e^-x, which does not overflow
    return d + _log1p_of(math.exp(-low) * -np.expm1(-d), -math.expm1(-low))


def _log1p_of(a: Floats, b: float) -> Floats:
    """Return log(1 + a / b), also where a / b is beyond float64."""
    with np.errstate(over="ignore", divide="ignore"):
        ratio = np.asarray(a) / b
        return np.where(np.isinf(ratio), np.log(a) - math.log(b), np.log1p(ratio))


MAPS = {
    "exp": Map("exp", "exp(X)", False, np.log, _exp_step, math.exp),
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

    try:
        mean, std, kurtosis, skewness = _moments(law, through)
    except ActivationError:  # a far end that makes the moments, of a share below a float64's digits
        raise SpecError(
            f"the moments of {through.symbol}, X between {law.low:g} and {law.high:g}, are made by "
            "values too rare for float64; draws are not affected: lower the upper end of X to have "
            "them"
        ) from None
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
    wide = 0 < law.low < law.high / 2  # by ratios, which resolve what is small too
    for _ in range(64):
        middle = np.sqrt(low) * np.sqrt(high) if wide else low + (high - low) / 2
        below = law.cdf(middle) < u
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.clip(low + (high - low) / 2, law.low, law.high)


def _lognormal(law: Law) -> tuple[float, float, float, float]:
    """Return the moments of exp(X) for a normal X."""
    with np.errstate(over="ignore"):
        variance = np.square(law.std)
        power, grown = np.exp(variance), np.expm1(variance)
        mean = np.exp(law.mean + variance / 2)
        # The mean times sqrt(grown), of which one may be 0 and the other infinite.
        root = law.std if variance < 1e-20 else np.sqrt(-np.expm1(-variance))
        std = np.exp(law.mean + variance + np.log(root))
        kurtosis = power**4 + 2 * power**3 + 3 * power**2 - 3
        moments = mean, std, kurtosis, (power + 2) * np.sqrt(grown)
    mean, std, kurtosis, skewness = map(float, moments)
    return mean, std, kurtosis, skewness
