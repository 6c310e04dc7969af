"""Three values in a row: dependence that no correlation of two shows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from initspec_conformance.checks.base import DEFAULT, Check, Evidence, Sums
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.expected import Expected
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates

LEAST = 5
"""How many triples a cell has on average, at least."""
FINEST = 32


class Serial(Check):
    """Three neighbours in the weight's own order are independent.

    Knuth's (1969) serial test on disjoint triples: a sign that is the product of two others shows
    in no correlation, and neither do the fifteen planes of RANDU, Marsaglia (1968). Counts are
    kept in the finest cells, of which coarser ones are sums.
    """

    name = "serial"
    group = "independence"
    asserts = "three entries in a row are jointly independent"
    null = (
        "sum (count - e)^2 / e over the equal cells of (u, v, w) ~ chi2, its exact variance, above"
    )
    unit = "of chi-square's noncentrality a triple"
    families = ("iid",)

    def measure(self, batch: Batch) -> Sums:
        if batch.expected.size < 3:
            return Sums((np.zeros(FINEST**3, np.int64), 0))
        cells = np.minimum(batch.own_u * FINEST, FINEST - 1).astype(np.int32)
        whole = cells.shape[1] // 3 * 3
        triples = cells[:, :whole].reshape(-1, 3)
        code = (triples[:, 0] * FINEST + triples[:, 1]) * FINEST + triples[:, 2]
        return Sums((np.bincount(code, minlength=FINEST**3), len(code)))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        finest, n = state
        bins = _bins(n)
        if bins == 1:
            return Evidence(0.0, 1.0, n, f"{n} triples are too few")
        ratio = FINEST // bins
        counts = finest.reshape(bins, ratio, bins, ratio, bins, ratio).sum(axis=(1, 3, 5))
        cells = counts.size
        each = n / cells
        statistic = float(((counts - each) ** 2).sum()) / each
        # Haldane (1937): the exact variance; the skewness that of independent Poisson counts.
        variance = 2 * (cells - 1) * (1 - 1 / n)
        third = (cells - 1) * (8 + 22 / each + 1 / each**2)
        z = (statistic - (cells - 1)) / math.sqrt(variance)
        p_value = float(error_rates.upper_of_skewed(z, third / variance**1.5))
        message = (
            f"{n} triples of neighbours fill {cells} cells of the cube "
            f"{statistic / (cells - 1):.4f} times as unevenly as independent ones"
        )
        return Evidence(z, p_value, n * 3, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
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
