"""Orthogonal matrices that are not orthogonal, or not Haar; and three that are, after all."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from initspec_conformance.expected.arrays import Array, Values
from initspec_conformance.expected.expected import Expected

from initspec import DeltaOrthogonal, Orthogonal
from mutants.base import Mutant, wide

SMALL_MATRICES = (512, 8, 8)


class Matrices(Mutant, abstract=True):
    """Draws orthogonal matrices by `tall`, and everything else right."""

    caught_by = "orthogonality"
    spec = "orthogonal(gain=1.3)"
    shape: ClassVar[tuple[int, ...]] = SMALL_MATRICES
    axes = "stack out in"

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        """Return matrices of orthonormal columns, [count, rows, columns], rows >= columns.

        This one is right: QR of normal entries, with the sign fix of Mezzadri (2007).
        """
        q, r = np.linalg.qr(rng.standard_normal((count, rows, columns)))
        return np.asarray(q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None, :])

    def gain(self, expected: Expected) -> float:
        """Return what the matrices are multiplied with."""
        return expected.spec.gain

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        if not isinstance(expected.spec.distribution, Orthogonal):
            return super().weight(expected, rng)
        layout = expected.layout
        sides = layout.out, layout.columns
        q = self.tall(rng, layout.stack, max(sides), min(sides))
        flat = q if sides[0] >= sides[1] else q.transpose(0, 2, 1)
        return np.asarray(
            (self.gain(expected) * self.placed(flat, expected)).astype(wide(expected))
        )

    def placed(self, flat: Values, expected: Expected) -> Values:
        """Return matrices [stack, out, in * kernel] as a weight."""
        layout = expected.layout
        whole = flat.reshape(layout.stack, layout.out, layout.in_, layout.taps)
        return np.asarray(layout.weight(whole))


class OrthogonalWithoutGain(Matrices):
    """The gain is applied to the entries before the decomposition, which undoes it."""

    def gain(self, expected: Expected) -> float:
        return 1.0


class OrthogonalGainSquared(Matrices):
    """The gain is applied twice: by the initializer, and by the layer that calls it."""

    def gain(self, expected: Expected) -> float:
        return expected.spec.gain**2


class WrongOrientation(Matrices):
    """A wide matrix whose columns are normalised, of which it has too many to be orthonormal."""

    shape = (256, 6, 24)

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        q = super().tall(rng, count, rows, columns)
        norms = np.linalg.norm(q, axis=2, keepdims=True)
        return np.asarray(q / norms)


class KernelBeforeInputs(Matrices):
    """The kernel's axes are flattened with the outputs, as a reshape without a transpose does."""

    shape, axes = (3, 3, 4, 6), "kernel kernel in out"

    def placed(self, flat: Values, expected: Expected) -> Values:
        return flat.reshape(expected.shape)


class GatesTogether(Matrices):
    """One orthogonal matrix over four gates: no gate is, Keras' LSTM; flax has four."""

    shape, axes = (16, 64), "in (stack=4 out)"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        if expected.family != "haar" or len(expected.shape) != 2:
            return super().weight(expected, rng)
        rows, columns = max(expected.shape), min(expected.shape)
        q = self.tall(rng, 1, rows, columns)[0]
        whole = q if expected.shape == (rows, columns) else q.T
        return np.asarray((self.gain(expected) * whole).astype(wide(expected)))


class NewtonSchulz(Matrices):
    """Four steps of Newton-Schulz, as an optimizer takes them: orthogonal to two digits."""

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        x = rng.standard_normal((count, rows, columns))
        x /= np.linalg.norm(x, axis=(1, 2), keepdims=True)
        for _ in range(4):
            x = 1.5 * x - 0.5 * x @ (x.transpose(0, 2, 1) @ x)
        return np.asarray(x)


class GramSchmidt(Matrices):
    """Classical Gram-Schmidt in float32, which loses orthogonality with the condition squared."""

    shape = (64, 32, 32)

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        x = rng.standard_normal((count, rows, columns)).astype(np.float32)
        q = np.zeros_like(x)
        for j in range(columns):
            v = x[:, :, j : j + 1]
            v = v - q[:, :, :j] @ (q[:, :, :j].transpose(0, 2, 1) @ v)
            q[:, :, j : j + 1] = v / np.linalg.norm(v, axis=1, keepdims=True)
        return q.astype(np.float64)


