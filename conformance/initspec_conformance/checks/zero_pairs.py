"""Zeros that meet: neighbours in a slice, and the same places of two slices of a sparse weight."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy import fft, stats

from initspec_conformance.checks.base import DEFAULT, Accumulator, Evidence
from initspec_conformance.checks.batch import Batch
from initspec_conformance.checks.sparsity import Mask, masks
from initspec_conformance.expected.laws import zeros_of
from initspec_conformance.expected.target import Target
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates


class Adjacency(Mask):
    """Zeros of a slice do not cluster."""

    name = "zero_adjacency"
    asserts = "neighbours in a slice are both zero as often as chance says"
    null = "pairs of neighbouring zeros: mean z (z-1) / E, the variance of a random permutation"
    unit = "of the pairs"

    def start(self, target: Target) -> Accumulator:
        return _Adjacency(target)

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        mean, variance = _Adjacency(target).law()
        return error_rates.reach(levels) * math.sqrt(variance / max(n, 1)) / mean


class _Adjacency(Accumulator):
    def __init__(self, target: Target) -> None:
        self.zeros, self.entries, _ = zeros_of(target.spec, target.layout)
        self.pairs = self.slices = 0

    def law(self) -> tuple[float, float]:
        """Return mean and variance of the number of adjacent pairs among z zeros in E places.

        The runs of zeros R = z - pairs are hypergeometric: David & Barton (1962).
        """
        z, e = self.zeros, self.entries
        kept = e - z
        mean = z * (z - 1) / e
        variance = z * (z - 1) * kept * (kept + 1) / (e**2 * (e - 1))
        return mean, variance

    def add(self, batch: Batch) -> None:
        mask = masks(batch)
        self.pairs += int((mask[..., 1:] & mask[..., :-1]).sum())
        self.slices += mask.shape[0] * mask.shape[1]

    def evidence(self) -> Evidence:
        mean, variance = self.law()
        off = self.pairs - self.slices * mean
        # A count is half a step nearer than it looks: the correction for continuity.
        nearer = math.copysign(max(abs(off) - 0.5, 0.0), off)
        z = nearer / math.sqrt(max(self.slices * variance, 1e-300))
        skewness = -_skewness(self.entries, self.entries - self.zeros + 1, self.zeros)
        p_value = float(error_rates.of_skewed(z, skewness / math.sqrt(max(self.slices, 1))))
        message = (
            f"pairs of neighbouring zeros in a slice: {self.pairs / max(self.slices, 1):.5g} "
            f"where {mean:.5g} is chance, z = {z:+.2f}"
        )
        return Evidence(z, p_value, self.slices, message)


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

    def start(self, target: Target) -> Accumulator:
        return _Overlap(target)

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        mean, variance, _ = _shared(target)
        _, entries, slices = zeros_of(target.spec, target.layout)
        pairs = max(n // (entries * slices), 1) * (slices - 1)
        return error_rates.reach(levels, slices - 1) * math.sqrt(variance / pairs) / mean


def _shared(target: Target) -> tuple[float, float, float]:
    """Return the mean, variance and skewness of how many zeros two slices share."""
    z, e, _ = zeros_of(target.spec, target.layout)
    return z * z / e, (z * (e - z) / e) ** 2 / (e - 1), _skewness(e, z, z)


class _Overlap(Accumulator):
    def __init__(self, target: Target) -> None:
        self.target = target
        self.zeros, self.entries, self.slices = zeros_of(target.spec, target.layout)
        self.padded = fft.next_fast_len(2 * self.slices, real=True)
        self.power = np.zeros(self.padded // 2 + 1)
        self.draws = 0

    def add(self, batch: Batch) -> None:
        for mask in masks(batch):
            spectrum = fft.rfft(mask.astype(np.float32), self.padded, axis=0)
            self.power += (spectrum.real**2 + spectrum.imag**2).sum(axis=1)
        self.draws += batch.count

    def evidence(self) -> Evidence:
        mean, variance, skewness = _shared(self.target)
        distances = np.arange(1, self.slices)
        pairs = self.draws * (self.slices - distances)
        shared = np.rint(fft.irfft(self.power, self.padded)[distances])
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
        n = self.draws * self.slices * self.entries
        return Evidence(float(z[worst]), p_value, n, message)
