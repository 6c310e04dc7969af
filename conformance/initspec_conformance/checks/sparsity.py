"""Sparse weights: how many zeros each slice has, at uniformly random places."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from initspec import Sparse
from initspec.dtypes import FLOATS
from initspec_conformance.checks.base import (
    DEFAULT,
    Check,
    Evidence,
    Sums,
    deterministic,
)
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.expected import Expected
from initspec_conformance.expected.laws import zeros_of
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates

Where = NDArray[np.bool_]


def masks(batch: Batch) -> Where:
    """Return where the zeros lie, [draws, slices, entries]."""
    layout, family = batch.expected.layout, batch.expected.spec.distribution
    assert isinstance(family, Sparse)
    zero = (batch.logical == 0).reshape(batch.count, layout.stack, layout.out, layout.columns)
    if family.along == "out":
        zero = zero.transpose(0, 1, 3, 2)
    return np.asarray(zero.reshape(batch.count, -1, zero.shape[-1]))


class Zeros(Check):
    """Every slice has exactly as many zeros as the sparsity requires.

    In float16 a value that should be one of the others rounds to 0 now and then: of a law with
    std 0.01 one in 400,000. So many zeros too many are not an error.
    """

    name = "zeros"
    group = "sparsity"
    asserts = "every slice has exactly ceil(sparsity * entries) zeros"
    null = "deterministic; other values that round to 0 ~ Binomial, to 2^-60"
    families = ("sparse",)

    def measure(self, batch: Batch) -> Sums:
        zeros, _, _ = zeros_of(batch.expected.spec, batch.expected.layout)
        counts = masks(batch).sum(axis=2)
        return Sums(
            (
                int((counts != zeros).sum()),
                int((counts < zeros).sum()),
                int(np.maximum(counts - zeros, 0).sum()),
                [int(counts.min()), int(counts.max())],
                counts.size,
            )
        )

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        wrong, fewer, more, counts, n = state
        zeros, entries, _ = zeros_of(expected.spec, expected.layout)
        others, vanish = n * (entries - zeros), vanishing(expected)
        chance = float(special.bdtrc(more - 1, max(others, more), vanish)) if more else 1.0
        message = (
            f"{wrong} of {n} slices do not have {zeros} zeros among {entries}: "
            f"from {min(counts)} to {max(counts)}"
        )
        if more:
            expectation = others * vanish
            message += f"; {more} too many, where {expectation:.2g} other values round to 0"
        broken = wrong if fewer or chance < 2.0**-60 else 0
        return deterministic(broken, n, message)


def vanishing(expected: Expected) -> float:
    """Return the chance that an entry of the law rounds to 0 in the dtype expected."""
    assert expected.law is not None
    half = FLOATS[expected.dtype].smallest / 2  # half of it is a tie, and 0 is even
    low, high = expected.law.cdf(np.array([-half, half]))
    return float(high - low)


class Mask(Check):
    """A statistic of the places of the zeros."""

    group = "sparsity"
    families = ("sparse",)

    def applies(self, expected: Expected) -> bool:
        if not super().applies(expected):
            return False
        zeros, entries, slices = zeros_of(expected.spec, expected.layout)
        return 0 < zeros < entries and slices >= 2 and zeros * (entries - zeros) >= 8


class Places(Mask):
    """Each entry of a slice is zero in the same share of slices."""

    name = "zero_places"
    asserts = "no place of a slice is zero more often than another"
    null = "(E-1) / (S E p (1-p)) sum_i (N_i - S p)^2 ~ chi2_(E-1), p = zeros / entries"
    unit = "of p (1-p), as the variance of the places"

    def measure(self, batch: Batch) -> Sums:
        mask = masks(batch)
        return Sums((mask.sum(axis=(0, 1)), mask.shape[0] * mask.shape[1]))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        counts, n = state
        zeros, e, _ = zeros_of(expected.spec, expected.layout)
        p = zeros / e
        off = counts - n * p
        statistic = (e - 1) / (n * e * p * (1 - p)) * float(off @ off)
        p_value = error_rates.of_chi2(statistic, e - 1)
        message = (
            f"the {e} places of a slice are zero {counts.min()} to {counts.max()} times "
            f"in {n} slices: {statistic / (e - 1):.4f} times the variance of chance"
        )
        return Evidence(statistic / (e - 1), p_value, n * e, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        _, entries, _ = zeros_of(expected.spec, expected.layout)
        # A variance of d p (1 - p) is a noncentrality of (E - 1) S d.
        noncentrality = error_rates.noncentrality(entries - 1, levels.first / 2)
        return noncentrality / (entries - 1) / max(n / entries, 1)


class Masks(Mask):
    """No two slices have the same zeros."""

    name = "zero_masks"
    asserts = "no two slices have the same zeros, in one draw or in two"
    null = "deterministic: such a coincidence has a probability below 2^-60"

    def applies(self, expected: Expected) -> bool:
        if not super().applies(expected):
            return False
        zeros, entries, _ = zeros_of(expected.spec, expected.layout)
        ways = math.lgamma(entries + 1) - math.lgamma(zeros + 1) - math.lgamma(entries - zeros + 1)
        return ways / math.log(2) > 100

    def measure(self, batch: Batch) -> Sums:
        packed = np.packbits(masks(batch), axis=2)
        return Sums(([packed.reshape(-1, packed.shape[2])], packed.shape[0] * packed.shape[1]))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        packed, n = state
        repeated = n - len({row.tobytes() for rows in packed for row in rows})
        message = f"{repeated} of {n} slices repeat the zeros of another"
        return deterministic(repeated, n, message)
