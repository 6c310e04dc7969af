"""The mean and the variance: the two numbers that training feels first."""

from __future__ import annotations

import math

from scipy import special

from initspec_conformance import rates
from initspec_conformance.batch import Batch
from initspec_conformance.checks.base import DEFAULT, Accumulator, Check, Evidence
from initspec_conformance.rates import Rates
from initspec_conformance.target import Target


class Mean(Check):
    """The mean is the spec's."""

    name = "mean"
    asserts = "the mean of the entries is the spec's"
    null = "z = (mean(x) - mu) sqrt(n) / sigma ~ N(0, 1)"
    unit = "sigma"
    reads = ("centred",)

    def start(self, target: Target) -> Accumulator:
        return _Mean(target)

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        return rates.reach(levels) / math.sqrt(n)


class _Mean(Accumulator):
    def __init__(self, target: Target) -> None:
        self.target, self.sum, self.n = target, 0.0, 0

    def add(self, batch: Batch) -> None:
        self.sum += float(batch.centred.sum())
        self.n += batch.centred.size

    def evidence(self) -> Evidence:
        mean, std, _ = self.target.reading.moments
        off = self.sum / self.n
        z = off * math.sqrt(self.n) / std
        message = (
            f"mean {mean + off:.6g} where {mean:.6g} is specified: "
            f"{off / std:+.5f} sigma, z = {z:+.2f}"
        )
        return Evidence(z, rates.two_sided(z), self.n, message, z=z)


class Variance(Check):
    """The variance is the spec's.

    Normal: sum (x - mu)^2 / sigma^2 ~ chi2_n, exactly. Others: (v / sigma^2 - 1)
    sqrt(n / (kurtosis - 1)), whose skew at small n is met by a chi-square of 2 n / (kurtosis - 1)
    degrees of freedom, which has the same mean and variance.
    """

    name = "variance"
    asserts = "the variance of the entries about the specified mean is sigma^2"
    null = "2 / (kurtosis - 1) * sum (x - mu)^2 / sigma^2 ~ chi2, 2 n / (kurtosis - 1) degrees"
    unit = "of the variance"
    reads = ("centred",)

    def start(self, target: Target) -> Accumulator:
        return _Variance(target)

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        kurtosis = target.reading.moments[2]
        freedom = 2 * n / (kurtosis - 1)
        # A variance of (1 + d) sigma^2 is missed where chi2 (1 + d) stays under the upper limit.
        limit = float(special.chdtri(freedom, levels.first / 2))
        least = float(special.chdtri(freedom, 1 - 1e-6)) if freedom < 1e7 else math.nan
        if math.isnan(least) or least <= 0:
            return rates.reach(levels) * math.sqrt(2 / freedom)
        return limit / least - 1


class _Variance(Accumulator):
    def __init__(self, target: Target) -> None:
        self.target, self.squares, self.n = target, 0.0, 0

    def add(self, batch: Batch) -> None:
        x = batch.centred.ravel()
        self.squares += float(x @ x)
        self.n += x.size

    def evidence(self) -> Evidence:
        _, std, kurtosis = self.target.reading.moments
        ratio = self.squares / self.n / std**2
        freedom = 2 * self.n / (kurtosis - 1)
        p_value = rates.of_chi2(ratio * freedom, freedom)
        z = float(rates.z_of_chi2(ratio * freedom, freedom))
        message = (
            f"std {std * math.sqrt(ratio):.6g} where {std:.6g} is specified: "
            f"{ratio:.5f} of its variance, z = {z:+.2f}"
        )
        return Evidence(z, p_value, self.n, message, z=z)
