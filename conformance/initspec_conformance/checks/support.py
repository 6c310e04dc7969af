"""The ends of the law: nothing beyond them, and the outermost values where they belong."""

from __future__ import annotations

import math

import numpy as np

from initspec.dtypes import FLOATS
from initspec_conformance.checks.base import DEFAULT, Accumulator, Check, Evidence, fact
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.precision import ends_inside
from initspec_conformance.expected.target import Target
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import MISS, Rates


class _Ends(Accumulator):
    """The outermost values seen."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.low, self.high, self.n = math.inf, -math.inf, 0

    def add(self, batch: Batch) -> None:
        self.low = min(self.low, float(batch.entries.min()))
        self.high = max(self.high, float(batch.entries.max()))
        self.n += batch.entries.size


class Support(Check):
    """No value lies beyond the bounds."""

    name = "support"
    asserts = "no value lies beyond the bounds, rounding aside: 4 units in the last place"
    null = "deterministic: every value in [low, high] (1 + 4 u), or half a subnormal beyond"
    unit = "of the width"
    families = ("iid",)

    def applies(self, target: Target) -> bool:
        return super().applies(target) and target.law is not None and bool(_width(target))

    def start(self, target: Target) -> Accumulator:
        return _Support(target)

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        # Wider by w, a law with the density f at its ends puts about 2 w (high - low) f beyond.
        mass = _end_mass(target)
        return -math.log(MISS) / n / mass if mass else math.inf


class _Support(_Ends):
    def evidence(self) -> Evidence:
        law = self.target.law
        assert law is not None
        slack = 4 * self.target.unit * max(abs(law.low), abs(law.high))
        slack += FLOATS[self.target.dtype].smallest / 2
        beyond = [
            value
            for value in (self.low, self.high)
            if not law.low - slack <= value <= law.high + slack
        ]
        message = (
            f"values from {self.low:.8g} to {self.high:.8g} where [{law.low:.8g}, {law.high:.8g}] "
            "is the support"
        )
        return fact(len(beyond), self.n, message)


class Extremes(Check):
    """The outermost values are where the outermost of n draws belong.

    Beyond the end of a bounded law is the business of `support`: there only too near is judged,
    because rounded generators do touch their ends; and others keep some spacings within. Where a
    value stands for its cell, too far is judged by the cell's nearer edge, too near by the other,
    so that both p-values hold.
    """

    name = "extremes"
    asserts = "the largest and the smallest of n values lie where those of the law do"
    null = "F(max)^n ~ U(0, 1), and 1 - F(min) likewise"
    unit = "of the mass"

    def start(self, target: Target) -> Accumulator:
        return _Extremes(target)

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        return -math.log(levels.first / 4) / n


class _Extremes(_Ends):
    def evidence(self) -> Evidence:
        beyond, reached = self._tails()
        # P(no value further out than the one seen) = (1 - tail)^n; tails keep small numbers.
        p_values = [math.exp(self.n * math.log1p(-min(tail, 1 - 1e-16))) for tail in beyond]
        if not _width(self.target):
            p_values += [-math.expm1(self.n * math.log1p(-min(t, 1 - 1e-16))) for t in reached]
        p_value = error_rates.bonferroni(min(p_values), len(p_values))
        message = (
            f"from {self.low:.6g} to {self.high:.6g}, beyond which the law has masses of "
            f"{beyond[0]:.2g} and {beyond[1]:.2g}: {self.n * beyond[0]:.2g} and "
            f"{self.n * beyond[1]:.2g} values of {self.n} were to be expected there"
        )
        return Evidence(max(beyond) * self.n, p_value, self.n, message)

    def _tails(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the masses below the lowest and above the highest value: without it, and with."""
        law, reading = self.target.law, self.target.reading
        assert law is not None
        low, high = np.array([self.low]), np.array([self.high])
        below = [float(law.cdf(low, shift)[0]) for shift in reading.reach(self.low)]
        above = [float(law.mirror.cdf(-high, -shift)[0]) for shift in reading.reach(self.high)]
        left_out = ends_inside(self.target)
        beyond = max(below[0] - left_out[0], 0.0), max(above[1] - left_out[1], 0.0)
        return beyond, (below[1], above[0])


def _width(target: Target) -> float:
    """Return the width of the support, 0 where it has no two ends."""
    assert target.law is not None
    low, high = target.law.ends
    return high - low if math.isfinite(high - low) else 0.0


def _end_mass(target: Target) -> float:
    """Return the mass beyond the ends for each share w that a law is too wide, at w = 0."""
    law = target.law
    assert law is not None
    inward = 1e-6 * (law.high - law.low)
    wide = law.frozen.pdf(np.array([law.low + inward, law.high - inward]))
    reach = np.abs(np.array([law.low, law.high]) - law.mean)
    return float(wide @ reach)
