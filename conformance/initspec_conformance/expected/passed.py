"""The law of f(X) for an increasing f, by the change of variables alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import integrate

from initspec_conformance.expected.arrays import Values

_FAR = 12.0
"""How many standard deviations of an unbounded X are integrated over: beyond lies 4e-33."""


class _Function(NamedTuple):
    """An increasing function, its inverse, and the derivative of that."""

    of: Callable[[Values], Values]
    inverse: Callable[[Values], Values]
    slope: Callable[[Values], Values]


def _softplus(y: Values) -> Values:
    return np.asarray(np.maximum(y, 0.0) + np.log1p(np.exp(-np.abs(y))))


_FUNCTIONS = {
    "exp": _Function(np.exp, np.log, lambda y: 1 / y),
    "log": _Function(np.log, np.exp, np.exp),
    "inverse_softplus": _Function(
        lambda x: x + np.log(-np.expm1(-x)), _softplus, lambda y: 1 / (1 + np.exp(-y))
    ),
}


@dataclass(frozen=True)
class Passed:
    """What this suite uses of a distribution of SciPy, of f(X).

    Attributes:
        parent: the law of X, an `EntryLaw`.
        through: the name of f.
    """

    parent: Any
    through: str

    def support(self) -> tuple[float, float]:
        """Return the ends."""
        low, high = self._of(self.parent.low), self._of(self.parent.high)
        return float(low), float(high)

    def cdf(self, y: Values) -> Values:
        """Return P(f(X) <= y)."""
        return np.asarray(self.parent.cdf(self._inverse(y)))

    def sf(self, y: Values) -> Values:
        """Return P(f(X) > y)."""
        return np.asarray(self.parent.sf(self._inverse(y)))

    def pdf(self, y: Values) -> Values:
        """Return the density at y."""
        low, high = self.support()
        y = np.asarray(y, np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            density = self.parent.frozen.pdf(self._inverse(y)) * _FUNCTIONS[self.through].slope(y)
        return np.where((y >= low) & (y <= high) & np.isfinite(density), density, 0.0)

    def ppf(self, q: Values) -> Values:
        """Return the y with P(f(X) <= y) = q."""
        return np.asarray(self._of(self.parent.frozen.ppf(q)))

    def rvs(self, size: Any = 1, random_state: Any = None) -> Values:
        """Return draws."""
        return self.ppf(np.random.default_rng(random_state).random(size))

    def mean(self) -> float:
        """Return the mean."""
        return self._expectation(lambda y: y)

    def std(self) -> float:
        """Return the standard deviation."""
        mean = self.mean()
        return math.sqrt(self._expectation(lambda y: (y - mean) ** 2))

    def central(self, order: int) -> float:
        """Return E (Y - E Y)^order / sd^order."""
        mean, std = self.mean(), self.std()
        return self._expectation(lambda y: ((y - mean) / std) ** order)

    def _of(self, x: Any) -> Any:
        with np.errstate(divide="ignore"):
            return _FUNCTIONS[self.through].of(np.asarray(x, np.float64))

    def _inverse(self, y: Values) -> Values:
        with np.errstate(divide="ignore", over="ignore"):
            return _FUNCTIONS[self.through].inverse(np.clip(y, *self.support()))

    def _expectation(self, function: Callable[[float], float]) -> float:
        mean, std, _ = self.parent.moments()
        # The sixth moment of exp(X) has its mass up to six variances above that of X.
        low = max(self.parent.low, mean - _FAR * std)
        high = min(self.parent.high, mean + _FAR * std + 6 * std * std)
        density, of = self.parent.frozen.pdf, self._of
        # Where it is 0, as an odd moment may be, its size is that of the function.
        size = abs(function(float(of(min(mean + std, high)))))
        value, *_ = integrate.quad(
            lambda x: function(float(of(x))) * density(x),
            low,
            high,
            epsabs=1e-12 * size,
            epsrel=1e-11,
            limit=400,
        )
        return float(value)
