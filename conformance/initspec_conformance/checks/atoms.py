"""Single values that occur too often: what is left of an error that was swallowed."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from initspec_conformance.checks.base import DEFAULT, Accumulator, Check, Evidence
from initspec_conformance.checks.batch import MOST, Batch
from initspec_conformance.checks.coincidence import LATTICES, Ordered, coincidence
from initspec_conformance.expected.arrays import Array, Values
from initspec_conformance.expected.rounding import Spread
from initspec_conformance.expected.target import Target
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates

SLACK = 16
"""How many times likelier than on a right generator's lattice one value may be."""

SPARE = SLACK * LATTICES["float32"]
"""What a float32 lattice that is rounded may add to a cell: torch's Box-Muller gives some zeros."""
FEW = 8
"""Fewer expected values than these may well be missing."""


class Atoms(Check):
    """No single value stands out: no zeros of a failed branch, no flushed subnormals.

    float32 and float64: of n values each as likely as q, m are one with a chance of at most
    n (n q)^(m - 1) / m!, by a sum over all values. In 16 bits every value has a cell of known
    mass, but for what the lattice adds to it that was rounded; so it has in all dtypes where the
    law has few values, whose p-values are weighted by those masses: Genovese et al. (2006).
    """

    name = "atoms"
    asserts = "no single value occurs more often than the law and the dtype make it"
    null = "P(m of n values are equal) <= n (n q)^(m-1) / m!; of few, Binomial(n, p) each cell"
    unit = "of the entries, as one value"

    def start(self, target: Target) -> Accumulator:
        if target.narrow:
            return _Cells(target)
        return _FewWide(target) if isinstance(target.reading, Spread) else _Wide(target)

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        if target.narrow:
            largest = float(target.rounded.masses.max())
            level = levels.first / (2 * len(target.rounded.masses))
            seen = min(largest + SPARE, 1.0)
            return seen * (1 + error_rates.least_excess(n, seen, level)) - largest
        n = min(n, MOST)
        if isinstance(target.reading, Spread):
            largest = _mode(target)
            seen = min(largest + SLACK * LATTICES[target.dtype], 1.0)
            return (
                seen * (1 + error_rates.least_excess(n, seen, levels.first * largest / 2)) - largest
            )
        count = 2
        while _chance(count, n, SLACK * coincidence(target)) > levels.first:
            count += 1
        return float(special.pdtri(count - 1, error_rates.MISS)) / n


def _chance(count: int, n: int, q: float) -> float:
    """Return a bound of P(so many of n values are one and the same)."""
    exponent = count * math.log(n) + (count - 1) * math.log(q) - math.lgamma(count + 1)
    return math.exp(min(exponent, 0.0))


class _Runs(Ordered):
    """How often each size occurs."""

    def runs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where each size occurs for the last time, and how often it does."""
        edges = np.flatnonzero(np.append(self.ordered[1:] != self.ordered[:-1], True))
        return edges, np.diff(edges, prepend=-1)


class _Wide(_Runs):
    def __init__(self, target: Target) -> None:
        super().__init__()
        self.q = SLACK * coincidence(target)

    def evidence(self) -> Evidence:
        n = len(self.ordered)
        edges, runs = self.runs()
        worst = int(np.argmax(runs))
        count, value = int(runs[worst]), float(self.ordered[edges[worst]])
        p_value = _chance(count, n, self.q) if count > 1 else 1.0
        message = f"the size {value:.6g} occurs {count} times among {n} values"
        return Evidence(float(count), p_value, n, message)


LIGHT = 2.0**-21
"""Of a law whose std is less than 2^16 spacings no more values than its inverse are met."""


def _weight(masses: Values) -> Values:
    """Return the share of the level that each size has: they add up to 1 at most."""
    return (masses + LIGHT) / 2


def _mode(target: Target) -> float:
    """Return the mass of the likeliest value, its sign aside."""
    reading, law = target.reading, target.law
    assert isinstance(reading, Spread)
    assert law is not None
    x = np.array([*law.frozen.ppf(np.linspace(0.01, 0.99, 99)), law.moments()[0]])
    return float(_masses(reading, x.astype(target.numpy_dtype)).max())


def _masses(reading: Spread, sizes: Array) -> Values:
    """Return the probability of each absolute value."""
    mirrored = np.where(sizes != 0, reading.masses_of(-sizes), 0.0)
    return np.minimum(reading.masses_of(sizes) + mirrored, 1.0)


class _FewWide(_Runs):
    def __init__(self, target: Target) -> None:
        super().__init__()
        assert isinstance(target.reading, Spread)
        self.reading, self.spare = target.reading, SLACK * LATTICES[target.dtype]

    def evidence(self) -> Evidence:
        n = len(self.ordered)
        edges, runs = self.runs()
        masses = _masses(self.reading, self.ordered[edges])
        high = special.bdtrc(runs - 1, n, np.minimum(masses + self.spare, 1.0))
        p_values = np.where(runs > 1, high / _weight(masses), 1.0)
        worst = int(np.argmin(p_values))
        count, expected = int(runs[worst]), n * float(masses[worst])
        message = (
            f"the size {float(self.ordered[edges[worst]]):.9g} occurs {count} times among {n} "
            f"where {expected:.4g} belong"
        )
        z = (count - expected) / math.sqrt(max(expected * (1 - float(masses[worst])), 1e-300))
        return Evidence(z, min(1.0, float(p_values[worst])), n, message)


class _Cells(Accumulator):
    def __init__(self, target: Target) -> None:
        self.reading = reading = target.rounded
        self.counts = np.zeros(len(reading.masses), np.int64)

    def add(self, batch: Batch) -> None:
        self.counts += batch.patterns

    def evidence(self) -> Evidence:
        n, masses = int(self.counts.sum()), self.reading.masses
        # A cell that is not met says nothing unless many were to be expected in it.
        told = np.flatnonzero((self.counts > 0) | (n * masses > FEW))
        counts, chances = self.counts[told], masses[told]
        high = special.bdtrc(np.maximum(counts - 1, 0), n, np.minimum(chances + SPARE, 1.0))
        low = special.bdtr(counts, n, np.maximum(chances - SPARE, 0.0))
        both = np.where(counts > 0, np.minimum(high, low), low)
        worst = int(told[np.argmin(both)])
        value, count = self.reading.values[worst], int(self.counts[worst])
        p_value = error_rates.bonferroni(float(both.min()), 2 * len(masses))
        expected = n * float(masses[worst])
        message = (
            f"the value {value:.6g} occurs {count} times among {n} where {expected:.4g} belong"
        )
        z = (count - expected) / math.sqrt(max(expected * (1 - masses[worst]), 1e-300))
        return Evidence(float(z), p_value, n, message)
