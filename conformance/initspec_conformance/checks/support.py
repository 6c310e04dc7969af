"""The ends of the law: nothing beyond them, and the outermost values where they belong."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from initspec.dtypes import FLOATS
from initspec_conformance.checks.base import DEFAULT, Check, Evidence, deterministic
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.expected import Expected
from initspec_conformance.expected.rounding import spacings_of
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import MISS, Rates


@dataclass(frozen=True)
class Ends:
    """The outermost of n values."""

    low: float
    high: float
    n: int

    def __add__(self, other: Ends) -> Ends:
        return Ends(min(self.low, other.low), max(self.high, other.high), self.n + other.n)


class Outermost(Check):
    """A property of the outermost values."""

    group = "support and extremes"

    def measure(self, batch: Batch) -> Ends:
        entries = batch.entries
        return Ends(float(entries.min()), float(entries.max()), entries.size)


class Support(Outermost):
    """No value lies beyond the bounds."""

    name = "support"
    asserts = "no value lies beyond the bounds, rounding aside: 4 units in the last place"
    null = "deterministic: every value in [low, high] (1 + 4 u), or half a subnormal beyond"
    unit = "of the width"
    families = ("iid",)

    def applies(self, expected: Expected) -> bool:
        return super().applies(expected) and expected.law is not None and bool(expected.law.width)

    def evidence(self, state: Ends, expected: Expected) -> Evidence:
        law = expected.law
        assert law is not None
        slack = 4 * expected.unit * max(abs(law.low), abs(law.high))
        slack += FLOATS[expected.dtype].smallest / 2
        beyond = [
            value
            for value in (state.low, state.high)
            if not law.low - slack <= value <= law.high + slack
        ]
        message = (
            f"values from {state.low:.8g} to {state.high:.8g} where "
            f"[{law.low:.8g}, {law.high:.8g}] is the support"
        )
        return deterministic(len(beyond), state.n, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        # Wider by w, a law with the density f at its ends puts about 2 w (high - low) f beyond.
        mass = _end_mass(expected)
        return -math.log(MISS) / n / mass if mass else math.inf


INSIDE = 2
"""By how many spacings generators move the ends of a bounded law, to keep within them."""


class Extremes(Outermost):
    """The outermost values are where the outermost of n draws belong.

    Values beyond the end of a bounded law are judged by `support`: here only those too near are,
    because rounded generators do touch their ends; and others keep some spacings within. Where a
    value stands for its cell, too far is judged by the cell's nearer edge, too near by the other,
    so that both p-values hold.
    """

    name = "extremes"
    asserts = "the largest and the smallest of n values lie where those of the law do"
    null = "F(max)^n ~ U(0, 1), and 1 - F(min) likewise"
    unit = "of the mass"

    def evidence(self, state: Ends, expected: Expected) -> Evidence:
        law, rounding, n = expected.law, expected.rounding, state.n
        assert law is not None
        low, high = np.array([state.low]), np.array([state.high])
        # The masses below the lowest and above the highest value: without it, and with it.
        below = [float(law.cdf(low, shift)[0]) for shift in rounding.reach(state.low)]
        above = [float(law.sf(high, shift)[0]) for shift in rounding.reach(state.high)]
        inside = _inside(expected)
        beyond = max(below[0] - inside[0], 0.0), max(above[1] - inside[1], 0.0)
        # P(no value further out than the one seen) = (1 - tail)^n; tails keep small numbers.
        p_values = [math.exp(n * math.log1p(-min(tail, 1 - 1e-16))) for tail in beyond]
        if not law.width:
            reached = below[1], above[0]
            p_values += [-math.expm1(n * math.log1p(-min(t, 1 - 1e-16))) for t in reached]
        p_value = error_rates.bonferroni(min(p_values), len(p_values))
        message = (
            f"from {state.low:.6g} to {state.high:.6g}, beyond which the law has masses of "
            f"{beyond[0]:.2g} and {beyond[1]:.2g}: {n * beyond[0]:.2g} and "
            f"{n * beyond[1]:.2g} values of {n} were to be expected there"
        )
        return Evidence(max(beyond) * n, p_value, n, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        return -math.log(levels.first / 4) / n


def _inside(expected: Expected) -> tuple[float, float]:
    """Return the mass that generators may leave out at the lower and the upper end of a law."""
    law = expected.law
    assert law is not None
    # Generators compute in float32, or in float64 for float64.
    working = "float64" if expected.dtype == "float64" else "float32"
    step = INSIDE * law.moments()[1] / spacings_of(law, working)
    low, high = np.array([law.low]), np.array([law.high])
    return float(law.cdf(low, step)[0]), float(law.sf(high, -step)[0])


def _end_mass(expected: Expected) -> float:
    """Return the mass beyond the ends for each share w that a law is too wide, at w = 0."""
    law = expected.law
    assert law is not None
    inward = 1e-6 * (law.high - law.low)
    wide = law.frozen.pdf(np.array([law.low + inward, law.high - inward]))
    reach = np.abs(np.array([law.low, law.high]) - law.mean)
    return float(wide @ reach)
