"""Sparse weights: how many zeros each slice has, and that chance alone says where."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from initspec import Sparse
from initspec.dtypes import FLOATS
from initspec_conformance.checks.base import DEFAULT, Accumulator, Check, Evidence, fact
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.laws import zeros_of
from initspec_conformance.expected.target import Target
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates

Where = NDArray[np.bool_]


def masks(batch: Batch) -> Where:
    """Return where the zeros lie, [draws, slices, entries]."""
    layout, family = batch.target.layout, batch.target.spec.distribution
    assert isinstance(family, Sparse)
    zero = (batch.logical == 0).reshape(batch.count, layout.stack, layout.out, layout.columns)
    if family.along == "out":
        zero = zero.transpose(0, 1, 3, 2)
    return np.asarray(zero.reshape(batch.count, -1, zero.shape[-1]))


class Zeros(Check):
    """Every slice has exactly as many zeros as the sparsity says.

    In float16 a value that should be one of the others rounds to 0 now and then: of a law with
    std 0.01 one in 400,000. So many zeros too many are no fault.
    """

    name = "zeros"
    asserts = "every slice has exactly ceil(sparsity * entries) zeros"
    null = "deterministic; other values that round to 0 ~ Binomial, to 2^-60"
    families = ("sparse",)

    def start(self, target: Target) -> Accumulator:
        return _Zeros(target)


class _Zeros(Accumulator):
    def __init__(self, target: Target) -> None:
        self.zeros, self.entries, _ = zeros_of(target.spec, target.layout)
        self.vanishing = vanishing(target)
        self.wrong = self.fewer = self.more = self.n = 0
        self.seen = (self.zeros, self.zeros)

    def add(self, batch: Batch) -> None:
        counts = masks(batch).sum(axis=2)
        self.wrong += int((counts != self.zeros).sum())
        self.fewer += int((counts < self.zeros).sum())
        self.more += int(np.maximum(counts - self.zeros, 0).sum())
        self.n += counts.size
        self.seen = (min(self.seen[0], int(counts.min())), max(self.seen[1], int(counts.max())))

    def evidence(self) -> Evidence:
        others = self.n * (self.entries - self.zeros)
        chance = 1.0
        if self.more:
            chance = float(special.bdtrc(self.more - 1, max(others, self.more), self.vanishing))
        message = (
            f"{self.wrong} of {self.n} slices do not have {self.zeros} zeros among {self.entries}: "
            f"from {self.seen[0]} to {self.seen[1]}"
        )
        if self.more:
            expected = others * self.vanishing
            message += f"; {self.more} too many, where {expected:.2g} other values round to 0"
        broken = self.wrong if self.fewer or chance < 2.0**-60 else 0
        return fact(broken, self.n, message)


def vanishing(target: Target) -> float:
    """Return the chance that an entry of the law rounds to 0 in the target's dtype."""
    assert target.law is not None
    half = FLOATS[target.dtype].smallest / 2  # half of it is a tie, and 0 is even
    low, high = target.law.cdf(np.array([-half, half]))
    return float(high - low)


class Mask(Check):
    """A statistic of the places of the zeros."""

    families = ("sparse",)

    def applies(self, target: Target) -> bool:
        if not super().applies(target):
            return False
        zeros, entries, slices = zeros_of(target.spec, target.layout)
        return 0 < zeros < entries and slices >= 2 and zeros * (entries - zeros) >= 8


class Places(Mask):
    """Each entry of a slice is zero in the same share of slices."""

    name = "zero_places"
    asserts = "no place of a slice is zero more often than another"
    null = "(E-1) / (S E p (1-p)) sum_i (N_i - S p)^2 ~ chi2_(E-1), p = zeros / entries"
    unit = "of p (1-p), as the variance of the places"

    def start(self, target: Target) -> Accumulator:
        return _Places(target)

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        _, entries, _ = zeros_of(target.spec, target.layout)
        # A variance of d p (1 - p) is a noncentrality of (E - 1) S d.
        noncentrality = error_rates.noncentrality(entries - 1, levels.first / 2)
        return noncentrality / (entries - 1) / max(n / entries, 1)


class _Places(Accumulator):
    def __init__(self, target: Target) -> None:
        self.zeros, self.entries, _ = zeros_of(target.spec, target.layout)
        self.counts = np.zeros(self.entries, np.int64)
        self.slices = 0

    def add(self, batch: Batch) -> None:
        mask = masks(batch)
        self.counts += mask.sum(axis=(0, 1))
        self.slices += mask.shape[0] * mask.shape[1]

    def evidence(self) -> Evidence:
        n, e, p = self.slices, self.entries, self.zeros / self.entries
        off = self.counts - n * p
        statistic = (e - 1) / (n * e * p * (1 - p)) * float(off @ off)
        p_value = error_rates.of_chi2(statistic, e - 1)
        message = (
            f"the {e} places of a slice are zero {self.counts.min()} to {self.counts.max()} times "
            f"in {n} slices: {statistic / (e - 1):.4f} times the variance of chance"
        )
        return Evidence(statistic / (e - 1), p_value, n * e, message)


class Masks(Mask):
    """No two slices have the same zeros."""

    name = "zero_masks"
    asserts = "no two slices have the same zeros, in one draw or in two"
    null = "deterministic: such a coincidence has a probability below 2^-60"

    def applies(self, target: Target) -> bool:
        if not super().applies(target):
            return False
        zeros, entries, _ = zeros_of(target.spec, target.layout)
        ways = math.lgamma(entries + 1) - math.lgamma(zeros + 1) - math.lgamma(entries - zeros + 1)
        return ways / math.log(2) > 100

    def start(self, target: Target) -> Accumulator:
        return _Masks()


class _Masks(Accumulator):
    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self.n = 0

    def add(self, batch: Batch) -> None:
        packed = np.packbits(masks(batch), axis=2)
        self.seen.update(row.tobytes() for draw in packed for row in draw)
        self.n += packed.shape[0] * packed.shape[1]

    def evidence(self) -> Evidence:
        again = self.n - len(self.seen)
        return fact(again, self.n, f"{again} of {self.n} slices repeat the zeros of another")
