"""Three values in a row: dependence that no correlation of two shows."""

from __future__ import annotations

import math

import numpy as np

from initspec_conformance.checks.base import DEFAULT, Accumulator, Check, Evidence
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.target import Target
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates

LEAST = 5
"""How many triples a cell has on average, at least."""
FINEST = 32


class Serial(Check):
    """Three neighbours in the weight's own order are independent.

    Knuth's (1969) serial test on disjoint triples: a sign that is the product of two others shows
    in no correlation, and neither do the fifteen planes of RANDU, Marsaglia (1968).
    """

    name = "serial"
    asserts = "three entries in a row are jointly independent"
    null = (
        "sum (count - e)^2 / e over the equal cells of (u, v, w) ~ chi2, its exact variance, above"
    )
    unit = "of chi-square's noncentrality a triple"
    families = ("iid",)

    def start(self, target: Target) -> Accumulator:
        return _Serial(target)

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        triples = max(n // 3, 1)
        cells = _bins(triples) ** 3
        if cells == 1:
            return math.inf
        # Noncentrality d n adds d n to the mean and 4 d n to the variance of chi2.
        limit = error_rates.upper(levels.first) * math.sqrt(2 * cells)
        z = error_rates.upper(error_rates.MISS)
        least = limit + 2 * z**2 + z * math.sqrt(4 * limit + 4 * z**2 + 2 * cells)
        return least / triples


def _bins(triples: int) -> int:
    """Return into how many parts each axis of the cube is divided: a power of two."""
    bins = FINEST
    while bins > 1 and bins**3 * LEAST > triples:
        bins //= 2
    return bins


class _Serial(Accumulator):
    """Counts in the finest cells, of which coarser ones are sums."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.counts = np.zeros(FINEST**3, np.int64)
        self.n = 0

    def add(self, batch: Batch) -> None:
        if self.target.size < 3:
            return
        cells = np.minimum(batch.own_u * FINEST, FINEST - 1).astype(np.int32)
        whole = cells.shape[1] // 3 * 3
        triples = cells[:, :whole].reshape(-1, 3)
        code = (triples[:, 0] * FINEST + triples[:, 1]) * FINEST + triples[:, 2]
        self.counts += np.bincount(code, minlength=FINEST**3)
        self.n += len(code)

    def evidence(self) -> Evidence:
        bins = _bins(self.n)
        if bins == 1:
            return Evidence(0.0, 1.0, self.n, f"{self.n} triples are too few")
        ratio = FINEST // bins
        counts = self.counts.reshape(bins, ratio, bins, ratio, bins, ratio).sum(axis=(1, 3, 5))
        cells = counts.size
        expected = self.n / cells
        statistic = float(((counts - expected) ** 2).sum()) / expected
        # Haldane (1937): the exact variance; the skewness that of independent Poisson counts.
        variance = 2 * (cells - 1) * (1 - 1 / self.n)
        third = (cells - 1) * (8 + 22 / expected + 1 / expected**2)
        z = (statistic - (cells - 1)) / math.sqrt(variance)
        p_value = float(error_rates.upper_of_skewed(z, third / variance**1.5))
        message = (
            f"{self.n} triples of neighbours fill {cells} cells of the cube "
            f"{statistic / (cells - 1):.4f} times as unevenly as independent ones"
        )
        return Evidence(z, p_value, self.n * 3, message)
