"""Single values that occur too often: what is left of an error that was swallowed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from initspec_conformance.checks.base import DEFAULT, Check, Evidence
from initspec_conformance.checks.batch import MOST, Batch
from initspec_conformance.checks.coincidence import LATTICES, coincidence
from initspec_conformance.expected.expected import Expected
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
    mass, but for what the lattice adds to it that was rounded.
    """

    name = "atoms"
    group = "dtype"
    asserts = "no single value occurs more often than the law and the dtype make it"
    null = "P(m of n values are equal) <= n (n q)^(m-1) / m!; in 16 bits Binomial(n, p) each cell"
    unit = "of the entries, as one value"

    def measure(self, batch: Batch) -> Any:
        if batch.expected.narrow:
            return batch.counts
        return [batch.ordered] if batch.first == 0 else []

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        if expected.narrow:
            return _of_cells(state, expected)
        (ordered,) = state
        n = len(ordered)
        edges = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
        runs = np.diff(edges, prepend=-1)
        worst = int(np.argmax(runs))
        count, value = int(runs[worst]), float(ordered[edges[worst]])
        p_value = _chance(count, n, SLACK * coincidence(expected)) if count > 1 else 1.0
        message = f"the size {value:.6g} occurs {count} times among {n} values"
        return Evidence(float(count), p_value, n, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        if expected.narrow:
            largest = float(expected.rounded.masses.max())
            level = levels.first / (2 * len(expected.rounded.masses))
            seen = min(largest + SPARE, 1.0)
            return seen * (1 + error_rates.least_excess(n, seen, level)) - largest
        n = min(n, MOST)
        count = 2
        while _chance(count, n, SLACK * coincidence(expected)) > levels.first:
            count += 1
        return float(special.pdtri(count - 1, error_rates.MISS)) / n


def _chance(count: int, n: int, q: float) -> float:
    """Return a bound of P(so many of n values are one and the same)."""
    exponent = count * math.log(n) + (count - 1) * math.log(q) - math.lgamma(count + 1)
    return math.exp(min(exponent, 0.0))


def _of_cells(counts: Any, expected: Expected) -> Evidence:
    """Return the evidence on how often each value of 16 bits occurs."""
    rounded = expected.rounded
    n, masses = int(counts.sum()), rounded.masses
    # A cell that is not met is no evidence unless many were to be expected in it.
    cells = np.flatnonzero((counts > 0) | (n * masses > FEW))
    met, chances = counts[cells], masses[cells]
    high = special.bdtrc(np.maximum(met - 1, 0), n, np.minimum(chances + SPARE, 1.0))
    low = special.bdtr(met, n, np.maximum(chances - SPARE, 0.0))
    both = np.where(met > 0, np.minimum(high, low), low)
    worst = int(cells[np.argmin(both)])
    value, count = rounded.values[worst], int(counts[worst])
    p_value = error_rates.bonferroni(float(both.min()), 2 * len(masses))
    mean = n * float(masses[worst])
    message = f"the value {value:.6g} occurs {count} times among {n} where {mean:.4g} belong"
    z = (count - mean) / math.sqrt(max(mean * (1 - masses[worst]), 1e-300))
    return Evidence(float(z), p_value, n, message)
