"""Another law with the right mean and variance, wrong tails, wrong ends."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

import numpy as np
from initspec_conformance.expected.arrays import Array, Values
from initspec_conformance.expected.expected import Expected
from scipy import special, stats

from initspec import InitSpec
from mutants.base import MATRIX, Mutant, wide


class OtherLaw(Mutant, abstract=True):
    """Independent entries of mean 0 and variance 1 from another law, scaled to the spec's sigma."""

    def variate(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
        """Return independent entries of mean 0 and variance 1."""
        raise NotImplementedError

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        std = expected.spec.std(expected.shape, expected.axes)
        return np.asarray((std * self.variate(rng, expected.shape)).astype(wide(expected)))


def _legendre(quantiles: Values) -> float:
    """Return the largest |E sqrt(2k+1) P_k(2 Phi(x) - 1)| of a law that poses as N(0, 1)."""
    y = 2 * special.ndtr(quantiles) - 1
    return max(
        math.sqrt(2 * k + 1) * abs(float(np.mean(special.eval_legendre(k, y)))) for k in range(1, 9)
    )


_GRID = (np.arange(1 << 14) + 0.5) / (1 << 14)


class UniformForNormal(OtherLaw):
    """torch's Linear draws kaiming_uniform_ where papers and their readers write N(0, 2 / n)."""

    caught_by = "legendre"

    def variate(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
        return rng.uniform(-math.sqrt(3), math.sqrt(3), shape)

    def predicted(self) -> float:
        x = math.sqrt(3) * (2 * _GRID - 1)
        return _legendre(x)


class TruncatedForNormal(OtherLaw):
    """Keras' and JAX' he_normal, cut at two sigmas, for the paper's and torch's, which is not."""

    caught_by = "legendre"

    def variate(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
        law = stats.truncnorm(-2, 2)
        return np.asarray(law.ppf(rng.random(shape)) / law.std())

    def predicted(self) -> float:
        law = stats.truncnorm(-2, 2)
        x = law.ppf(_GRID) / law.std()
        return _legendre(x)


class LaplaceForNormal(OtherLaw):
    """Heavier tails of the same variance."""

    caught_by = "legendre"

    def variate(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
        return rng.laplace(0, math.sqrt(0.5), shape)

    def predicted(self) -> float:
        x = stats.laplace(0, math.sqrt(0.5)).ppf(_GRID)
        return _legendre(x)


class LogisticQuantile(OtherLaw):
    """A logistic quantile for the normal one: the approximation 1.702 of item response theory."""

    caught_by = "legendre"
    shape = MATRIX

    def variate(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
        return rng.logistic(0, math.sqrt(3) / math.pi, shape)

    def predicted(self) -> float:
        x = stats.logistic(0, math.sqrt(3) / math.pi).ppf(_GRID)
        return _legendre(x)


class TwoPoints(OtherLaw):
    """Signs times sigma: the first two moments are right, and nothing else is."""

    caught_by = "distance"
    discrepancy = 0.3413

    def variate(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
        return rng.choice([-1.0, 1.0], shape)


class CoarseTable(OtherLaw):
    """Inversion by a table of 32 knots, the nearest one taken, and noise too narrow over it."""

    caught_by = "distance"
    shape = MATRIX
    discrepancy = 1 / 64

    def variate(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
        u = (rng.integers(0, 32, shape) + 0.5 + 0.001 * (rng.random(shape) - 0.5)) / 32
        return np.asarray(special.ndtri(u))


class Clipped(Mutant):
    """Values beyond the bounds are clipped onto them, where they are drawn again."""

    caught_by = "tails"
    spec = "truncated_normal(std=0.02, corrected=False)"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        assert expected.law is not None
        low, high = expected.law.low, expected.law.high
        drawn = np.clip(0.02 * rng.standard_normal(expected.shape), low, high)
        return np.asarray(drawn.astype(wide(expected)))

    def predicted(self) -> float:
        return float(special.ndtr(-2.0)) / 1e-3 - 1


class CutAtThreeSigma(OtherLaw):
    """A normal law cut at three sigmas and rescaled to unit variance."""

    caught_by = "tails"
    discrepancy = 1.0

    def variate(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
        law = stats.truncnorm(-3, 3)
        return np.asarray(law.ppf(rng.random(shape)) / law.std())


class SumOfTwelve(OtherLaw):
    """Twelve uniforms less 6: the sampler of the IBM Scientific Subroutine Package."""

    caught_by = "tails"
    shape = MATRIX
    level = "default"

    def variate(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
        total = np.zeros(shape)
        for _ in range(12):
            total += rng.random(shape)
        return total - 6

    def predicted(self) -> float:
        # Irwin (1927), Hall (1927): P(S <= x) = sum_k (-1)^k C(12, k) (x - k)_+^12 / 12!.
        x = 6 + float(special.ndtri(1e-3))
        terms = [(-1) ** k * math.comb(12, k) * max(x - k, 0.0) ** 12 for k in range(4)]
        return float(1 - sum(terms) / math.factorial(12) / 1e-3)


class SixteenBitTail(OtherLaw):
    """Inversion of a 16-bit uniform: no value beyond 4.3 sigma."""

    caught_by = "extremes"
    shape = MATRIX
    level = "default"

    def variate(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
        u = (rng.integers(0, 1 << 16, shape) + 0.5) / (1 << 16)
        return np.asarray(special.ndtri(u))

    discrepancy = 2.0**-17


class StrayOutliers(Mutant):
    """One value in 2^14 is ten times too large: memory that was not initialised."""

    caught_by = "extremes"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        right[rng.random(right.shape) < 2.0**-14] *= 10
        return right


class NormalForTruncated(OtherLaw):
    """torch's trunc_normal_(std=0.02): its bounds are absolute, -2 and 2, and never reached."""

    caught_by = "support"
    spec = "truncated_normal(std=0.02)"

    def variate(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
        return rng.standard_normal(shape)


class BoundsInOwnSigmas(Mutant):
    """Cut at two sigmas of the result, where the bounds are in sigmas of the parent."""

    caught_by = "extremes"
    spec = "truncated_normal(std=0.02)"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        assert expected.law is not None
        narrow = stats.truncnorm(-1.76, 1.76)
        y = narrow.ppf(rng.random(expected.shape)) / narrow.std()
        return np.asarray((0.02 * y).astype(wide(expected)))


class Stretched(Mutant, abstract=True):
    """A bounded law on a support of the wrong width.

    Attributes:
        stretch: how many times too wide it is.
    """

    spec = "he_uniform"
    stretch: ClassVar[float]

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        return np.asarray(right * right.dtype.type(self.stretch))


class BoundsTooWide(Stretched):
    """Beyond the bounds by a share of 2e-4: the bound was rounded up to a 16-bit float."""

    caught_by = "support"
    stretch = 1 + 2e-4
    discrepancy = 2e-4


class BoundsTooNarrow(Stretched):
    """Short of the bounds by 1e-3: an epsilon that keeps a logarithm finite."""

    caught_by = "extremes"
    stretch = 1 - 1e-3
    discrepancy = 5e-4


class FewBeyondBounds(Mutant):
    """A few values per ten thousand outside the bounds: Keras on torch, truncated."""

    caught_by = "support"
    spec = "he_truncated_normal"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        right[rng.random(right.shape) < 1e-4] *= 3
        return right


class WrongEnd(Mutant):
    """The bounds (-1, 3) are read as (-3, 1): the sign of an asymmetric law."""

    caught_by = "support"
    spec = "truncated_normal(std=0.02, lower=-1.0, upper=3.0)"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        return -super().weight(expected, rng)


class NormalForUniform(Mutant):
    """The distribution's name is not looked at."""

    caught_by = "support"
    spec = "glorot_uniform"

    def meant(self, expected: Expected) -> Expected:
        return replace(expected, spec=InitSpec("normal", "glorot"))


class UniformForLogUniform(Mutant):
    """Step sizes uniform, as Mamba's paper has them, where its code has them log-uniform."""

    caught_by = "distance"
    spec = "log_uniform(low=0.001, high=0.1, through=inverse_softplus)"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        x = rng.uniform(0.001, 0.1, expected.shape)
        return np.asarray((x + np.log(-np.expm1(-x))).astype(wide(expected)))

    def predicted(self) -> float:
        x = np.linspace(0.001, 0.1, 1 << 14)
        return float(np.max(np.log(x / 0.001) / math.log(100) - (x - 0.001) / 0.099))
