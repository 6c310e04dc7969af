"""Seeds, names and random state: which draw is which."""

from __future__ import annotations

import hashlib
import itertools

import numpy as np
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.expected import Expected
from numpy.typing import NDArray
from scipy import special

from initspec import Axes
from initspec.axes import IN_OUT, OUT_IN, by_rank
from initspec.backend import Spec
from mutants.base import Mutant, wide


class SeedIgnored(Mutant):
    """One seed for every parameter, whatever the caller says."""

    caught_by = "distinct_seeds"

    def generator(self, entropy: int) -> np.random.Generator:
        return np.random.default_rng(0)


class SixteenBitSeed(Mutant):
    """A seed of which 16 bits are used."""

    caught_by = "distinct_seeds"

    def generator(self, entropy: int) -> np.random.Generator:
        return np.random.default_rng(entropy & 0xFFFF)


class SeedAsFloat32(Mutant):
    """A seed that passes through a float32: the neighbours of a large one are equal to it."""

    caught_by = "distinct_seeds"

    def generator(self, entropy: int) -> np.random.Generator:
        return np.random.default_rng(int(np.float32(entropy)))


class LowBitIgnored(Mutant):
    """A seed whose lowest bit is lost: a generator that needs odd seeds, and makes them so."""

    caught_by = "distinct_seeds"

    def generator(self, entropy: int) -> np.random.Generator:
        return np.random.default_rng(entropy | 1)


class SeedShifts(Mutant):
    """The next seed gives the same sequence from its next element: a counter that starts there."""

    caught_by = "seeds"
    discrepancy = 1.0

    def __init__(self) -> None:
        self._start = 0

    def generator(self, entropy: int) -> np.random.Generator:
        self._start = entropy
        return super().generator(entropy)

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        counter = np.arange(self._start, self._start + expected.size, dtype=np.uint64)
        u = ((mix(counter) >> np.uint64(11)) + 0.5) / (1 << 53)
        std = expected.spec.std(expected.shape, expected.axes)
        return np.asarray((std * special.ndtri(u)).reshape(expected.shape).astype(wide(expected)))


def mix(counter: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return 64 mixed bits of each counter: SplitMix64, Steele et al. (2014)."""
    x = counter * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return x ^ (x >> np.uint64(31))


class SeedsShareNoise(Mutant):
    """A common part in the noise of all seeds: 10% of the variance from a frozen table."""

    caught_by = "seeds"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        frozen = super().weight(expected, np.random.default_rng(20))
        return np.asarray(np.sqrt(0.9) * right + np.sqrt(0.1) * frozen).astype(right.dtype)


class OddSeedsNegate(Mutant):
    """An odd seed gives the negative of the even one below it."""

    caught_by = "seeds"
    discrepancy = 1.0

    def __init__(self) -> None:
        self._sign = 1.0

    def generator(self, entropy: int) -> np.random.Generator:
        self._sign = -1.0 if entropy % 2 else 1.0
        return super().generator(entropy // 2)

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        return np.asarray(right * right.dtype.type(self._sign))


class GlobalState(Mutant):
    """Seeds NumPy's global generator, and leaves it so."""

    caught_by = "global_state"

    def generator(self, entropy: int) -> np.random.Generator:
        np.random.seed(entropy)
        return np.random.default_rng(np.random.randint(1 << 31))


class NeverTheSame(Mutant):
    """The seed does not reach the sampler, which takes fresh entropy."""

    caught_by = "reproducible"

    def generator(self, entropy: int) -> np.random.Generator:
        return np.random.default_rng()


class CallsCounted(Mutant):
    """A draw depends on how many came before it: a generator that is kept between calls."""

    caught_by = "reproducible"

    def __init__(self) -> None:
        self._calls = itertools.count()

    def generator(self, entropy: int) -> np.random.Generator:
        return np.random.default_rng((entropy, next(self._calls)))


class NameIgnored(Mutant):
    """The portable stream without the name: parameters of one seed and shape are equal."""

    caught_by = "names"

    def seeded(self, expected: Expected, seed: int, name: str) -> Array:
        return super().seeded(expected, seed, "")


class PortableSeedOfSixteenBits(Mutant):
    """The portable stream with the low 16 bits of the seed."""

    caught_by = "stream"

    def seeded(self, expected: Expected, seed: int, name: str) -> Array:
        return super().seeded(expected, seed & 0xFFFF, name)


class PortableLastBits(Mutant):
    """The portable stream by a fused multiply-add: the last bits differ, and no law shows it."""

    caught_by = "stream"

    def seeded(self, expected: Expected, seed: int, name: str) -> Array:
        right = super().seeded(expected, seed, name)
        return np.asarray((right.astype(np.float64) * (1 + 2.0**-22)).astype(right.dtype))


class EntropyInPortableStream(Mutant):
    """A seeded draw that the framework's own generator has a say in."""

    caught_by = "names"

    def draw(
        self,
        spec: Spec,
        shape: tuple[int, ...],
        *,
        axes: Axes | None = None,
        dtype: str = "float32",
        entropy: int = 0,
        seed: int | None = None,
        name: str = "",
    ) -> Array:
        seed = None if seed is None else seed + entropy
        return super().draw(
            spec, shape, axes=axes, dtype=dtype, entropy=entropy, seed=seed, name=name
        )


class SpecInTheSeed(Mutant):
    """The spec is hashed into the seed, so that another gain is other noise."""

    caught_by = "scaling"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        digest = hashlib.sha256(str(expected.spec).encode()).digest()
        own = np.random.default_rng((int(rng.integers(1 << 62)), *digest))
        return super().weight(expected, own)


class ConventionUnsaid(Mutant):
    """It names Keras' convention, and without axes draws by NumPy's."""

    caught_by = "convention"

    def default_axes(self, rank: int) -> Axes | None:
        return by_rank(IN_OUT, rank)

    def draw(
        self,
        spec: Spec,
        shape: tuple[int, ...],
        *,
        axes: Axes | None = None,
        dtype: str = "float32",
        entropy: int = 0,
        seed: int | None = None,
        name: str = "",
    ) -> Array:
        axes = axes or by_rank(OUT_IN, len(shape))
        return super().draw(
            spec, shape, axes=axes, dtype=dtype, entropy=entropy, seed=seed, name=name
        )
