"""Sparse weights: how many zeros each slice has, and that chance alone says where."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import fft, special, stats

from initspec import Sparse
from initspec.dtypes import FLOATS
from initspec_conformance import rates
from initspec_conformance.batch import Batch
from initspec_conformance.checks.base import DEFAULT, Accumulator, Check, Evidence, fact
from initspec_conformance.laws import zeros_of
from initspec_conformance.rates import Rates
from initspec_conformance.target import Target

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
        noncentrality = rates.noncentrality(entries - 1, levels.first / 2)
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
        p_value = rates.of_chi2(statistic, e - 1)
        message = (
            f"the {e} places of a slice are zero {self.counts.min()} to {self.counts.max()} times "
            f"in {n} slices: {statistic / (e - 1):.4f} times the variance of chance"
        )
        return Evidence(statistic / (e - 1), p_value, n * e, message)


class _Score(Accumulator):
    """A sum whose mean and variance are known, as a normal score."""

    what = ""

    def __init__(self, target: Target) -> None:
        self.zeros, self.entries, _ = zeros_of(target.spec, target.layout)
        self.sum = 0.0
        self.count = self.n = 0

    def law(self) -> tuple[float, float]:
        """Return the mean and the variance of one summand."""
        raise NotImplementedError

    def skewness(self) -> float:
        """Return the skewness of one summand."""
        raise NotImplementedError

    def evidence(self) -> Evidence:
        mean, variance = self.law()
        off = self.sum - self.count * mean
        # A count is half a step nearer than it looks: the correction for continuity.
        nearer = math.copysign(max(abs(off) - 0.5, 0.0), off)
        z = nearer / math.sqrt(max(self.count * variance, 1e-300))
        p_value = float(rates.of_skewed(z, self.skewness() / math.sqrt(max(self.count, 1))))
        message = (
            f"{self.what}: {self.sum / max(self.count, 1):.5g} where {mean:.5g} is chance, "
            f"z = {z:+.2f}"
        )
        return Evidence(z, p_value, self.n, message)


def _skewness(entries: int, marked: int, taken: int) -> float:
    """Return the skewness of a hypergeometric variable, 0 where it is a constant."""
    skewness = float(stats.hypergeom(entries, marked, taken).stats(moments="s"))
    return skewness if math.isfinite(skewness) else 0.0


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
        return rates.reach(levels) * math.sqrt(variance / max(n, 1)) / mean


class _Adjacency(_Score):
    what = "pairs of neighbouring zeros in a slice"

    def law(self) -> tuple[float, float]:
        """Return the law of the number of adjacent pairs among z zeros in a row of E places.

        The runs of zeros R = z - pairs are hypergeometric: David & Barton (1962).
        """
        z, e = self.zeros, self.entries
        kept = e - z
        mean = z * (z - 1) / e
        variance = z * (z - 1) * kept * (kept + 1) / (e**2 * (e - 1))
        return mean, variance

    def skewness(self) -> float:
        return -_skewness(self.entries, self.entries - self.zeros + 1, self.zeros)

    def add(self, batch: Batch) -> None:
        mask = masks(batch)
        self.sum += float((mask[..., 1:] & mask[..., :-1]).sum())
        self.count += mask.shape[0] * mask.shape[1]
        self.n = self.count


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
        return rates.reach(levels, slices - 1) * math.sqrt(variance / pairs) / mean


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
        p_values = rates.of_skewed(z, skewness / np.sqrt(pairs))
        worst = int(np.argmin(p_values))
        p_value = rates.bonferroni(float(p_values[worst]), len(distances))
        message = (
            f"slices {worst + 1} apart share {shared[worst] / pairs[worst]:.5g} zeros "
            f"where {mean:.5g} is chance, z = {z[worst]:+.2f}"
        )
        n = self.draws * self.slices * self.entries
        return Evidence(float(z[worst]), p_value, n, message)


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
