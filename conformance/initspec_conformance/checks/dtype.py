"""The dtype is used for what it can hold: rounded once, to nearest, with all of its bits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from initspec_conformance.checks.base import (
    DEFAULT,
    Check,
    Evidence,
    Sums,
    deterministic,
)
from initspec_conformance.checks.batch import MOST, Batch
from initspec_conformance.checks.coincidence import coincidence
from initspec_conformance.checks.duplicates import pairs_of_equal
from initspec_conformance.expected.arrays import Array, Values
from initspec_conformance.expected.expected import Expected
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates


class Distinct(Check):
    """float16 and bfloat16 take as many of their values as the law reaches."""

    name = "distinct"
    group = "dtype"
    asserts = "as many distinct values occur as the rounded law gives"
    null = "sum_i (1 - (1 - p_i)^n) cells are hit, with the variance of independent cells"
    unit = "of the distinct values"

    def applies(self, expected: Expected) -> bool:
        return super().applies(expected) and expected.narrow

    def measure(self, batch: Batch) -> NDArray[np.int64]:
        return batch.counts

    def evidence(self, state: NDArray[np.int64], expected: Expected) -> Evidence:
        n = int(state.sum())
        hit = _hit(expected, n)
        mean = float(hit.sum())
        seen = int((state > 0).sum())
        z = (seen - mean) / math.sqrt(max(float((hit * (1 - hit)).sum()), 1.0))
        message = f"{seen} distinct values among {n} where {mean:.1f} are expected, z = {z:+.1f}"
        return Evidence(z, _of_hits(seen, hit), n, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        hit = _hit(expected, n)
        deviation = math.sqrt(float((hit * (1 - hit)).sum()))
        # Chernoff's bound exp(-z^2 / 2) stands for the normal tail.
        limit = math.sqrt(2 * math.log(2 / levels.first))
        return (
            (limit + error_rates.upper(error_rates.MISS)) * max(deviation, 1.0) / float(hit.sum())
        )


def _hit(expected: Expected, n: int) -> Values:
    """Return for each cell the chance that one of n values lies in it."""
    masses = expected.rounded.masses
    return np.asarray(-np.expm1(n * np.log1p(-np.clip(masses, 0, 1 - 1e-12))))


def _of_hits(seen: int, hit: Values) -> float:
    """Return the two-sided p-value of a number of cells hit, by Chernoff's bound.

    Whether cells are hit is negatively associated, so the bound of independent cells holds:
    Dubhashi & Ranjan (1998). The count is not normal where few cells are in doubt.
    """
    tiny = 1e-16
    seen -= int((hit > 1 - tiny).sum())
    odds = hit[(hit > tiny) & (hit <= 1 - tiny)]  # the others are certain

    against = (1 - odds) / odds

    def slope(t: float) -> float:
        return seen - float((1 / (1 + against * math.exp(-t))).sum())

    if not 0 <= seen <= len(odds):
        return 0.0  # a certain cell was missed, or an impossible one hit
    if seen in (0, len(odds)):  # the bound is reached there, at an infinite t
        return min(1.0, 2 * math.exp(float(np.log(odds if seen else 1 - odds).sum())))
    t = float(optimize.brentq(slope, -60, 60))
    gain = t * seen - float(np.log1p(odds * math.expm1(t)).sum())
    return min(1.0, 2 * math.exp(-max(gain, 0.0)))


class Binades(Check):
    """Powers of two occur as often as rounding to nearest makes them occur.

    Below a power of two the spacing is half of that above, so its cell is lopsided: a quarter of a
    step below, half a step above. Rounding toward zero makes it a third larger, and hardly changes
    any other.
    """

    name = "binades"
    group = "dtype"
    asserts = "values are powers of two as often as rounding to nearest makes them so"
    null = "the count of powers of two ~ Binomial(n, q), q the mass of their cells"
    unit = "of the powers of two"

    def applies(self, expected: Expected) -> bool:
        return super().applies(expected) and expected.narrow and 0 < _powers(expected)[1] < 0.5

    def measure(self, batch: Batch) -> Sums:
        cells, _ = _powers(batch.expected)
        return Sums((int(batch.counts[cells].sum()), int(batch.counts.sum())))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        count, n = state
        _, share = _powers(expected)
        mean = n * share
        z = (count - mean) / math.sqrt(mean * (1 - share))
        message = f"{count} of {n} values are powers of two where {mean:.1f} belong"
        return Evidence(z, error_rates.of_binomial(count, n, share), n, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        return error_rates.least_excess(n, _powers(expected)[1], levels.first / 2)


def _powers(expected: Expected) -> tuple[NDArray[np.int64], float]:
    """Return the cells of the powers of two, and their mass."""
    rounded = expected.rounded
    cells = np.flatnonzero(np.abs(np.frexp(rounded.values)[0]) == 0.5)
    return cells, float(rounded.masses[cells].sum())


COARSE = 16
"""How many times coarser than any right generator values may be."""


class Lattice(Check):
    """Values are not coarser than 18 bits: neither bytes nor 16-bit floats, converted."""

    name = "lattice"
    group = "dtype"
    asserts = "float32 and float64 values lie on no coarse lattice"
    null = "pairs of equal |x| among n ~ Poisson of at most 16 times their number on 22 bits"
    unit = "of the pairs are equal"

    def applies(self, expected: Expected) -> bool:
        return super().applies(expected) and not expected.narrow

    def measure(self, batch: Batch) -> list[Array]:
        return [batch.ordered] if batch.first == 0 else []

    def evidence(self, state: list[Array], expected: Expected) -> Evidence:
        (ordered,) = state
        n, pairs = len(ordered), pairs_of_equal(ordered)
        limit = COARSE * coincidence(expected) * math.comb(n, 2)
        p_value = float(special.pdtrc(pairs - 1, limit)) if pairs else 1.0
        message = f"{pairs} pairs of equal sizes among {n} values; {limit / COARSE:.3g} are many"
        return Evidence(float(pairs), p_value, n, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        pairs = math.comb(min(n, MOST), 2)
        limit = float(stats.poisson.isf(levels.first, COARSE * coincidence(expected) * pairs))
        return float(special.gammainccinv(limit + 1, error_rates.MISS)) / max(pairs, 1)


class FullWidth(Check):
    """float64 draws are not float32 draws, converted, nor is a part of them.

    A random float64 is a float32 number with a probability of 2^-29.
    """

    name = "full_width"
    group = "dtype"
    asserts = "float64 values carry more than 24 bits"
    null = "deterministic: float32 numbers ~ Poisson of at most n 2^-24, to 2^-60"

    def applies(self, expected: Expected) -> bool:
        return super().applies(expected) and expected.dtype == "float64"

    def measure(self, batch: Batch) -> Sums:
        x = batch.entries
        return Sums((int((x.astype(np.float32) == x).sum()), x.size))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        narrow, n = state
        message = f"{narrow} of {n} float64 values are float32 numbers"
        chance = float(special.pdtrc(narrow - 1, n * 2.0**-24)) if narrow else 1.0
        return deterministic(narrow if chance < 2.0**-60 else 0, n, message)
