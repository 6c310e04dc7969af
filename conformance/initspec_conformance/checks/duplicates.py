"""Copies: slices that occur twice, also shuffled or negated, and values that occur too often."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from initspec_conformance.checks.base import DEFAULT, Accumulator, Check, Evidence, fact
from initspec_conformance.checks.batch import MOST, Batch, some_of
from initspec_conformance.checks.coincidence import (
    bits_of_matrix,
    bits_of_multiset,
    coincidence,
)
from initspec_conformance.checks.matrices import frame_of
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.rounding import Spread
from initspec_conformance.expected.slices import sizes_of, slices_of
from initspec_conformance.expected.target import Target
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates


class Copies(Check):
    """No two slices hold the same sizes: no copy, rotated, shuffled, negated or transposed.

    Neither inside a draw nor in two of them. A slice is an output, an input, a copy or a place of
    the kernel; of orthogonal weights, a whole matrix.
    """

    name = "copies"
    asserts = "no two outputs, inputs, copies, kernel places or matrices hold the same sizes"
    null = "deterministic: such a coincidence has a probability below 2^-60"
    families = ("iid", "sparse", "haar")

    def applies(self, target: Target) -> bool:
        return super().applies(target) and bool(_telling(target))

    def start(self, target: Target) -> Accumulator:
        return _Copies(target)


ENOUGH = 100
"""How many bits of chance a slice has, so that none of 2^20 slices is another by chance."""


def _telling(target: Target) -> dict[str, tuple[int, ...]]:
    """Return the kinds of slices that are no other's by chance, and the axes of each."""
    if target.family == "haar":
        frame = frame_of(target)
        bits = bits_of_matrix(target, frame.rows, frame.columns)
        return {"matrices": (1, 2, 3)} if bits > ENOUGH else {}
    sizes, kinds = sizes_of(target.layout), {}
    for name, axes in slices_of(target.layout).items():
        n = math.prod(sizes[axis] for axis in axes)
        if target.family == "sparse":
            n = int(n * (1 - target.spec.distribution.sparsity) / 2)  # type: ignore[attr-defined]
        if bits_of_multiset(target, n) > ENOUGH:
            kinds[name] = axes
    return kinds


class _Copies(Accumulator):
    def __init__(self, target: Target) -> None:
        self.kinds = _telling(target)
        self.sums: dict[str, list[NDArray[np.uint64]]] = {name: [] for name in self.kinds}
        self.n = 0

    def add(self, batch: Batch) -> None:
        mixed = _mix(batch.logical)
        self.n += mixed.size
        for name, axes in self.kinds.items():
            over = tuple(1 + axis for axis in axes)
            found = mixed.sum(axis=over, dtype=np.uint64).ravel()
            # A slice of nothing but zeros has no values to share.
            self.sums[name].append(found[found != 0])

    def evidence(self) -> Evidence:
        broken, message = 0, "all slices differ"
        sums = {name: np.concatenate(found) for name, found in self.sums.items()}
        for name, found in sums.items():
            again = len(found) - len(np.unique(found))
            if again:
                broken += again
                message = f"{again} of {len(found)} {name} repeat another one's absolute values"
        if "outputs" in sums and "inputs" in sums:
            shared = len(np.intersect1d(sums["outputs"], sums["inputs"]))
            if shared:
                broken += shared
                message = f"{shared} outputs hold the absolute values of an input"
        return fact(broken, self.n, message)


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


class Repeats(Check):
    """Values occur twice in a draw as often as a value of one draw occurs in another.

    Whatever the lattice of a generator, of all pairs of equal values among two draws of n each,
    Binomial(pairs, (n - 1) / (2 n - 1)) lie inside one draw. Of a law of few values most pairs are
    equal by rounding, and in clusters that are no binomial count.
    """

    name = "repeats"
    asserts = "values repeat inside a draw as often as between two draws"
    null = "pairs of equal |x| inside two draws ~ Binomial(pairs, (n - 1) / (2 n - 1))"
    unit = "of the entries, as copies of others"
    families = ("iid", "sparse")

    def applies(self, target: Target) -> bool:
        wide = super().applies(target) and not target.narrow
        return wide and not isinstance(target.reading, Spread)

    def start(self, target: Target) -> Accumulator:
        return _Repeats()

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        draw = min(n / 2, MOST, target.size)
        pairs = 2 * draw**2 * coincidence(target)
        # k pairs more inside: k / 2 off, and the standard deviation is sqrt(pairs + k) / 2.
        reach = error_rates.reach(levels)
        return (reach**2 + reach * math.sqrt(reach**2 + 4 * pairs)) / 2 / (2 * draw)


class _Repeats(Accumulator):
    def __init__(self) -> None:
        self.sorted: list[Array] = []

    def add(self, batch: Batch) -> None:
        for row in batch.entries[: 2 - len(self.sorted)]:
            self.sorted.append(np.sort(np.abs(some_of(row, MOST))))

    def evidence(self) -> Evidence:
        n = min(map(len, self.sorted))
        inside = sum(pairs_of_equal(row) for row in self.sorted)
        pairs = pairs_of_equal(np.sort(np.concatenate(self.sorted)))
        share = (n - 1) / (2 * n - 1)
        p_value = error_rates.of_binomial(inside, pairs, share)
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
