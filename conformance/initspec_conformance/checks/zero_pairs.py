"""Zeros that meet: neighbours in a slice, and the same places of two slices of a sparse weight."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import fft, stats

from initspec_conformance.checks.base import DEFAULT, Evidence, Sums
from initspec_conformance.checks.batch import Batch
from initspec_conformance.checks.sparsity import Mask, masks
from initspec_conformance.expected.expected import Expected
from initspec_conformance.expected.laws import zeros_of
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates


class Adjacency(Mask):
    """Zeros of a slice do not cluster."""

    name = "zero_adjacency"
    asserts = "neighbours in a slice are both zero as often as chance says"
    null = "pairs of neighbouring zeros: mean z (z-1) / E, the variance of a random permutation"
    unit = "of the pairs"

    def measure(self, batch: Batch) -> Sums:
        mask = masks(batch)
        pairs = int((mask[..., 1:] & mask[..., :-1]).sum())
        return Sums((pairs, mask.shape[0] * mask.shape[1]))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        pairs, slices = state
        mean, variance, skewness = _adjacent(expected)
        off = pairs - slices * mean
        # A count is half a step nearer than it looks: the correction for continuity.
        nearer = math.copysign(max(abs(off) - 0.5, 0.0), off)
        z = nearer / math.sqrt(max(slices * variance, 1e-300))
        p_value = float(error_rates.of_skewed(z, skewness / math.sqrt(max(slices, 1))))
        message = (
            f"pairs of neighbouring zeros in a slice: {pairs / max(slices, 1):.5g} "
            f"where {mean:.5g} is chance, z = {z:+.2f}"
        )
        return Evidence(z, p_value, slices, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        mean, variance, _ = _adjacent(expected)
        return error_rates.reach(levels) * math.sqrt(variance / max(n, 1)) / mean


def _adjacent(expected: Expected) -> tuple[float, float, float]:
    """Return mean, variance and skewness of the number of adjacent pairs of z zeros in E places.

    The runs of zeros R = z - pairs are hypergeometric: David & Barton (1962).
    """
    z, e, _ = zeros_of(expected.spec, expected.layout)
    kept = e - z
    mean = z * (z - 1) / e
    variance = z * (z - 1) * kept * (kept + 1) / (e**2 * (e - 1))
    return mean, variance, -_skewness(e, kept + 1, z)


@lru_cache(maxsize=256)
def _skewness(entries: int, marked: int, taken: int) -> float:
    """Return the skewness of a hypergeometric variable, 0 where it is a constant."""
    skewness = float(stats.hypergeom(entries, marked, taken).stats(moments="s"))
    return skewness if math.isfinite(skewness) else 0.0


class Overlap(Mask):
    """The zeros of two slices lie independently, at any distance."""

    name = "zero_overlap"
    asserts = "slices at any distance share zeros as often as independent ones"
    null = "shared zeros ~ Hypergeometric(E, z, z), summed over pairs, the largest over distances"
    unit = "of the shared zeros of slices at one distance"

    def measure(self, batch: Batch) -> Sums:
        _, _, slices = zeros_of(batch.expected.spec, batch.expected.layout)
        padded = fft.next_fast_len(2 * slices, real=True)
        power = np.zeros(padded // 2 + 1)
        for mask in masks(batch):
            spectrum = fft.rfft(mask.astype(np.float32), padded, axis=0)
            power += (spectrum.real**2 + spectrum.imag**2).sum(axis=1)
        return Sums((power, batch.count))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        power, draws = state
        _, entries, slices = zeros_of(expected.spec, expected.layout)
        mean, variance, skewness = _shared(expected)
        distances = np.arange(1, slices)
        pairs = draws * (slices - distances)
        shared = np.rint(fft.irfft(power, fft.next_fast_len(2 * slices, real=True))[distances])
        off = shared - pairs * mean
        # A count is half a step nearer than it looks: the correction for continuity.
        z = np.sign(off) * np.maximum(np.abs(off) - 0.5, 0.0) / np.sqrt(pairs * variance)
        p_values = error_rates.of_skewed(z, skewness / np.sqrt(pairs))
        worst = int(np.argmin(p_values))
        p_value = error_rates.bonferroni(float(p_values[worst]), len(distances))
        message = (
            f"slices {worst + 1} apart share {shared[worst] / pairs[worst]:.5g} zeros "
            f"where {mean:.5g} is chance, z = {z[worst]:+.2f}"
        )
        return Evidence(float(z[worst]), p_value, draws * slices * entries, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        mean, variance, _ = _shared(expected)
        _, entries, slices = zeros_of(expected.spec, expected.layout)
        pairs = max(n // (entries * slices), 1) * (slices - 1)
        return error_rates.reach(levels, slices - 1) * math.sqrt(variance / pairs) / mean


def _shared(expected: Expected) -> tuple[float, float, float]:
    """Return the mean, variance and skewness of how many zeros two slices share."""
    z, e, _ = zeros_of(expected.spec, expected.layout)
    return z * z / e, (z * (e - z) / e) ** 2 / (e - 1), _skewness(e, z, z)
