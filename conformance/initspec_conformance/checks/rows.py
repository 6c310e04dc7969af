"""Independence across the weight's own structure: units, inputs, places of the kernel, copies."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from initspec_conformance.checks.base import DEFAULT, Accumulator, Check, Evidence
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.arrays import Values
from initspec_conformance.expected.laws import zeros_of
from initspec_conformance.expected.slices import sizes_of, slices_of
from initspec_conformance.expected.target import Target
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates

SMALL = 1024
"""Below this size draws are read by their normal scores."""


class Rows(Check):
    """No output, input, copy or place of the kernel has a mean or a variance of its own."""

    name = "rows"
    asserts = "outputs, inputs, copies and kernel places share one mean and one variance"
    null = "on normal scores g: (sum g)^2 / C and, scored, sum g^2 add up to chi2_R, two-sided"
    unit = "of the variance, as offsets of the rows"
    reads = ("scores", "grid", "sums")

    def applies(self, target: Target) -> bool:
        return super().applies(target) and bool(slices_of(target.layout))

    def start(self, target: Target) -> Accumulator:
        return _Rows()

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        kinds = slices_of(target.layout)
        sizes = sizes_of(target.layout)
        axes = next(iter(kinds.values()))
        entries = math.prod(sizes[axis] for axis in axes)
        rows = max(n // entries, 1)
        if target.family == "sparse":
            zeros, each, _ = zeros_of(target.spec, target.layout)
            entries = max(entries * (each - zeros) // each, 2)
        # Offsets of a share d of the variance multiply the chi-square by 1 + (C - 1) d.
        limit = float(special.chdtri(rows, levels.first / (4 * len(kinds))))
        least = float(special.chdtri(rows, 1 - error_rates.MISS))
        return (limit / least - 1) / (entries - 1)


class _Rows(Accumulator):
    def __init__(self) -> None:
        self.sums: dict[str, tuple[float, float, int]] = {}
        self.n = 0

    def add(self, batch: Batch) -> None:
        self.n += batch.grid.size
        for name, (counts, sums, squares) in batch.sums.items():
            met = counts > 0  # a slice of nothing but zeros says nothing of the others
            n = counts[met]
            means = sums[met] ** 2 / n
            spread = error_rates.z_of_chi2(squares[met], n) ** 2
            a, b, count = self.sums.get(name, (0.0, 0.0, 0))
            self.sums[name] = (
                a + float(means.sum()),
                b + float(spread.sum()),
                count + means.size,
            )

    def evidence(self) -> Evidence:
        found = []
        for name, (means, spreads, count) in self.sums.items():
            for what, statistic in (("means", means), ("variances", spreads)):
                p_value = error_rates.of_chi2(statistic, count) if count else 1.0
                found.append((p_value, statistic / max(count, 1), what, name))
        p_value, ratio, what, name = min(found)
        message = (
            f"the {what} of the {name} vary {ratio:.4f} times as much as independent entries make "
            "them vary"
        )
        p_value = error_rates.bonferroni(p_value, len(found))
        return Evidence(ratio, p_value, self.n, message)


class TooGood(Check):
    """Draws vary from one to the next as much as chance says, and no less."""

    name = "too_good"
    asserts = "the means and variances of whole draws scatter as those of independent draws do"
    null = "sum of z^2 over D draws ~ chi2_D, two-sided, means and variances separately"
    unit = "of the scatter missing"
    reads = ("centred",)

    def start(self, target: Target) -> Accumulator:
        return _TooGood(target)

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        draws = max(n // target.entries, 2)
        # Scatter (1 - d) chi2_D is missed where it stays over the lower limit.
        limit = float(special.chdtri(draws, 1 - levels.first / 4))
        return 1 - limit / float(special.chdtri(draws, error_rates.MISS))


class _TooGood(Accumulator):
    def __init__(self, target: Target) -> None:
        self.target = target
        self.means = self.variances = 0.0
        self.draws = self.n = 0

    def add(self, batch: Batch) -> None:
        x, kurtosis, skewness = self._readings(batch)
        n = x.shape[1]
        means = x.sum(axis=1) / math.sqrt(n)
        ratios = np.einsum("ij,ij->i", x, x) / n
        off = (ratios - 1) * math.sqrt(n / (kurtosis - 1))
        variances = error_rates.score_of_skewed(off, skewness / math.sqrt(n))
        self.means += float(means @ means)
        self.variances += float(variances @ variances)
        self.draws += len(x)
        self.n += x.size

    def _readings(self, batch: Batch) -> tuple[Values, float, float]:
        """Return what has mean 0 and variance 1, its kurtosis, and the skewness of its square.

        Of small draws that are not normal, the normal scores: a sum of few squares has the law
        that its kurtosis and skewness say only nearly, and thousands of draws show it.
        """
        target = self.target
        assert target.law is not None
        exact = target.law.family == "normal" and not target.narrow
        if target.family != "sparse" and target.size < SMALL and not exact:
            return batch.scores, 3.0, math.sqrt(8)
        _, std, kurtosis = target.reading.moments
        return batch.centred / std, kurtosis, target.reading.skewness[1]

    def evidence(self) -> Evidence:
        found = [
            (error_rates.of_chi2(statistic, self.draws), statistic / self.draws, name)
            for name, statistic in (("means", self.means), ("variances", self.variances))
        ]
        p_value, ratio, name = min(found)
        message = (
            f"the {name} of {self.draws} draws scatter about the one specified {ratio:.3g} times "
            "as much as chance"
        )
        return Evidence(ratio, error_rates.bonferroni(p_value, 2), self.n, message)
