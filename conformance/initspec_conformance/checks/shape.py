"""The shape of the law: eight Legendre moments for power, a Kolmogorov distance for anything."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from initspec_conformance.checks.base import DEFAULT, Check, Evidence
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.arrays import Values
from initspec_conformance.expected.expected import Expected
from initspec_conformance.expected.laws import EntryLaw
from initspec_conformance.expected.rounding import Continuous, Rounding
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import MISS, Rates

Counts = NDArray[np.int64]

DEGREES = 8

EQUAL = Continuous(EntryLaw("normal", 0.0, 1.0))
"""The cells of float32 and float64: of equal masses, whatever the law."""


@lru_cache(maxsize=32)
def _polynomials(rounding: Rounding) -> tuple[Values, Values]:
    """Return the Legendre polynomials at the cells' places, standardised, and their skewness."""
    masses = np.diff(rounding.upto, prepend=0.0)
    rows = np.array(legendre.legvander(2 * rounding.places - 1, DEGREES).T[1:], np.float64)
    rows -= (rows @ masses)[:, None]
    rows /= np.sqrt(rows**2 @ masses)[:, None]
    return rows, rows * rows**2 @ masses  # NumPy's rows**3 takes ten times as long


class Counted(Check):
    """A statistic of how many values lie in each cell."""

    group = "shape"

    def measure(self, batch: Batch) -> Counts:
        return batch.counts


class Legendre(Counted):
    """Smooth departures from the law: Neyman's (1937) smooth test, degree by degree."""

    name = "legendre"
    asserts = "U = F(x) is uniform in its first eight Legendre moments"
    null = "T_k = n^-1/2 sum sqrt(2k+1) P_k(2 U - 1) ~ N(0, 1), k = 1..8, the largest of them"
    unit = "E[sqrt(2k+1) P_k(2 U - 1)]"

    def evidence(self, state: Counts, expected: Expected) -> Evidence:
        rounding = expected.rounding
        rows, skewness = _polynomials(EQUAL if isinstance(rounding, Continuous) else rounding)
        n = int(state.sum())
        t = rows @ state.astype(np.float64) / math.sqrt(n)  # a BLAS has no product with integers
        p_values = error_rates.of_skewed(t, skewness / math.sqrt(n))
        worst = int(np.argmin(p_values))
        p_value = error_rates.bonferroni(float(p_values[worst]), DEGREES)
        names = ("location", "scale", "skewness", "kurtosis")
        hint = f", a matter of {names[worst]}" if worst < len(names) else ""
        message = f"Legendre moment {worst + 1} of U is {t[worst]:+.2f} standard errors off{hint}"
        return Evidence(float(t[worst]), p_value, n, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        return error_rates.reach(levels, DEGREES) / math.sqrt(n)


class Distance(Counted):
    """Any departure: the Kolmogorov distance under the bound of Massart (1990)."""

    name = "distance"
    asserts = "the empirical distribution function is nowhere far from the law's"
    null = "P(D > d) <= 2 exp(-2 n d^2), D taken at the edges of 2^16 cells"
    unit = "in the cdf"

    def evidence(self, state: Counts, expected: Expected) -> Evidence:
        n, upto = int(state.sum()), expected.rounding.upto
        # Over empty cells the law's function alone grows: D is at a filled one, or just before it.
        ends = state != 0
        ends[:-1] |= ends[1:]
        ends[-1] = True
        cells = np.flatnonzero(ends)
        distances = np.abs(np.cumsum(state[cells]) / n - upto[cells])
        largest = int(np.argmax(distances))
        worst, distance = cells[largest], float(distances[largest])
        p_value = min(1.0, 2 * math.exp(-2 * n * distance**2))
        message = (
            f"P(x <= quantile {upto[worst]:.4f}) is off by {distance:.5f}, "
            f"{distance * math.sqrt(n):.2f} / sqrt(n)"
        )
        return Evidence(distance, p_value, n, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        # D is seen where it exceeds the limit by more than the same bound at the miss rate.
        return (
            math.sqrt(math.log(2 / levels.first) / 2) + math.sqrt(math.log(2 / MISS) / 2)
        ) / math.sqrt(n)


SHARES = (1e-2, 1e-3, 1e-4)


class Tails(Counted):
    """How many values lie in the outermost 1e-2, 1e-3 and 1e-4 of either side."""

    name = "tails"
    asserts = "the tails hold as many values as the law says"
    null = "the count beyond a cell's edge ~ Binomial(n, q), q = 1e-2, 1e-3, 1e-4, both sides"
    unit = "of the tail beyond 1e-3"

    def evidence(self, state: Counts, expected: Expected) -> Evidence:
        n, upto = int(state.sum()), expected.rounding.upto
        worst = (1.0, "every tail is empty in this dtype", 0.0)
        for share in SHARES:
            low = int(np.searchsorted(upto, share))
            high = int(np.searchsorted(upto, 1 - share))
            for side, count, q in (
                ("lowest", int(state[: low + 1].sum()), float(upto[low])),
                ("highest", int(state[high + 1 :].sum()), float(1 - upto[high])),
            ):
                if not 0 < q < 0.5:
                    continue
                p_value = error_rates.of_binomial(count, n, q)
                if p_value <= worst[0]:
                    text = f"{count} values in the {side} {q:.3g} where {n * q:.1f} belong"
                    worst = (p_value, text, (count - n * q) / math.sqrt(n * q * (1 - q)))
        p_value = error_rates.bonferroni(worst[0], 2 * len(SHARES))
        return Evidence(worst[2], p_value, n, worst[1])

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        return error_rates.least_excess(n, SHARES[1], levels.first / (4 * len(SHARES)))
