"""Independence across the weight's own structure: units, inputs, places of the kernel, copies."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from initspec_conformance.checks.base import DEFAULT, Check, Evidence, Sums
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.arrays import Values
from initspec_conformance.expected.expected import Expected
from initspec_conformance.expected.laws import zeros_of
from initspec_conformance.expected.slices import sizes_of, slices_of
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates

SMALL = 1024
"""Below this size the normal scores of a draw stand for it."""


class Rows(Check):
    """No output, input, copy or place of the kernel has a mean or a variance of its own."""

    name = "rows"
    group = "independence"
    asserts = "outputs, inputs, copies and kernel places share one mean and one variance"
    null = "on normal scores g: (sum g)^2 / C and, scored, sum g^2 add up to chi2_R, two-sided"
    unit = "of the variance, as offsets of the rows"
    reads = ("scores", "grid", "sums")

    def applies(self, expected: Expected) -> bool:
        return super().applies(expected) and bool(slices_of(expected.layout))

    def measure(self, batch: Batch) -> Sums:
        sums = []
        for counts, totals, squares in batch.sums.values():
            met = counts > 0  # a slice of nothing but zeros is no evidence of the others
            n = counts[met]
            means = totals[met] ** 2 / n
            spread = error_rates.z_of_chi2(squares[met], n) ** 2
            sums.append(Sums((float(means.sum()), float(spread.sum()), means.size)))
        return Sums((Sums(sums), batch.grid.size))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        sums, n = state
        of_each = []
        for name, (means, spreads, count) in zip(slices_of(expected.layout), sums, strict=True):
            for kind, statistic in (("means", means), ("variances", spreads)):
                p_value = error_rates.of_chi2(statistic, count) if count else 1.0
                of_each.append((p_value, statistic / max(count, 1), kind, name))
        p_value, ratio, kind, name = min(of_each)
        message = (
            f"the {kind} of the {name} vary {ratio:.4f} times as much as independent entries make "
            "them vary"
        )
        p_value = error_rates.bonferroni(p_value, len(of_each))
        return Evidence(ratio, p_value, n, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        kinds = slices_of(expected.layout)
        sizes = sizes_of(expected.layout)
        axes = next(iter(kinds.values()))
        entries = math.prod(sizes[axis] for axis in axes)
        rows = max(n // entries, 1)
        if expected.family == "sparse":
            zeros, each, _ = zeros_of(expected.spec, expected.layout)
            entries = max(entries * (each - zeros) // each, 2)
        # Offsets of a share d of the variance multiply the chi-square by 1 + (C - 1) d.
        limit = float(special.chdtri(rows, levels.first / (4 * len(kinds))))
        least = float(special.chdtri(rows, 1 - error_rates.MISS))
        return (limit / least - 1) / (entries - 1)


class Underdispersed(Check):
    """Draws vary from one to the next as much as independent ones do, and no less."""

    name = "underdispersed"
    group = "moments"
    asserts = "the means and variances of whole draws scatter as those of independent draws do"
    null = "sum of z^2 over D draws ~ chi2_D, two-sided, means and variances separately"
    unit = "of the scatter missing"
    reads = ("centred",)

    def measure(self, batch: Batch) -> Sums:
        x, kurtosis, skewness = _standardised(batch)
        n = x.shape[1]
        means = x.sum(axis=1) / math.sqrt(n)
        ratios = np.einsum("ij,ij->i", x, x) / n
        off = (ratios - 1) * math.sqrt(n / (kurtosis - 1))
        variances = error_rates.score_of_skewed(off, skewness / math.sqrt(n))
        return Sums((float(means @ means), float(variances @ variances), len(x), x.size))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        means, variances, draws, n = state
        p_value, ratio, name = min(
            (error_rates.of_chi2(statistic, draws), statistic / draws, name)
            for name, statistic in (("means", means), ("variances", variances))
        )
        message = (
            f"the {name} of {draws} draws scatter about the one specified {ratio:.3g} times "
            "as much as chance"
        )
        return Evidence(ratio, error_rates.bonferroni(p_value, 2), n, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        draws = max(n // expected.entries, 2)
        # Scatter (1 - d) chi2_D is missed where it stays over the lower limit.
        limit = float(special.chdtri(draws, 1 - levels.first / 4))
        return 1 - limit / float(special.chdtri(draws, error_rates.MISS))


def _standardised(batch: Batch) -> tuple[Values, float, float]:
    """Return what has mean 0 and variance 1, its kurtosis, and the skewness of its square.

    Of small draws that are not normal, the normal scores: a sum of few squares has the law that
    its kurtosis and skewness give only nearly, and thousands of draws show it.
    """
    expected = batch.expected
    assert expected.law is not None
    exact = expected.law.family == "normal" and not expected.narrow
    if expected.family != "sparse" and expected.size < SMALL and not exact:
        return batch.scores, 3.0, math.sqrt(8)
    _, std, kurtosis = expected.rounding.moments
    return batch.centred / std, kurtosis, expected.rounding.skewness[1]
