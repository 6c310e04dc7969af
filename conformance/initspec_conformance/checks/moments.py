"""The mean and the variance: the two numbers that training feels first."""

from __future__ import annotations

import math
from typing import Any

from initspec_conformance.checks.base import DEFAULT, Check, Evidence, Sums
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.expected import Expected
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates


class Mean(Check):
    """The mean is the spec's."""

    name = "mean"
    group = "moments"
    asserts = "the mean of the entries is the spec's"
    null = "z = (mean(x) - mu) sqrt(n) / sigma ~ N(0, 1), but for the skewness of the law"
    unit = "sigma"
    reads = ("centred",)

    def measure(self, batch: Batch) -> Sums:
        return Sums((float(batch.centred.sum()), batch.centred.size))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        total, n = state
        mean, std, _ = expected.rounding.moments
        off = total / n
        z = off * math.sqrt(n) / std
        skewness = expected.rounding.skewness[0] / math.sqrt(n)
        # The mean of a rounded symmetric law is a sum that leaves some 1e-18.
        mean = mean if abs(mean) > 1e-12 * std else 0.0
        message = (
            f"mean {mean + off:.6g} where {mean:.6g} is specified: "
            f"{off / std:+.5f} sigma, z = {z:+.2f}"
        )
        return Evidence(z, float(error_rates.of_skewed(z, skewness)), n, message, z=z)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        return error_rates.reach(levels) / math.sqrt(n)


class Variance(Check):
    """The variance is the spec's.

    Normal: sum (x - mu)^2 / sigma^2 ~ chi2_n, exactly. Others: the gamma law of the same mean,
    variance and skewness, which for a normal law is that chi-square.
    """

    name = "variance"
    group = "moments"
    asserts = "the variance of the entries about the specified mean is sigma^2"
    null = "(v / sigma^2 - 1) sqrt(n / (kurtosis - 1)) ~ chi2_n or a gamma law, standardised"
    unit = "of the variance"
    reads = ("centred",)

    def measure(self, batch: Batch) -> Sums:
        x = batch.centred.ravel()
        return Sums((float(x @ x), x.size))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        squares, n = state
        _, std, kurtosis = expected.rounding.moments
        ratio = squares / n / std**2
        off = (ratio - 1) * math.sqrt(n / (kurtosis - 1))
        skewness = expected.rounding.skewness[1]
        if off < 0:  # a gamma law of more skewness than this ends before all squares are 0
            skewness = min(skewness, 2 * math.sqrt(kurtosis - 1))
        skewness /= math.sqrt(n)
        p_value = float(error_rates.of_skewed(off, skewness))
        z = float(error_rates.score_of_skewed(off, skewness))
        message = (
            f"std {std * math.sqrt(ratio):.6g} where {std:.6g} is specified: "
            f"{ratio:.5f} of its variance, z = {z:+.2f}"
        )
        return Evidence(z, p_value, n, message, z=z)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        width = math.sqrt((expected.rounding.moments[2] - 1) / n)
        skewness = expected.rounding.skewness[1] / math.sqrt(n)
        # A variance of (1 + d) sigma^2 is missed where (1 + d) v stays under the upper limit.
        limit = 1 + width * error_rates.quantile_of_skewed(levels.first / 2, skewness)
        least = 1 + width * error_rates.quantile_of_skewed(1 - error_rates.MISS, skewness)
        return limit / least - 1 if least > 0 else math.inf
