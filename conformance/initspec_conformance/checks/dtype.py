"""The dtype is used for what it can hold: as many distinct values as chance gives it."""

from __future__ import annotations

import math

import numpy as np

from initspec_conformance import rates
from initspec_conformance.batch import Batch
from initspec_conformance.checks.base import DEFAULT, Accumulator, Check, Evidence, fact
from initspec_conformance.rates import Rates
from initspec_conformance.target import Target


class Distinct(Check):
    """float16 and bfloat16 take as many of their values as the law reaches."""

    name = "distinct"
    asserts = "as many distinct values occur as the rounded law gives"
    null = "sum_i (1 - (1 - p_i)^n) cells are hit, with the variance of independent cells"
    unit = "of the distinct values"

    def applies(self, target: Target) -> bool:
        return super().applies(target) and target.narrow

    def start(self, target: Target) -> Accumulator:
        return _Distinct(target)

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        mean, variance = _expected(target, n)
        return rates.reach(levels) * math.sqrt(max(variance, 1.0)) / mean


def _expected(target: Target, n: int) -> tuple[float, float]:
    """Return the mean number of cells hit by n values, and a bound of its variance.

    Cells are hit with negative association, so their sum varies at most as if independent.
    """
    masses = np.diff(target.reading.upto, prepend=0.0)
    empty = np.exp(n * np.log1p(-np.clip(masses, 0, 1 - 1e-12)))
    return float((1 - empty).sum()), float((empty * (1 - empty)).sum())


class _Distinct(Accumulator):
    def __init__(self, target: Target) -> None:
        self.target = target
        self.counts = np.zeros(len(target.reading.upto), np.int64)

    def add(self, batch: Batch) -> None:
        self.counts += batch.counts

    def evidence(self) -> Evidence:
        n = int(self.counts.sum())
        mean, variance = _expected(self.target, n)
        seen = int((self.counts > 0).sum())
        # Below a variance of 1 the count is all but certain, and one more or less is rounding.
        z = (seen - mean) / math.sqrt(max(variance, 1.0))
        message = f"{seen} distinct values among {n} where {mean:.1f} are expected, z = {z:+.1f}"
        return Evidence(z, rates.two_sided(z), n, message)


class FullWidth(Check):
    """float64 draws are not float32 draws in a wider coat.

    A random float64 is a float32 number with a probability of 2^-29.
    """

    name = "full_width"
    asserts = "float64 values carry more than 24 bits"
    null = "deterministic: the share of values that float32 holds exactly stays below 1/16"

    def applies(self, target: Target) -> bool:
        return super().applies(target) and target.dtype == "float64"

    def start(self, target: Target) -> Accumulator:
        return _FullWidth()


class _FullWidth(Accumulator):
    def __init__(self) -> None:
        self.narrow = self.n = 0

    def add(self, batch: Batch) -> None:
        x = batch.entries
        with np.errstate(over="ignore", under="ignore"):
            self.narrow += int((x.astype(np.float32) == x).sum())
        self.n += x.size

    def evidence(self) -> Evidence:
        message = f"{self.narrow} of {self.n} float64 values are float32 numbers"
        return fact(int(self.narrow * 16 > self.n), self.n, message)
