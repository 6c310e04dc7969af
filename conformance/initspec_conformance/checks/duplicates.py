"""Copies: slices that occur twice, also shuffled or negated, and values that occur too often."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from initspec_conformance import rates
from initspec_conformance.arrays import Array
from initspec_conformance.batch import Batch
from initspec_conformance.checks.base import DEFAULT, Accumulator, Check, Evidence, fact
from initspec_conformance.checks.coincidence import coincidence
from initspec_conformance.checks.rows import slices_of
from initspec_conformance.rates import Rates
from initspec_conformance.target import Target


class Copies(Check):
    """No two slices hold the same sizes: no copy, rotated, shuffled, negated or transposed."""

    name = "copies"
    asserts = "no two outputs, inputs, copies or kernel places hold the same absolute values"
    null = "deterministic: such a coincidence has a probability below 2^-60"
    families = ("iid", "sparse")

    def applies(self, target: Target) -> bool:
        return super().applies(target) and _bits(target) > 100

    def start(self, target: Target) -> Accumulator:
        return _Copies(target)


def _bits(target: Target) -> float:
    """Return -log2 of a bound of P(two slices hold the same multiset of sizes)."""
    layout = target.layout
    sizes = (layout.stack, layout.out, layout.in_, layout.taps)
    kinds = slices_of(target)
    if not kinds:
        return 0.0
    n = min(math.prod(sizes[axis] for axis in axes) for axes in kinds.values())
    if target.family == "sparse":
        n = int(n * (1 - target.spec.distribution.sparsity) / 2)  # type: ignore[attr-defined]
    return -n * math.log2(coincidence(target)) - math.lgamma(n + 1) / math.log(2)


class _Copies(Accumulator):
    def __init__(self, target: Target) -> None:
        self.kinds = slices_of(target)
        self.n = self.broken = 0
        self.message = "all slices differ"

    def add(self, batch: Batch) -> None:
        mixed = _mix(batch.logical)
        self.n += mixed.size
        sums: dict[str, NDArray[np.uint64]] = {}
        for name, axes in self.kinds.items():
            over = tuple(1 + axis for axis in axes)
            sums[name] = mixed.sum(axis=over, dtype=np.uint64).ravel()
            found, counts = np.unique(sums[name], return_counts=True)
            again = int((counts - 1)[found != 0].sum())
            if again:
                self.broken += again
                self.message = f"{again} of the {name} repeat another one's absolute values"
        pair = [sums.get("outputs"), sums.get("inputs")]
        if pair[0] is not None and pair[1] is not None:
            shared = np.intersect1d(pair[0], pair[1])
            shared = shared[shared != 0]  # a slice of nothing but zeros has no values to share
            if len(shared):
                self.broken += len(shared)
                self.message = f"{len(shared)} outputs hold the absolute values of an input"

    def evidence(self) -> Evidence:
        return fact(self.broken, self.n, self.message)


def _mix(values: Array) -> NDArray[np.uint64]:
    """Return 64 well-mixed bits for each absolute value, 0 for 0: Steele et al. (2014)."""
    width = values.dtype.itemsize
    bits = values.view(f"u{width}").astype(np.uint64)
    bits &= np.uint64((1 << (8 * width - 1)) - 1)
    bits *= np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits ^= bits >> np.uint64(shift)
        bits *= np.uint64(factor)
    bits ^= bits >> np.uint64(31)
    return bits


MOST = 1 << 19


class Repeats(Check):
    """Values occur twice in a draw as often as a value of one draw occurs in another.

    Whatever the lattice of a generator, of all pairs of equal values among two draws of n each,
    Binomial(pairs, (n - 1) / (2 n - 1)) lie inside one draw.
    """

    name = "repeats"
    asserts = "values repeat inside a draw as often as between two draws"
    null = "pairs of equal |x| inside two draws ~ Binomial(pairs, (n - 1) / (2 n - 1))"
    unit = "of the repeated pairs"
    families = ("iid", "sparse")

    def applies(self, target: Target) -> bool:
        return super().applies(target) and not target.narrow

    def start(self, target: Target) -> Accumulator:
        return _Repeats()

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        draw = min(n / 2, MOST, target.size)
        pairs = max((2 * draw) ** 2 / 2 / 2**23, 1.0)  # a 24-bit lattice, its sign folded away
        return rates.reach(levels) / math.sqrt(pairs)


class _Repeats(Accumulator):
    def __init__(self) -> None:
        self.sorted: list[Array] = []

    def add(self, batch: Batch) -> None:
        for row in batch.entries[: 2 - len(self.sorted)]:
            self.sorted.append(np.sort(np.abs(row[:MOST])))

    def evidence(self) -> Evidence:
        n = min(map(len, self.sorted))
        inside = sum(pairs_of_equal(row) for row in self.sorted)
        pairs = pairs_of_equal(np.sort(np.concatenate(self.sorted)))
        share = (n - 1) / (2 * n - 1)
        p_value = rates.of_binomial(inside, pairs, share)
        message = (
            f"{inside} pairs of equal sizes inside two draws of {n}, {pairs - inside} between them"
        )
        expected = max(pairs * share * (1 - share), 1.0)
        return Evidence((inside - pairs * share) / math.sqrt(expected), p_value, 2 * n, message)


def pairs_of_equal(ordered: Array) -> int:
    """Return how many pairs of equal values a sorted array holds."""
    edges = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    runs = np.diff(edges, prepend=-1)
    return int((runs * (runs - 1) // 2).sum())
