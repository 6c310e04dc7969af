"""Single values that occur too often: what is left of an error that was swallowed."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from initspec_conformance import rates
from initspec_conformance.batch import MOST, Batch
from initspec_conformance.checks.base import DEFAULT, Accumulator, Check, Evidence
from initspec_conformance.checks.coincidence import LATTICES, Ordered, coincidence
from initspec_conformance.rates import Rates
from initspec_conformance.readings import Rounded
from initspec_conformance.target import Target

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
    mass, but for what the lattice adds to it that was rounded.
    """

    name = "atoms"
    asserts = "no single value occurs more often than the law and the dtype make it"
    null = "P(m of n values are equal) <= n (n q)^(m-1) / m!; in 16 bits Binomial(n, p) each cell"
    unit = "of the entries, as one value"

    def start(self, target: Target) -> Accumulator:
        return _Cells(target) if target.narrow else _Wide(target)

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        if isinstance(target.reading, Rounded):
            largest = float(target.reading.masses.max())
            level = levels.first / (2 * len(target.reading.masses))
            seen = largest + SPARE
            return seen * (1 + rates.least_excess(n, seen, level)) - largest
        n = min(n, MOST)
        count = 2
        while _chance(count, n, SLACK * coincidence(target)) > levels.first:
            count += 1
        return float(special.pdtri(count - 1, rates.MISS)) / n


def _chance(count: int, n: int, q: float) -> float:
    """Return a bound of P(so many of n values are one and the same)."""
    return min(
        1.0,
        math.exp(
            min(count * math.log(n) + (count - 1) * math.log(q), 700.0) - math.lgamma(count + 1)
        ),
    )


class _Wide(Ordered):
    def __init__(self, target: Target) -> None:
        super().__init__()
        self.q = SLACK * coincidence(target)

    def evidence(self) -> Evidence:
        n = len(self.ordered)
        edges = np.flatnonzero(np.append(self.ordered[1:] != self.ordered[:-1], True))
        runs = np.diff(edges, prepend=-1)
        worst = int(np.argmax(runs))
        count, value = int(runs[worst]), float(self.ordered[edges[worst]])
        p_value = _chance(count, n, self.q) if count > 1 else 1.0
        message = f"the size {value:.6g} occurs {count} times among {n} values"
        return Evidence(float(count), p_value, n, message)


class _Cells(Accumulator):
    def __init__(self, target: Target) -> None:
        reading = target.reading
        assert isinstance(reading, Rounded)
        self.reading = reading
        self.counts = np.zeros(len(reading.masses), np.int64)

    def add(self, batch: Batch) -> None:
        self.counts += batch.counts

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
        p_value = rates.bonferroni(float(both.min()), 2 * len(masses))
        expected = n * float(masses[worst])
        message = (
            f"the value {value:.6g} occurs {count} times among {n} where {expected:.4g} belong"
        )
        z = (count - expected) / math.sqrt(max(expected * (1 - masses[worst]), 1e-300))
        return Evidence(float(z), p_value, n, message)
