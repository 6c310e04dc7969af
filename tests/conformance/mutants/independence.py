"""Entries, rows and parameters that have to do with each other."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from initspec_conformance.expected.arrays import Array, Values
from initspec_conformance.expected.expected import Expected
from scipy import special

from mutants.base import MATRIX, Mutant, wide


class Spoiled(Mutant, abstract=True):
    """A right draw that is spoiled afterwards, in place."""

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        """Spoil a draw in its own order."""
        raise NotImplementedError

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        self.spoil(right, rng)
        return right


class HalvesDuplicated(Spoiled):
    """Both threads start with the same generator, and fill half of the weight each."""

    caught_by = "lags"
    discrepancy = 0.5

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        half = len(weight) // 2
        weight[half:] = weight[:half]


class HalvesNegated(Spoiled):
    """Antithetic pairs: the second half is the first one, negated. Better means, and no sample."""

    caught_by = "lags"
    discrepancy = 0.5

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        half = len(weight) // 2
        weight[half:] = -weight[:half]


class BlockRepeated(Spoiled):
    """4 of 512 rows again elsewhere: a counter that was advanced by too little."""

    caught_by = "lags"
    shape = MATRIX
    level = "default"
    # 4 * 520 products of 312 * 520 at one lag, in units of the whole draw's.
    discrepancy = 4 / math.sqrt(312 * 512)

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        weight[300:304] = weight[100:104]


class ChunksOverlap(Spoiled):
    """Each chunk of a parallel fill repeats the last eighth of the one before it."""

    caught_by = "lags"
    discrepancy = 1 / 8

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        flat = weight.reshape(-1)
        chunk = flat.size // 4
        for start in range(chunk, flat.size, chunk):
            flat[start : start + chunk // 8] = flat[start - chunk // 8 : start]


class Autoregressive(Mutant):
    """Each entry remembers the one before it, 5%: the low bits of a linear congruence."""

    caught_by = "lags"
    # U of normal variables with correlation r: (6 / pi) asin(r / 2), Pearson (1907).
    discrepancy = 6 / math.pi * math.asin(0.05 / 2)

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        std = expected.spec.std(expected.shape, expected.axes)
        noise = rng.standard_normal(math.prod(expected.shape) + 1)
        # A moving average a e_i + b e_(i-1), with a b = 0.05 and a^2 + b^2 = 1.
        b = math.sqrt((1 - math.sqrt(1 - 4 * 0.05**2)) / 2)
        mixed = math.sqrt(1 - b**2) * noise[1:] + b * noise[:-1]
        return np.asarray((std * mixed).reshape(expected.shape).astype(wide(expected)))


class SortedRuns(Spoiled):
    """Every 32 values come sorted: a vectorised rejection that packs lanes by size."""

    caught_by = "lags"

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        weight[...] = np.sort(weight.reshape(-1, 32), axis=1).reshape(weight.shape)


class Symmetric(Spoiled):
    """W equals its transpose."""

    caught_by = "copies"
    shape = (96, 96)

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        weight[...] = np.tril(weight) + np.tril(weight, -1).T


class RowsShuffledCopies(Spoiled):
    """The last row is the first one, shuffled and negated: a buffer that was used twice."""

    caught_by = "copies"

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        weight[-1] = -rng.permutation(weight[0])


class ColumnCopied(Spoiled):
    """Two inputs with the same weights."""

    caught_by = "copies"

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        weight[:, 40] = weight[:, 7]


class GroupsEqual(Spoiled):
    """Each group of a convolution gets the same weights, drawn once and tiled."""

    caught_by = "copies"
    shape, axes = (64, 8, 3, 3), "(stack=4 out) in kernel kernel"

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        weight[16:] = np.tile(weight[:16], (3, 1, 1, 1))


class GatesEqual(Spoiled):
    """One initializer object on four gates: Keras, identical weights."""

    caught_by = "copies"
    shape, axes = (48, 128), "in (stack=4 out)"

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        weight[:, 32:] = np.tile(weight[:, :32], (1, 3))


class RowOffsets(Spoiled):
    """Each unit has a mean of its own, 1% of the variance: a bias folded into the weight."""

    caught_by = "rows"
    shape = MATRIX
    discrepancy = 0.01

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        std = math.sqrt(2 / weight.shape[1])
        offsets = 0.1 * std * rng.standard_normal((len(weight), 1))
        weight[...] = math.sqrt(0.99) * weight + offsets.astype(weight.dtype)


class ColumnScales(Spoiled):
    """Each input has a scale of its own, 10% either way: weights that were normalised once."""

    caught_by = "rows"
    shape = MATRIX

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        scales = np.sqrt(1 + 0.2 * (2 * rng.random(weight.shape[1]) - 1))
        weight *= scales.astype(weight.dtype)


class RowsNormalised(Spoiled):
    """Every row has the same length: weight normalisation applied at initialisation."""

    caught_by = "rows"
    shape = MATRIX

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        norms = np.sqrt((weight**2).mean(axis=1, keepdims=True))
        weight *= math.sqrt(2 / weight.shape[1]) / norms


class LastRowNotFilled(Spoiled):
    """A loop that ends one row early: the last one keeps its zeros."""

    caught_by = "rows"
    shape = MATRIX

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        weight[-1] = 0


class MomentsMatched(Spoiled):
    """Each draw is moved to mean 0 and scaled to its variance: LSUV, Mishkin & Matas (2016)."""

    caught_by = "underdispersed"
    discrepancy = 1.0

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        std = math.sqrt(2 / weight.shape[1])
        weight -= weight.mean()
        weight *= std / weight.std()


class Stratified(Mutant):
    """A low-discrepancy sampler: one value in each of n strata."""

    caught_by = "underdispersed"
    discrepancy = 1.0

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        n = math.prod(expected.shape)
        u: Values = (rng.permutation(n) + rng.random(n)) / n
        std = expected.spec.std(expected.shape, expected.axes)
        return np.asarray((std * special.ndtri(u)).reshape(expected.shape).astype(wide(expected)))


class ScaleWanders(Spoiled):
    """Each draw has a scale of its own, right on average: a running estimate of the variance."""

    caught_by = "underdispersed"

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        weight *= weight.dtype.type(math.sqrt(1 + 0.2 * (2 * rng.random() - 1)))


class WithoutReplacement(Mutant):
    """A uniform from a permuted counter never repeats a value: a full-period generator."""

    caught_by = "repeats"
    spec = "uniform(low=-1.0, high=1.0)"
    shape = MATRIX
    # Of n sizes on 2^23 places n^2 / 2^24 pairs are missing, a share of n / 2^24 of the entries.
    discrepancy = 512 * 520 / 2**24

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        n = math.prod(expected.shape)
        # An odd multiplier permutes 24 bits.
        k = (rng.integers(0, 1 << 23) * 2 + 1) * rng.permutation(n).astype(np.int64)
        u = ((k + rng.integers(0, 1 << 24)) % (1 << 24) + 0.5) / (1 << 24)
        return np.asarray((2 * u - 1).reshape(expected.shape).astype(wide(expected)))


class SmallPool(Mutant):
    """Values are picked from a pool of 2^17 that each draw fills anew, to save on logarithms."""

    caught_by = "repeats"
    shape = MATRIX
    discrepancy = 1.0

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        pool = super().weight(replace(expected, shape=(1 << 8, expected.shape[1])), rng).ravel()
        return np.asarray(rng.choice(pool, expected.shape))


class RowsMirrored(Spoiled):
    """The right half of each row is its left half, mirrored: no lag, but equal inputs."""

    caught_by = "copies"

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        half = weight.shape[1] // 2
        weight[:, half:] = weight[:, :half][:, ::-1]


class FirstEntryPositive(Spoiled):
    """The first entry of every draw is positive: the sign bit of a counter that starts at 0."""

    caught_by = "positions"
    shape = (16, 16)

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        weight[0, 0] = abs(weight[0, 0])


class Checkerboard(Mutant):
    """Neighbours are moved apart by 2% of sigma: dithering that was left in."""

    caught_by = "periods"
    shape = MATRIX
    level = "default"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        std = expected.spec.std(expected.shape, expected.axes)
        signs = 1 - 2 * (np.arange(expected.size) % 2).reshape(expected.shape)
        return np.asarray(right + (0.02 * std * signs).astype(right.dtype))

    def predicted(self) -> float:
        # U moves by 0.02 E f(x) = 0.02 / (2 sqrt(pi)), in units of 1 / sqrt(12); a wave of the
        # highest frequency has both of its parts in one, twice what an amplitude adds elsewhere.
        return 2 * 0.02 * math.sqrt(12) / (2 * math.sqrt(math.pi))


class VarianceDrifts(Mutant):
    """The variance grows by 6% from the first entry to the last: a temperature that is annealed."""

    caught_by = "periods"
    shape = MATRIX
    level = "default"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        drift = np.sqrt(1 + 0.06 * np.linspace(-1, 1, expected.size)).reshape(expected.shape)
        return np.asarray(right * drift.astype(right.dtype))


class PartlySymmetric(Mutant):
    """A weight with a share of its own transpose: a symmetric part that was not projected out."""

    caught_by = "transpose"
    shape = (96, 96)

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        mixed = (right + 0.2 * right.T) / math.sqrt(1.04)
        np.fill_diagonal(mixed, np.diagonal(right))
        return np.asarray(mixed.astype(right.dtype))

    def predicted(self) -> float:
        r = 2 * 0.2 / 1.04
        return 6 / math.pi * math.asin(r / 2)  # of the places in (0, 1): Pearson (1907)


class SignOfTwo(Spoiled):
    """Every third sign is the product of the two before it: 2 random bits used for 3 signs."""

    caught_by = "serial"

    def spoil(self, weight: Array, rng: np.random.Generator) -> None:
        flat = weight.reshape(-1)
        whole = flat.size // 3 * 3
        triples = flat[:whole].reshape(-1, 3)
        triples[:, 2] = np.abs(triples[:, 2]) * np.sign(triples[:, 0]) * np.sign(triples[:, 1])
        flat[:whole] = triples.ravel()

    def predicted(self) -> float:
        return 1.0  # half of the octants are empty, the others twice as full


class Randu(Mutant):
    """IBM's RANDU: x <- 65539 x mod 2^31, whose triples lie in 15 planes, Marsaglia (1968)."""

    caught_by = "serial"
    spec = "uniform(low=-1.0, high=1.0)"
    shape = MATRIX

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        powers, mask = np.ones(expected.size, np.uint64), np.uint64((1 << 31) - 1)
        done = 1
        while done < expected.size:  # powers of the multiplier, twice as many each time
            step = powers[done - 1] * np.uint64(65539) & mask
            fresh = powers[: min(done, expected.size - done)] * step & mask
            powers[done : done + len(fresh)] = fresh
            done += len(fresh)
        start = np.uint64(int(rng.integers(1 << 30)) * 2 + 1)
        u = (powers * start & mask) / 2.0**31
        return np.asarray((2 * u - 1).reshape(expected.shape).astype(wide(expected)))


class RowsInTwoDraws(Mutant):
    """A row that every seed has, at another place each: a cache that is keyed by shape alone."""

    caught_by = "copies"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        frozen = super().weight(expected, np.random.default_rng(4))
        right[rng.integers(len(right))] = rng.permutation(frozen[0])
        return right


class HalfShuffled(Mutant):
    """The second half of a large weight is the first one, shuffled: no lag and no row shows it."""

    caught_by = "repeats"
    shape = (1024, 1024)
    discrepancy = 0.25

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng).ravel()
        half = right.size // 2
        right[half:] = rng.permutation(right[:half])
        return right.reshape(expected.shape)
