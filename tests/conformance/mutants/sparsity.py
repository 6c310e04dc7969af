"""Sparse weights with the wrong zeros."""

from __future__ import annotations

import math

import numpy as np
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.expected import Expected
from initspec_conformance.expected.laws import zeros_of
from numpy.typing import NDArray

from initspec import Sparse
from mutants.base import Mutant, wide

Where = NDArray[np.bool_]


class Masked(Mutant, abstract=True):
    """Draws normal entries and zeros by `mask`, and every other family right."""

    caught_by = "zeros"
    spec = "sparse(sparsity=0.5, std=0.02)"
    shape = (64, 128)

    def zeros(self, expected: Expected) -> int:
        """Return how many zeros a slice gets."""
        return zeros_of(expected.spec, expected.layout)[0]

    def mask(self, rng: np.random.Generator, slices: int, entries: int, zeros: int) -> Where:
        """Return where the zeros lie, [slices, entries]; this one is right."""
        order = np.argsort(rng.random((slices, entries)), axis=1)
        return np.asarray(order < zeros)

    def along(self, expected: Expected) -> str:
        """Return what a slice runs along."""
        assert isinstance(expected.spec.distribution, Sparse)
        return expected.spec.distribution.along

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        if expected.family != "sparse":
            return super().weight(expected, rng)
        layout = expected.layout
        entries, slices = layout.columns, layout.out
        if self.along(expected) == "out":
            entries, slices = slices, entries
        chosen = self.mask(rng, layout.stack * slices, entries, self.zeros(expected))
        where = chosen.reshape(layout.stack, slices, entries)
        if self.along(expected) == "out":
            where = where.transpose(0, 2, 1)
        assert expected.law is not None
        values = expected.law.scale * rng.standard_normal(where.shape)
        # A normal value may round to 0 itself: once in 10^40.
        masked = self.masked(values, where)
        whole = masked.reshape(layout.stack, layout.out, layout.in_, layout.taps)
        return np.asarray(layout.weight(whole).astype(wide(expected)))

    def masked(self, values: Array, where: Where) -> Array:
        """Return the values with zeros."""
        return np.where(where, 0.0, values)


class OneZeroLess(Masked):
    """floor for ceil: one zero too few in each slice."""

    spec = "sparse(sparsity=0.33, std=0.02)"

    def zeros(self, expected: Expected) -> int:
        return zeros_of(expected.spec, expected.layout)[0] - 1


class CeilingInFloatingPoint(Masked):
    """ceil(0.07 * 100) is 8 in floating point."""

    spec = "sparse(sparsity=0.07, std=0.02)"
    shape = (64, 100)

    def zeros(self, expected: Expected) -> int:
        assert isinstance(expected.spec.distribution, Sparse)
        return math.ceil(
            expected.spec.distribution.sparsity * zeros_of(expected.spec, expected.layout)[1]
        )


class SparsityAsDensity(Masked):
    """The share of zeros is read as that of the others."""

    spec = "sparse(sparsity=0.9, std=0.02)"

    def zeros(self, expected: Expected) -> int:
        zeros, entries, _ = zeros_of(expected.spec, expected.layout)
        return entries - zeros


class BernoulliMask(Masked):
    """Each entry is zero by a coin of its own: right on average.

    https://github.com/ml-explore/mlx/pull/1498
    """

    def mask(self, rng: np.random.Generator, slices: int, entries: int, zeros: int) -> Where:
        return np.asarray(rng.random((slices, entries)) < zeros / entries)


class OtherAxis(Masked):
    """The zeros are counted along the other axis: https://github.com/ml-explore/mlx/pull/3725."""

    def along(self, expected: Expected) -> str:
        return "out" if super().along(expected) == "in" else "in"

    def zeros(self, expected: Expected) -> int:
        family = expected.spec.distribution
        assert isinstance(family, Sparse)
        layout = expected.layout
        entries = layout.out if family.along == "in" else layout.columns
        return math.ceil(round(family.sparsity * entries, 9))


class NearlyZeros(Masked):
    """The zeros are 1e-20: a multiplication with an epsilon."""

    def masked(self, values: Array, where: Where) -> Array:
        return np.where(where, 1e-20, values)


class OneMask(Masked):
    """One mask for all slices, broadcast."""

    caught_by = "zero_masks"

    def mask(self, rng: np.random.Generator, slices: int, entries: int, zeros: int) -> Where:
        return np.repeat(super().mask(rng, 1, entries, zeros), slices, axis=0)


