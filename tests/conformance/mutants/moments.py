"""Wrong means, variances and gains."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.expected import Expected

from initspec import InitSpec, TruncatedNormal
from initspec.distributions.rules import Std
from mutants.base import MATRIX, Mutant, Scaled


class MeanOff(Mutant):
    """The mean is off by 0.01 sigma: a biased rounding, or a uniform on (0, 1] read as [0, 1)."""

    caught_by = "mean"
    shape = MATRIX
    level = "default"
    discrepancy = 0.01

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        std = expected.spec.std(expected.shape, expected.axes)
        return np.asarray(right + right.dtype.type(self.discrepancy * std))


class OneSidedUniform(Mutant):
    """[0, b) for [-b, b): `bound * rng.random(shape)`, without the 2 u - 1."""

    caught_by = "mean"
    spec = "he_uniform"
    discrepancy = math.sqrt(3) / 2

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        return np.abs(super().weight(expected, rng))


class MeanForgotten(Mutant):
    """The fixed rule's mean is dropped, because fan rules have none."""

    caught_by = "mean"
    spec = "normal(std=0.02, mean=0.05)"
    discrepancy = 2.5

    def meant(self, expected: Expected) -> Expected:
        rule = expected.spec.variance
        assert isinstance(rule, Std)
        return replace(expected, spec=InitSpec.normal(std=rule.std))


class MeanRecentred(Mutant):
    """A lopsided truncated law is moved so that its mean is `mean`, which is the parent's."""

    caught_by = "mean"
    spec = "truncated_normal(std=0.02, lower=-1.0, upper=3.0)"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        assert expected.law is not None
        right = super().weight(expected, rng)
        return np.asarray(right - right.dtype.type(expected.law.moments()[0] - expected.law.mean))

    def predicted(self) -> float:
        law = self.expected.law
        assert law is not None
        mean, std, _ = law.moments()
        return (mean - law.mean) / std


class VarianceOff(Scaled):
    """1% too much variance: a constant that was typed with three digits."""

    shape = MATRIX
    level = "default"

    def factor(self, expected: Expected) -> float:
        return math.sqrt(1.01)


class GainAsVariance(Scaled):
    """The gain multiplies the variance, where it multiplies the standard deviation."""

    spec = "he_normal(gain=1.5)"

    def factor(self, expected: Expected) -> float:
        return 1 / math.sqrt(expected.spec.gain)


class GainSquaredOnUniform(Scaled):
    """The uniform branch takes a gain that was squared already, for scale * gain^2."""

    spec = "he_uniform(gain=1.5)"

    def factor(self, expected: Expected) -> float:
        return expected.spec.gain


class GainForgotten(Scaled):
    """The gain is read, validated, and never used."""

    spec = "glorot_normal(gain=0.7)"

    def factor(self, expected: Expected) -> float:
        return 1 / expected.spec.gain


class FactorTwoForgotten(Scaled):
    """he_normal of variance 1 / fan_in: https://github.com/tensorflow/tensorflow/issues/19081."""

    def factor(self, expected: Expected) -> float:
        return math.sqrt(0.5)


class FactorTwoTwice(Scaled):
    """He's factor 2 and ReLU's gain, which is the same factor: He et al. (2015), eq. 10."""

    def factor(self, expected: Expected) -> float:
        return math.sqrt(2)


class NegativeSlopeForgotten(Scaled):
    """The slope of a leaky ReLU is ignored: scale 2 for 2 / (1 + a^2), He et al. (2015), eq. 15."""

    spec = "he_uniform(negative_slope=0.2)"

    def factor(self, expected: Expected) -> float:
        return math.sqrt(1.04)


class VarianceAsStd(Scaled):
    """The variance is passed where a sampler takes the standard deviation."""

    spec = "normal(std=0.02)"

    def factor(self, expected: Expected) -> float:
        return expected.spec.std(expected.shape, expected.axes)


class BoundWithoutRootThree(Scaled):
    """lecun_uniform on +-1 / sqrt(fan_in), as tutorials print it: a third of the variance."""

    spec = "lecun_uniform"

    def factor(self, expected: Expected) -> float:
        return 1 / math.sqrt(3)


def _correction(expected: Expected) -> float:
    """Return the standard deviation of a truncated law whose parent has 1."""
    assert isinstance(expected.spec.distribution, TruncatedNormal)
    assert expected.law is not None
    return expected.law.moments()[1] / expected.law.scale


class TruncationUncorrected(Scaled):
    """Cut at two sigmas and not rescaled: https://github.com/keras-team/keras/issues/8048."""

    spec = "he_truncated_normal"

    def factor(self, expected: Expected) -> float:
        return _correction(expected)


class TruncationCorrectedTwice(Scaled):
    """The caller divides by 0.8796, and the sampler that it calls does so again."""

    spec = "he_truncated_normal"

    def factor(self, expected: Expected) -> float:
        return 1 / _correction(expected)


class CorrectionForOtherBounds(Scaled):
    """0.8796 is a constant in the source, whatever the bounds are."""

    spec = "lecun_truncated_normal(lower=-1.0, upper=3.0)"

    def factor(self, expected: Expected) -> float:
        return _correction(expected) / 0.87962566103423978


class CorrectionOfTwoDigits(Scaled):
    """0.87 for 0.8796: 2.2% of the variance."""

    spec = "he_truncated_normal"

    def factor(self, expected: Expected) -> float:
        return _correction(expected) / 0.87


class SparseSpread(Scaled):
    """Sparse weights whose std over zeros and all is sigma, so that the non-zeros are too wide."""

    spec = "sparse(sparsity=0.5, std=0.02)"

    def factor(self, expected: Expected) -> float:
        return math.sqrt(2)


class OddOneOut(Mutant):
    """Box-Muller in pairs: of an odd number of entries, the last one is never written."""

    caught_by = "atoms"
    shape = (3, 5)
    discrepancy = 1 / 15

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        right.flat[-1] = 0
        return right
