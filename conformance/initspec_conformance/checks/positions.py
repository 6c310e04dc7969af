"""Places of a weight that have a law of their own, in every draw."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from initspec_conformance.checks.base import DEFAULT, Check, Evidence, Sums
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.expected import Expected
from initspec_conformance.expected.slices import sizes_of, slices_of
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates

MOST = 1 << 16
"""How many entries a weight has, at most, whose every entry is summed up over draws."""


class Positions(Check):
    """No entry, output, input, copy or place of the kernel has a law of its own.

    `rows` looks at slices draw by draw; this at what all draws have in common. An entry that is
    always positive shows here, and a tap that is 3% too wide.
    """

    name = "positions"
    group = "independence"
    asserts = "entries, outputs, inputs, copies and kernel places share one law over all draws"
    null = (
        "on normal scores g over draws: (sum g)^2 / N and, scored, sum g^2: chi2_R, and the largest"
    )
    unit = "of the variance, as offsets that all draws share"
    reads = ("scores", "grid", "sums")

    def measure(self, batch: Batch) -> Sums:
        sums = []
        for name in _kinds(batch.expected):
            if name == "entries":
                grid = batch.grid
                counts = np.full(grid.shape[1:], float(len(grid)))
                if batch.expected.family == "sparse":
                    counts = (grid != 0).sum(axis=0).astype(np.float64)
                squares = np.einsum("d...,d...->...", grid, grid)
                sums.append(Sums((counts, grid.sum(axis=0), squares)))
            else:
                sums.append(Sums(part.sum(axis=0) for part in batch.sums[name]))
        return Sums((Sums(sums), batch.count, batch.grid.size))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        of_each, draws, samples = state
        tests = []
        for name, (counts, sums, squares) in zip(_kinds(expected), of_each, strict=True):
            if name == "entries" and draws < 2:
                continue
            met = counts > 0
            n = counts[met]
            scores = (
                ("mean", sums[met] / np.sqrt(n)),
                ("variance", error_rates.z_of_chi2(squares[met], n)),
            )
            for moment, z in scores:
                if not len(z):
                    continue
                total = float(z @ z)
                worst = int(np.argmax(np.abs(z)))
                largest = float(z[worst])
                p_value = error_rates.bonferroni(error_rates.two_sided(largest), len(z))
                at = int(np.flatnonzero(met.ravel())[worst])
                text = f"the {moment} of {name} {at} is {largest:+.2f} standard errors off"
                tests.append((p_value, largest, text))
                text = f"the {moment}s of the {name} vary {total / len(z):.4f} times as chance says"
                tests.append((error_rates.of_chi2(total, len(z)), total / len(z), text))
        if not tests:
            return Evidence(0.0, 1.0, samples, "one draw of slices that are too small")
        p_value, statistic, message = min(tests)
        message = f"over {draws} draws {message}"
        return Evidence(statistic, error_rates.bonferroni(p_value, len(tests)), samples, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        # Offsets of R places, a share d of the variance, multiply chi2_R by 1 + (N - 1) d. A place
        # is an entry; of a large weight an output, or whatever it has slices of.
        slices = slices_of(expected.layout)
        kinds, places = len(slices), expected.size
        if places <= MOST:
            kinds += 1
        elif slices:
            sizes = sizes_of(expected.layout)
            places //= math.prod(sizes[axis] for axis in next(iter(slices.values())))
        else:
            return math.inf
        each = n / places * expected.entries / expected.size
        if each < 2:
            return math.inf
        limit = float(special.chdtri(places, levels.first / (8 * kinds)))
        least = float(special.chdtri(places, 1 - error_rates.MISS))
        return (limit / least - 1) / (each - 1)


def _kinds(expected: Expected) -> list[str]:
    """Return the kinds of places that are summed up."""
    return [*slices_of(expected.layout), *(["entries"] if expected.size <= MOST else [])]
