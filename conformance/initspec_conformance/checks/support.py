"""The ends of the law: nothing beyond them, and the outermost values where they belong."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from initspec_conformance import rates
from initspec_conformance.batch import Batch
from initspec_conformance.checks.base import DEFAULT, Accumulator, Check, Evidence, fact
from initspec_conformance.laws import EntryLaw
from initspec_conformance.rates import MISS, Rates
from initspec_conformance.readings import Rounded
from initspec_conformance.target import Target


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
    null = "deterministic: every value in [low, high] (1 + 4 u)"
    unit = "of the width"
    families = ("iid",)

    def applies(self, target: Target) -> bool:
        return super().applies(target) and target.law is not None and bool(_width(target))

    def start(self, target: Target) -> Accumulator:
        return _Support(target)

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        # Wider by w, a law with the density f at its ends puts about 2 w (high - low) f beyond.
        return -math.log(MISS) / n / _end_mass(target)


class _Support(_Ends):
    def evidence(self) -> Evidence:
        law = self.target.law
        assert law is not None
        slack = 4 * self.target.unit * max(abs(law.low), abs(law.high))
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
    because rounded generators do touch their ends. In 16 bits a value stands for its cell: too far
    is judged by the cell's nearer edge, too near by the other, so that both p-values hold.
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
        p_value = rates.bonferroni(min(p_values), len(p_values))
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
        low, high = (self.low, self.low), (self.high, self.high)
        if isinstance(reading, Rounded):
            low, high = reading.cell(self.low), reading.cell(self.high)
        mirror = _mirror(self.target)
        below = [float(law.cdf(np.array([edge]))[0]) for edge in low]
        above = [float(mirror.cdf(-np.array([edge]))[0]) for edge in high]
        return (below[0], above[1]), (below[1], above[0])


def _mirror(target: Target) -> EntryLaw:
    law = target.law
    assert law is not None
    return replace(law, mean=-law.mean, ends=(-law.ends[1], -law.ends[0]))


def _width(target: Target) -> float:
    """Return the width of the support, 0 where it has no two ends."""
    assert target.law is not None
    low, high = target.law.ends
    return high - low if math.isfinite(high - low) else 0.0


def _end_mass(target: Target) -> float:
    """Return the mass beyond the ends for each share w that a law is too wide, at w = 0."""
    law = target.law
    assert law is not None
    step = 1e-6
    wide = law.frozen.pdf(np.array([law.low, law.high]) * (1 - step) + step * law.mean)
    reach = np.abs(np.array([law.low, law.high]) - law.mean)
    return float(wide @ reach)
