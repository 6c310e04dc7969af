"""Bits that were lost: coarse lattices, rounding at the wrong place, another dtype."""

from __future__ import annotations

import math

import numpy as np
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.expected import Expected
from scipy import special

from initspec.dtypes import FLOATS, numpy_dtype
from mutants.base import MATRIX, Mutant, wide

BFLOAT16 = numpy_dtype(FLOATS["bfloat16"])


class EightBitLattice(Mutant):
    """A uniform of 256 values: random bytes over 256."""

    caught_by = "lattice"
    spec = "uniform(low=-1.0, high=1.0)"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        u = (rng.integers(0, 256, expected.shape) + 0.5) / 256
        return np.asarray((2 * u - 1).astype(wide(expected)))


class FifteenBitLattice(Mutant):
    """`rand() / RAND_MAX` where RAND_MAX is 32767."""

    caught_by = "lattice"
    spec = "glorot_uniform"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        if expected.law is None or not math.isfinite(expected.law.low):
            return super().weight(expected, rng)
        u = rng.integers(0, 1 << 15, expected.shape) / ((1 << 15) - 1)
        width = expected.law.high - expected.law.low
        return np.asarray((expected.law.low + width * u).astype(wide(expected)))


class Float32ThatWasFloat16(Mutant):
    """Drawn in float16 for speed, and handed on as float32."""

    caught_by = "lattice"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        return np.asarray(right.astype(np.float16).astype(right.dtype))


class Float32ThatWasBfloat16(Mutant):
    """A checkpoint in bfloat16, loaded into float32."""

    caught_by = "lattice"
    spec = "glorot_uniform"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        return np.asarray(right.astype(BFLOAT16).astype(right.dtype))


class Float64ThatWasFloat32(Mutant):
    """A float64 weight drawn in float32: twice the memory, the same bits."""

    caught_by = "full_width"
    dtype = "float64"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        return np.asarray(super().weight(expected, rng).astype(np.float32))


class NativeBfloat16(Mutant):
    """A bfloat16 uniform of 7 bits through the quantile function: JAX, 128 distinct values.

    Compare https://github.com/jax-ml/jax/pull/26974 on the resolution of its uniforms.
    """

    caught_by = "distinct"
    dtype = "bfloat16"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        u = (rng.integers(0, 128, expected.shape) + 0.5) / 128
        std = expected.spec.std(expected.shape, expected.axes)
        return np.asarray((std * special.ndtri(u)).astype(np.float32))


class HalfFromElevenBits(Mutant):
    """A float16 uniform of 11 bits, so that small weights are all multiples of one step."""

    caught_by = "distinct"
    dtype = "float16"
    spec = "glorot_uniform"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        if expected.law is None or not math.isfinite(expected.law.low):
            return super().weight(expected, rng)
        u = (rng.integers(0, 1 << 11, expected.shape) + 0.5) / (1 << 11)
        return np.asarray((expected.law.high * (2 * u - 1)).astype(np.float32))


class CastBeforeScale(Mutant):
    """Drawn and rounded in bfloat16, and scaled there: rounded three times."""

    caught_by = "distinct"
    dtype = "bfloat16"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        std = expected.spec.std(expected.shape, expected.axes)
        noise = rng.standard_normal(expected.shape).astype(expected.numpy_dtype)
        return np.asarray(noise * expected.numpy_dtype.type(std))


class TruncatedToBfloat16(Mutant):
    """The low half of each float32 is dropped, where it is rounded to nearest even."""

    caught_by = "binades"
    dtype = "bfloat16"
    # The cell at a power of two is [x, x + ulp) for [x - ulp / 4, x + ulp / 2).
    discrepancy = 1 / 3

    def cast(self, weight: Array, expected: Expected) -> Array:
        if expected.dtype != "bfloat16":
            return super().cast(weight, expected)
        bits = weight.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
        return np.asarray(bits.view(np.float32).astype(expected.numpy_dtype))


class TruncatedToFloat16(Mutant):
    """Rounded toward zero, as some accelerators convert."""

    caught_by = "binades"
    dtype = "float16"
    spec = "he_truncated_normal"
    shape = MATRIX
    level = "default"
    discrepancy = 1 / 3

    def cast(self, weight: Array, expected: Expected) -> Array:
        rounded = weight.astype(expected.numpy_dtype)
        if expected.dtype != "float16":
            return np.asarray(rounded)
        beyond = np.abs(rounded.astype(np.float32)) > np.abs(weight)
        return np.asarray(np.where(beyond, np.nextafter(rounded, np.float16(0)), rounded))


class RoundedTwice(Mutant):
    """float32 to float16 by way of bfloat16: the nearest value of the nearest value."""

    caught_by = "distinct"
    dtype = "float16"

    def cast(self, weight: Array, expected: Expected) -> Array:
        return super().cast(np.asarray(weight.astype(BFLOAT16)), expected)


class SigmaInHalf(Mutant):
    """The standard deviation is computed in float16: 0.05% off at worst, under any law's sight."""

    caught_by = "scaling"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        std = expected.spec.std(expected.shape, expected.axes)
        return np.asarray(right * right.dtype.type(float(np.float16(std)) / std))


class NoiseOfItsOwn(Mutant):
    """Another dtype is other noise, right in law: https://github.com/jax-ml/jax/issues/27002."""

    caught_by = "rounding"
    dtype = "bfloat16"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        if expected.narrow:
            rng.random()
        return super().weight(expected, rng)


class ZerosRarely(Mutant):
    """One value in 4096 is 0: a branch that failed, and wrote what it had."""

    caught_by = "atoms"
    discrepancy = 2.0**-12

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        right[rng.integers(0, 1 << 12, right.shape) == 0] = 0
        return right


class SubnormalsFlushed(Mutant):
    """float16 numbers below 2^-14 become 0, as accelerators flush them."""

    caught_by = "atoms"
    dtype = "float16"
    shape = MATRIX

    def cast(self, weight: Array, expected: Expected) -> Array:
        rounded = super().cast(weight, expected)
        if expected.dtype == "float16":
            rounded[np.abs(rounded) < np.float16(2.0**-14)] = 0
        return rounded


class Float64OfThirtyTwoBits(Mutant):
    """A float64 uniform from 32 random bits, where it holds 53."""

    caught_by = "lattice"
    dtype = "float64"
    spec = "uniform(low=-1.0, high=1.0)"
    shape = MATRIX
    level = "default"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        u = (rng.integers(0, 1 << 32, expected.shape) + 0.5) / 2.0**32
        return np.asarray((2 * u - 1).astype(wide(expected)))


class MappedAfterTheCast(Mutant):
    """Passed through the exponential in bfloat16: what was rounded is rounded again."""

    caught_by = "distinct"
    spec = "log_uniform(low=0.001, high=0.1)"
    dtype = "bfloat16"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        x = rng.uniform(math.log(0.001), math.log(0.1), expected.shape)
        return np.asarray(np.exp(x.astype(expected.numpy_dtype).astype(np.float32)))
