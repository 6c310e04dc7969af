"""Copies: slices that occur twice, also shuffled or negated, and values that occur too often."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec_conformance.checks.base import DEFAULT, Check, Evidence, Sums, deterministic
from initspec_conformance.checks.batch import MOST, Batch, some_of
from initspec_conformance.checks.coincidence import (
    bits_of_matrix,
    bits_of_multiset,
    coincidence,
)
from initspec_conformance.checks.matrices import frame_of
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.expected import Expected
from initspec_conformance.expected.slices import sizes_of, slices_of
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates


class Copies(Check):
    """No two slices hold the same sizes: no copy, rotated, shuffled, negated or transposed.

    Neither inside a draw nor in two of them. A slice is an output, an input, a copy or a place of
    the kernel; of orthogonal weights, a whole matrix.
    """

    name = "copies"
    group = "independence"
    asserts = "no two outputs, inputs, copies, kernel places or matrices hold the same sizes"
    null = "deterministic: such a coincidence has a probability below 2^-60"
    families = ("iid", "sparse", "haar")

    def applies(self, expected: Expected) -> bool:
        return super().applies(expected) and bool(_distinct_slices(expected))

    def measure(self, batch: Batch) -> Sums:
        mixed = _mix(batch.logical)
        sums = []
        for axes in _distinct_slices(batch.expected).values():
            over = tuple(1 + axis for axis in axes)
            of_slices = mixed.sum(axis=over, dtype=np.uint64).ravel()
            # A slice of nothing but zeros has no values to share.
            sums.append([of_slices[of_slices != 0]])
        return Sums((Sums(sums), mixed.size))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        of_each, n = state
        broken, message = 0, "all slices differ"
        kinds = _distinct_slices(expected)
        sums = {name: np.concatenate(lists) for name, lists in zip(kinds, of_each, strict=True)}
        for name, of_slices in sums.items():
            repeated = len(of_slices) - len(np.unique(of_slices))
            if repeated:
                broken += repeated
                message = (
                    f"{repeated} of {len(of_slices)} {name} repeat another one's absolute values"
                )
        if "outputs" in sums and "inputs" in sums:
            shared = len(np.intersect1d(sums["outputs"], sums["inputs"]))
            if shared:
                broken += shared
                message = f"{shared} outputs hold the absolute values of an input"
        return deterministic(broken, n, message)


ENOUGH = 100
"""How many bits of chance a slice has, so that none of 2^20 slices is another by chance."""


def _distinct_slices(expected: Expected) -> dict[str, tuple[int, ...]]:
    """Return the kinds of slices that differ but for a negligible chance, and each one's axes."""
    if expected.family == "haar":
        frame = frame_of(expected)
        bits = bits_of_matrix(expected, frame.rows, frame.columns)
        return {"matrices": (1, 2, 3)} if bits > ENOUGH else {}
    sizes, kinds = sizes_of(expected.layout), {}
    for name, axes in slices_of(expected.layout).items():
        n = math.prod(sizes[axis] for axis in axes)
        if expected.family == "sparse":
            n = int(n * (1 - expected.spec.distribution.sparsity) / 2)  # type: ignore[attr-defined]
        if bits_of_multiset(expected, n) > ENOUGH:
            kinds[name] = axes
    return kinds


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
    Binomial(pairs, (n - 1) / (2 n - 1)) lie inside one draw. The first two draws are compared.
    """

    name = "repeats"
    group = "independence"
    asserts = "values repeat inside a draw as often as between two draws"
    null = "pairs of equal |x| inside two draws ~ Binomial(pairs, (n - 1) / (2 n - 1))"
    unit = "of the entries, as copies of others"
    needs_draws = 2

    def applies(self, expected: Expected) -> bool:
        return super().applies(expected) and not expected.narrow

    def measure(self, batch: Batch) -> list[Array]:
        rows = batch.entries[: max(2 - batch.first, 0)]
        return [np.sort(np.abs(some_of(row, MOST))) for row in rows]

    def evidence(self, state: list[Array], expected: Expected) -> Evidence:
        n = min(map(len, state))
        inside = sum(pairs_of_equal(row) for row in state)
        pairs = pairs_of_equal(np.sort(np.concatenate(state)))
        share = (n - 1) / (2 * n - 1)
        p_value = error_rates.of_binomial(inside, pairs, share)
        message = (
            f"{inside} pairs of equal sizes inside two draws of {n}, {pairs - inside} between them"
        )
        variance = max(pairs * share * (1 - share), 1.0)
        return Evidence((inside - pairs * share) / math.sqrt(variance), p_value, 2 * n, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        draw = min(n / 2, MOST, expected.size)
        pairs = 2 * draw**2 * coincidence(expected)
        # k pairs more inside: k / 2 off, and the standard deviation is sqrt(pairs + k) / 2.
        reach = error_rates.reach(levels)
        return (reach**2 + reach * math.sqrt(reach**2 + 4 * pairs)) / 2 / (2 * draw)


def pairs_of_equal(ordered: Array) -> int:
    """Return how many pairs of equal values a sorted array holds."""
    edges = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    runs = np.diff(edges, prepend=-1)
    return int((runs * (runs - 1) // 2).sum())