class OrthogonalInHalf(Matrices):
    """Rounded to bfloat16 and handed on as float32."""

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        q = super().tall(rng, count, rows, columns).astype(np.float32)
        bits = q.view(np.uint32) & np.uint32(0xFFFF0000)
        return bits.view(np.float32).astype(np.float64)


class RowsOfUnitLength(Matrices):
    """Normal entries with normalised columns: unit vectors, but not at right angles."""

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        x = rng.standard_normal((count, rows, columns))
        return np.asarray(x / np.linalg.norm(x, axis=1, keepdims=True))


class DeltaOffCentre(Mutant):
    """A delta at size // 2, one off the centre of an even kernel."""

    caught_by = "orthogonality"
    spec = "delta_orthogonal"
    shape, axes = (4, 4, 8, 16), "kernel kernel in out"

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        if not isinstance(expected.spec.distribution, DeltaOrthogonal):
            return right
        whole = expected.layout.logical(right)
        return np.asarray(expected.layout.weight(np.roll(whole, 1, axis=3)))


class WithoutSignFix(Matrices):
    """Q of a QR decomposition as it comes: the signs are those of LAPACK's reflections.

    https://github.com/tensorflow/tensorflow/pull/9429,
    https://github.com/google-research/google-research/issues/436; Mezzadri (2007).
    """

    caught_by = "haar_signs"
    discrepancy = 1.0  # Householder's Q has a first entry of one sign

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        return np.asarray(np.linalg.qr(rng.standard_normal((count, rows, columns)))[0])


class OneRowWithoutSignFix(WithoutSignFix):
    """The same of a head of one output: LAPACK's reflection leaves its first entry of one sign."""

    shape, axes = (1, 64), "out in"


class DepthwisePositive(Matrices):
    """Depthwise kernels of positive entries: absolute values where the sign of one was meant."""

    caught_by = "haar_signs"
    shape, axes = (32, 1, 3, 3), "(stack=32 out) in kernel kernel"
    discrepancy = 1.0

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        q = super().tall(rng, count, rows, columns)
        return np.abs(q) if columns == 1 else q


class DepthwiseOffTheCube(Matrices):
    """A depthwise kernel is a uniform vector over its length: it points to the cube's corners."""

    caught_by = "haar_column_powers"
    shape, axes = (32, 1, 3, 3), "(stack=32 out) in kernel kernel"

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        if columns > 1:
            return super().tall(rng, count, rows, columns)
        x = 2 * rng.random((count, rows, 1)) - 1
        return np.asarray(x / np.linalg.norm(x, axis=1, keepdims=True))


class PositiveDiagonal(Matrices):
    """The signs are fixed so that Q, not R, has a positive diagonal."""

    caught_by = "haar_trace"

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        q = super().tall(rng, count, rows, columns)
        return np.asarray(q * np.sign(np.diagonal(q, axis1=1, axis2=2))[:, None, :])


class RotationsOnly(Matrices):
    """Determinant +1: SO(n) for O(n)."""

    caught_by = "haar_determinant"
    discrepancy = 1.0

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        q = super().tall(rng, count, rows, columns)
        if rows == columns:
            q[:, :, 0] *= np.sign(np.linalg.det(q))[:, None]
        return q


class UniformEntries(Matrices):
    """QR of entries from a uniform law, whose directions are those of a cube.

    https://github.com/idiap/fast-transformers/issues/87
    """

    caught_by = "haar_column_powers"
    spec = "orthogonal"
    shape = (1024, 4, 4)

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        q, r = np.linalg.qr(2 * rng.random((count, rows, columns)) - 1)
        return np.asarray(q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None, :])


class UniformEntriesTransposed(UniformEntries):
    """The same of the transpose: here the rows are wrong."""

    caught_by = "haar_row_powers"

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        return super().tall(rng, count, rows, columns).transpose(0, 2, 1)


