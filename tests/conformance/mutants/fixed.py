"""Families in which nothing is random, filled wrongly."""

from __future__ import annotations

import numpy as np
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.expected import Expected

from initspec import Dirac, Identity
from mutants.base import Mutant


class IdentityWithoutGain(Mutant):
    """Ones on the diagonal, whatever the gain is."""

    caught_by = "fixed"
    spec = "identity(gain=0.5)"
    shape = (24, 20)

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        return np.asarray(right / right.dtype.type(expected.spec.gain))


class IdentityTiled(Mutant):
    """A rectangular identity that starts again below the square: `i % n`."""

    caught_by = "fixed"
    spec = "identity"
    shape = (24, 20)

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        if isinstance(expected.spec.distribution, Identity):
            out, in_ = right.shape
            right[np.arange(out), np.arange(out) % in_] = expected.spec.gain
        return right


class DiracOffCentre(Mutant):
    """size // 2 for (size - 1) // 2: torch's dirac_, one off for even kernels."""

    caught_by = "fixed"
    spec = "dirac"
    shape, axes = (8, 6, 4), "out in kernel..."

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        if not isinstance(expected.spec.distribution, Dirac):
            return right
        whole = expected.layout.logical(right)
        index = 0
        for size in expected.layout.kernel:
            index = index * size + size // 2
        return np.asarray(
            expected.layout.weight(np.roll(whole, index - expected.layout.centre, axis=3))
        )


class ConstantRoundedDown(Mutant):
    """0.1 truncated to float32, where it is rounded."""

    caught_by = "fixed"
    spec = "constant(value=0.1)"
    shape = (7, 5)

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        return np.asarray(np.nextafter(right, right.dtype.type(0)))


class NearlyZero(Mutant):
    """zeros that are 1e-8: a division by zero that was avoided once."""

    caught_by = "fixed"
    spec = "zeros"
    shape = (7, 5)

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        return np.asarray(right + right.dtype.type(1e-8 if expected.family == "fixed" else 0.0))
