"""Zeros of a slice at every distance, and at every frequency: sparse weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import fft, special

from initspec_conformance.checks.base import DEFAULT, Evidence, Sums
from initspec_conformance.checks.batch import Batch
from initspec_conformance.checks.permutations import Lengths, of_distances, of_waves
from initspec_conformance.checks.sparsity import Mask, masks
from initspec_conformance.expected.expected import Expected
from initspec_conformance.expected.laws import zeros_of
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates


def _power(batch: Batch, length: int) -> Sums:
    """Return the power of the zeros at each frequency of a length, over slices, and their number.

    Each slice of zeros is padded to the length.
    """
    zeros, entries, _ = zeros_of(batch.expected.spec, batch.expected.layout)
    share = np.float32(zeros / entries)
    power, slices = np.zeros(length // 2 + 1), 0
    for mask in masks(batch):
        spectrum = fft.rfft(mask.astype(np.float32) - share, length, axis=1)
        power += (spectrum.real**2 + spectrum.imag**2).sum(axis=0)
        slices += len(mask)
    return Sums((power, slices))


class Shuffled(Mask):
    """A statistic of pairs of places, of the lesser of zeros and others."""

    def applies(self, expected: Expected) -> bool:
        if not super().applies(expected):
            return False
        zeros, entries, _ = zeros_of(expected.spec, expected.layout)
        return min(zeros, entries - zeros) >= 2


class Distances(Shuffled):
    """Whether an entry is zero is independent of those at any distance in its slice."""

    name = "zero_distances"
    asserts = "zeros of a slice are uncorrelated at every distance"
    null = (
        "sum (J_i - p) (J_i+d - p): mean, variance and skewness of a random permutation, the "
        "largest over distances"
    )
    unit = "as the correlation of zeros half a slice apart"

    def measure(self, batch: Batch) -> Sums:
        return _power(batch, _padded(batch.expected))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        power, slices = state
        zeros, entries, _ = zeros_of(expected.spec, expected.layout)
        n, p = slices * entries, zeros / entries
        distances = _distances(entries, zeros, slices)
        if not len(distances):
            return Evidence(0.0, 1.0, n, f"{slices} slices have too few pairs of zeros")
        mean, variance, third = of_distances(entries, zeros, distances)
        off = fft.irfft(power, _padded(expected))[distances] - slices * mean
        # A pair more or less is a step of about one: half of it nearer, for continuity.
        nearer = np.sign(off) * np.maximum(np.abs(off) - HALF_STEP, 0.0)
        z = nearer / np.sqrt(slices * variance)
        p_values = error_rates.of_skewed(z, third / variance**1.5 / math.sqrt(slices))
        worst = int(np.argmin(p_values))
        p_value = error_rates.bonferroni(float(p_values[worst]), len(distances))
        distance = int(distances[worst])
        pairs = slices * (entries - distance) * p * (1 - p)
        message = (
            f"zeros {distance} apart in a slice correlate by {off[worst] / pairs:+.4f}, "
            f"z = {z[worst]:+.2f}"
        )
        return Evidence(float(z[worst]), p_value, n, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        zeros, entries, _ = zeros_of(expected.spec, expected.layout)
        slices, half = max(n // entries, 1), entries // 2
        known = _distances(entries, zeros, slices)
        if half not in known:
            return math.inf
        _, variance, _ = of_distances(entries, zeros, np.array([half]))
        p = zeros / entries
        pairs = slices * (entries - half) * p * (1 - p)
        sd = math.sqrt(slices * float(variance[0]))
        return (error_rates.reach(levels, len(known)) * sd + HALF_STEP) / pairs


FEWEST = 25.0
"""The variance that a sum over pairs of places has, at least: one pair more or less is 1 of it."""

HALF_STEP = 0.5


def _distances(entries: int, zeros: int, slices: int) -> Lengths:
    """Return the distances at which there are pairs enough."""
    distances = np.arange(1, entries)
    enough = slices * of_distances(entries, zeros, distances)[1] >= FEWEST
    return np.asarray(distances[enough])


def _padded(expected: Expected) -> int:
    """Return the length of a slice with enough zeros after it for no pair to wrap around."""
    _, entries, _ = zeros_of(expected.spec, expected.layout)
    return int(fft.next_fast_len(2 * entries, real=True))


class Waves(Shuffled):
    """No share of a slice has more or fewer zeros than chance gives it, at any scale.

    As many zeros in each half, or one in each of some strata, are a correlation of next to nothing
    at each distance; of the waves along a slice there are some whose power is gone.
    """

    name = "zero_waves"
    asserts = "the zeros of a slice have the same power at every frequency"
    null = (
        "the power of a frequency: mean p (1-p) E^2 / (E-1), the variance of a random permutation; "
        "summed over slices, the largest over frequencies"
    )
    unit = "of the power of one frequency"

    def measure(self, batch: Batch) -> Sums:
        _, entries, _ = zeros_of(batch.expected.spec, batch.expected.layout)
        return _power(batch, entries)

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        power, slices = state
        zeros, entries, _ = zeros_of(expected.spec, expected.layout)
        n = slices * entries
        if slices < LEAST:
            return Evidence(0.0, 1.0, n, f"{slices} slices are too few to judge")
        mean, variance, third = of_waves(entries, zeros)
        z = (power[1:] - slices * mean) / np.sqrt(slices * variance)
        p_values = error_rates.of_skewed(z, third / variance**1.5 / math.sqrt(slices))
        worst = int(np.argmin(p_values))
        p_value = error_rates.bonferroni(float(p_values[worst]), len(z))
        share = power[1 + worst] / slices / mean[worst]
        message = (
            f"zeros have {share:.4f} times the power of chance at {worst + 1} waves a slice, "
            f"z = {z[worst]:+.2f}"
        )
        return Evidence(float(z[worst]), p_value, n, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        zeros, entries, _ = zeros_of(expected.spec, expected.layout)
        slices = max(n // entries, 1)
        if slices < LEAST:
            return math.inf
        mean, variance, _ = of_waves(entries, zeros)
        # A gamma variable of this mean and variance, 1 + d times as large.
        freedom = 2 * slices * float(mean[0] ** 2 / variance[0])
        limit = special.chdtri(freedom, levels.first / 2 / len(variance))
        return float(limit / special.chdtri(freedom, 1 - error_rates.MISS)) - 1


LEAST = 32
"""How many slices the power of a frequency is summed over, at least."""