class SignedPermutations(Matrices):
    """Permutation matrices with random signs: orthogonal, and nothing but 0 and 1."""

    caught_by = "haar_entry"

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        order = np.argsort(rng.random((count, rows)), axis=1)[:, :columns]
        q = np.zeros((count, rows, columns))
        signs = rng.choice([-1.0, 1.0], (count, columns))
        np.put_along_axis(q, order[:, None, :], signs[:, None, :], axis=1)
        return q


class OneReflection(Matrices):
    """I - 2 v v^T: one Householder reflection is orthogonal too."""

    caught_by = "haar_means"
    spec = "orthogonal"

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        v = rng.standard_normal((count, rows, 1))
        v /= np.linalg.norm(v, axis=1, keepdims=True)
        return np.asarray((np.eye(rows) - 2 * v @ v.transpose(0, 2, 1))[:, :, :columns])

    def predicted(self) -> float:
        n = self.shape[-1]
        return (1 - 2 / n) * math.sqrt(n)


class SymmetricOrthogonal(Matrices):
    """Q D Q^T with random signs D: every eigenvalue is +1 or -1."""

    caught_by = "haar_trace_of_square"

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        q = super().tall(rng, count, rows, rows)
        signs = rng.choice([-1.0, 1.0], (count, 1, rows))
        return np.asarray(((q * signs) @ q.transpose(0, 2, 1))[:, :, :columns])

    def predicted(self) -> float:
        return (self.shape[-1] - 1) / math.sqrt(2)


class OneMatrixManySigns(Matrices):
    """A frozen Haar matrix, negated at random: signs are even, pairs of signs are not."""

    caught_by = "haar_sign_pairs"
    discrepancy = 1.0

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        frozen = super().tall(np.random.default_rng(5), 1, rows, columns)
        return np.asarray(frozen * rng.choice([-1.0, 1.0], (count, 1, 1)))


class MembersInPairs(Matrices):
    """Every second matrix is the one before it, slightly turned: a warm start of an iteration."""

    caught_by = "haar_neighbours"
    spec = "orthogonal"

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        q = super().tall(rng, count, rows, columns)
        v = 0.2 * rng.standard_normal((count // 2, rows, rows))
        near, r = np.linalg.qr(np.eye(rows) + v)
        near *= np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None, :]
        q[1 : count // 2 * 2 : 2] = near @ q[: count // 2 * 2 : 2]
        return q


class MembersRepeated(Matrices):
    """Two members of a stack are one matrix, transposed: a buffer in another order."""

    caught_by = "copies"
    spec = "orthogonal"

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        q = super().tall(rng, count, rows, columns)
        if rows == columns and count > 1:
            q[-1] = q[0].T
        return q


class Equivalent(Matrices, abstract=True):
    """Looks like a fault and is none: exactly Haar, so nothing may catch it."""

    caught_by = ""


class SignFixOnRows(Equivalent):
    """The sign fix multiplies the rows of Q, where it belongs on the columns.

    For square matrices Q is D Q' with Q' Haar, and the law of D, given what Householder's QR does
    with its signs, leaves it so: the signs of R are those of the reflections, not of Q.
    """

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        q, r = np.linalg.qr(rng.standard_normal((count, rows, columns)))
        signs = np.sign(np.diagonal(r, axis1=1, axis2=2))
        if rows != columns:
            return np.asarray(q * signs[:, None, :])
        return np.asarray(q * signs[:, :, None])


class PolarFactor(Equivalent):
    """The orthogonal factor of a polar decomposition, X (X^T X)^-1/2: Haar by invariance."""

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        u, _, vt = np.linalg.svd(rng.standard_normal((count, rows, columns)), full_matrices=False)
        return np.asarray(u @ vt)


class CholeskyQr(Equivalent):
    """X L^-T with L L^T = X^T X: the one QR decomposition with a positive diagonal."""

    def tall(self, rng: np.random.Generator, count: int, rows: int, columns: int) -> Values:
        x = rng.standard_normal((count, rows, columns))
        # Twice: once loses digits with the square of the condition.
        for _ in range(2):
            lower = np.linalg.cholesky(x.transpose(0, 2, 1) @ x)
            x = np.linalg.solve(lower, x.transpose(0, 2, 1)).transpose(0, 2, 1)
        return np.asarray(x)
