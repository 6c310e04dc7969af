"""What a call returns, whatever its law is."""

from __future__ import annotations

import numpy as np
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.expected import Expected

from mutants.base import MATRIX, Mutant


class NanAtZero(Mutant):
    """A NaN in 2^16: Box-Muller takes the logarithm of a 16-bit uniform that is 0.

    https://github.com/tinygrad/tinygrad/pull/1192
    """

    caught_by = "draws"
    shape = MATRIX
    level = "default"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        right[rng.integers(0, 1 << 16, right.shape) == 0] = np.nan
        return right


class Infinite(Mutant):
    """The quantile function at 1: a uniform on [0, 1] that reaches its end."""

    caught_by = "draws"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        right[rng.integers(0, 1 << 12, right.shape) == 0] = np.inf
        return right


class WrongDtype(Mutant):
    """float64 where float32 was asked: NumPy's default."""

    caught_by = "draws"

    def cast(self, weight: Array, expected: Expected) -> Array:
        return weight.astype(np.float64)


class WrongShape(Mutant):
    """The matrix of a convolution, not reshaped back."""

    caught_by = "draws"
    shape, axes = (16, 12, 3, 3), "out in kernel..."

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        return super().weight(expected, rng).reshape(expected.shape[0], -1)


class Transposed(Mutant):
    """The weight in the other framework's order."""

    caught_by = "draws"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        return super().weight(expected, rng).T


class ConstantWeight(Mutant):
    """Every entry has the same value, sigma: the mean of the squares is right."""

    caught_by = "mean"
    discrepancy = 1.0

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        return np.full_like(right, expected.spec.std(expected.shape, expected.axes))


class CornerStuck(Mutant):
    """The first entry of each weight is never written."""

    caught_by = "constant_entries"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        right.flat[0] = 0
        return right


class PaddingStuck(Mutant):
    """Vectors of 8: the rest of a weight of 2^15 + 5 keeps what a table held."""

    caught_by = "constant_entries"
    spec = "uniform(low=-1.0, high=1.0)"
    shape, axes = (4681, 7), "out in"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        flat = right.reshape(-1)
        rest = flat.size % 8
        if rest:
            flat[-rest:] = (np.arange(rest) / 8).astype(right.dtype)
        return right