class MaskWithoutGenerator(Masked):
    """The mask ignores the generator: torch's sparse_(generator=g).

    https://github.com/pytorch/pytorch/pull/196941
    """

    caught_by = "reproducible"

    def mask(self, rng: np.random.Generator, slices: int, entries: int, zeros: int) -> Where:
        return super().mask(np.random.default_rng(), slices, entries, zeros)


class MaskOfOneSeed(Masked):
    """The mask is the same for every seed."""

    caught_by = "zero_masks"

    def mask(self, rng: np.random.Generator, slices: int, entries: int, zeros: int) -> Where:
        return super().mask(np.random.default_rng(3), slices, entries, zeros)


class PlaceNeverChosen(Masked):
    """The last place of a slice is never zero: an exclusive end that was excluded twice."""

    caught_by = "zero_places"

    def mask(self, rng: np.random.Generator, slices: int, entries: int, zeros: int) -> Where:
        chosen = super().mask(rng, slices, entries - 1, zeros)
        return np.pad(chosen, ((0, 0), (0, 1)))

    def predicted(self) -> float:
        # One place of E has N = 0 for S p: its variance, p^2, over p (1 - p), a share of E.
        zeros, entries, _ = zeros_of(self.expected.spec, self.expected.layout)
        p = zeros / entries
        return p / (1 - p) / entries


class FirstPlaces(Masked):
    """The first places of each slice: https://github.com/FluxML/Flux.jl/pull/1454, a draft of it.

    The zeros of every slice lie in its first three quarters.
    """

    caught_by = "zero_places"

    def mask(self, rng: np.random.Generator, slices: int, entries: int, zeros: int) -> Where:
        head = max(3 * entries // 4, zeros)
        chosen = super().mask(rng, slices, head, zeros)
        return np.pad(chosen, ((0, 0), (0, entries - head)))


class ZerosInOneBlock(Masked):
    """The zeros of a slice are one block that starts anywhere, and goes on at the front."""

    caught_by = "zero_adjacency"

    def mask(self, rng: np.random.Generator, slices: int, entries: int, zeros: int) -> Where:
        start = rng.integers(0, entries, (slices, 1))
        return np.asarray((np.arange(entries) - start) % entries < zeros)


class OneOfTwoHalves(Masked):
    """Of the places j and j + E / 2 exactly one is zero: a mask beside its complement."""

    caught_by = "zero_distances"

    def mask(self, rng: np.random.Generator, slices: int, entries: int, zeros: int) -> Where:
        if 2 * zeros != entries:
            return super().mask(rng, slices, entries, zeros)
        half = rng.random((slices, zeros)) < 0.5
        return np.concatenate([half, ~half], axis=1)

    def predicted(self) -> float:
        return 1.0


class OneKeptInEachStride(Masked):
    """One of j, j + k, j + 2 k, ... is kept: a choice in each stratum, spread over the slice."""

    caught_by = "zero_distances"
    spec = "sparse(sparsity=0.9, std=0.02)"
    shape = (128, 120)

    def mask(self, rng: np.random.Generator, slices: int, entries: int, zeros: int) -> Where:
        strata = entries - zeros
        if entries % strata:
            return super().mask(rng, slices, entries, zeros)
        kept = rng.integers(0, entries // strata, (slices, 1, strata))
        mask = np.arange(entries // strata)[:, None] != kept
        return np.asarray(mask.reshape(slices, entries))


class AsManyInEachHalf(Masked):
    """Each half of a slice has half of the zeros: two blocks, masked one by one."""

    caught_by = "zero_waves"
    shape = (128, 512)

    def mask(self, rng: np.random.Generator, slices: int, entries: int, zeros: int) -> Where:
        if entries % 2 or zeros % 2:
            return super().mask(rng, slices, entries, zeros)
        halves = super().mask(rng, 2 * slices, entries // 2, zeros // 2)
        return halves.reshape(slices, entries)


class NeighboursAlike(Masked):
    """Every second slice has the zeros of the one before it, but for one that moved."""

    caught_by = "zero_overlap"

    def mask(self, rng: np.random.Generator, slices: int, entries: int, zeros: int) -> Where:
        chosen = super().mask(rng, slices, entries, zeros)
        for i in range(1, slices, 2):
            chosen[i] = chosen[i - 1]
            chosen[i, [chosen[i].argmax(), (~chosen[i]).argmax()]] ^= True
        return chosen


class SmallestPruned(Masked):
    """The smallest values of a slice are zero, as pruning leaves it, for any that chance picks."""

    caught_by = "legendre"

    def masked(self, values: Array, where: Where) -> Array:
        zeros = int(where[0, 0].sum())
        rank = np.argsort(np.argsort(np.abs(values), axis=2), axis=2)
        return np.where(rank < zeros, 0.0, values)
