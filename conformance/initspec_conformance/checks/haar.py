"""Haar measure: orthogonal matrices are uniform, not only orthogonal.

Over many small matrices of columns of length n: positions, signs, traces and fourth powers have
laws in closed form. Mezzadri (2007), "How to generate random matrices from the classical compact
groups": a QR decomposition without the sign fix is orthogonal and is not Haar. Traces: Diaconis &
Shahshahani (1994), theorem 4; fourth powers: moments of a point on the sphere.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from scipy import special

from initspec_conformance.checks.base import DEFAULT, Check, Evidence, Sums
from initspec_conformance.checks.batch import Batch
from initspec_conformance.checks.matrices import Frame, frame_of, matrices
from initspec_conformance.expected.arrays import Values
from initspec_conformance.expected.expected import Expected
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates

LEAST = 64
"""How many matrices the normal laws of sums need."""


class Haar(Check):
    """A sum over matrices of bounded variables: asymptotically normal."""

    group = "Haar measure"
    families = ("haar",)
    unit = "standard deviations of one matrix"
    shortest: ClassVar[int] = 2
    """How long a column is, at least."""

    def parts(self, frame: Frame) -> int:
        """Return how many z the statistic has."""
        return 1

    def applies(self, expected: Expected) -> bool:
        # One column is a point of the sphere, and has every law of one but in one dimension: there
        # it is a sign.
        return super().applies(expected) and frame_of(expected).rows >= self.shortest

    def z(self, q: Values, frame: Frame) -> Values:
        """Return for each matrix variables of mean 0 and variance 1, [count, parts]."""
        raise NotImplementedError

    def skewness(self, frame: Frame) -> float | Values:
        """Return the skewness of those variables."""
        return 0.0

    def step(self) -> float:
        """Return how far apart two values of a sum lie, 0 where it takes any."""
        return 0.0

    def min_matrices(self, frame: Frame) -> int:
        """Return how many matrices the law needs."""
        return LEAST

    def measure(self, batch: Batch) -> Any:
        z = self.z(matrices(batch), frame_of(batch.expected))
        return Sums((z.sum(axis=0), len(z)))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        sums, n = state
        frame = frame_of(expected)
        if n < self.min_matrices(frame):
            return Evidence(0.0, 1.0, n, f"{n} matrices are too few to judge")
        # A sum on a lattice is half a step nearer: the correction for continuity.
        nearer = np.maximum(np.abs(sums) - self.step() / 2, 0.0)
        z = np.sign(sums) * nearer / math.sqrt(n)
        p_values = error_rates.of_skewed(z, self.skewness(frame) / math.sqrt(n))
        worst = int(np.argmin(p_values))
        largest = float(z[worst])
        p_value = error_rates.bonferroni(float(p_values[worst]), z.size)
        message = (
            f"{self.asserts}: {largest / math.sqrt(n):+.4f} standard deviations of one "
            f"matrix off over {n} matrices (place {worst}), z = {largest:+.2f}"
        )
        return Evidence(largest, p_value, n, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        frame = frame_of(expected)
        if n < self.min_matrices(frame):
            return math.inf
        return error_rates.reach(levels, self.parts(frame)) / math.sqrt(n)


class Square(Haar):
    """A statistic of square matrices."""

    def applies(self, expected: Expected) -> bool:
        return super().applies(expected) and frame_of(expected).square


class Determinant(Square):
    """Both halves of O(n) are reached."""

    name = "haar_determinant"
    asserts = "the determinant is +1 as often as -1"
    null = "count of +1 ~ Binomial(M, 1/2)"

    def z(self, q: Values, frame: Frame) -> Values:
        return np.asarray(np.sign(np.linalg.det(q)))[:, None]

    def step(self) -> float:
        return 2.0


class Signs(Haar):
    """Each entry is positive as often as negative."""

    name = "haar_signs"
    asserts = "each position is positive in half of the matrices"
    null = "count of positives ~ Binomial(M, 1/2), the largest over positions"
    shortest = 1

    def parts(self, frame: Frame) -> int:
        return frame.rows * frame.columns

    def z(self, q: Values, frame: Frame) -> Values:
        return np.sign(q).reshape(len(q), -1)

    def step(self) -> float:
        return 2.0


class Means(Haar):
    """The mean matrix is 0."""

    name = "haar_means"
    asserts = "the mean of each position is 0"
    null = "mean(q_ij) sqrt(M n) ~ N(0, 1), the largest over positions"

    def parts(self, frame: Frame) -> int:
        return frame.rows * frame.columns

    def z(self, q: Values, frame: Frame) -> Values:
        return q.reshape(len(q), -1) * math.sqrt(frame.rows)


class Trace(Haar):
    """The trace of the leading square."""

    name = "haar_trace"
    asserts = "the trace has mean 0 and variance m / n"
    null = "sum tr / sqrt(M m / n) ~ N(0, 1), sum tr^2 n / m ~ chi2_M"

    def parts(self, frame: Frame) -> int:
        return 2

    def min_matrices(self, frame: Frame) -> int:
        # The trace of one large matrix is as good as normal: Johansson (1997), at a rate of n^-n.
        return max(LEAST // frame.columns, 1)

    def z(self, q: Values, frame: Frame) -> Values:
        return self.scores(np.trace(q, axis1=1, axis2=2), frame)

    def scores(self, traces: Values, frame: Frame) -> Values:
        """Return traces and their squares, standardised."""
        trace = traces / math.sqrt(frame.columns / frame.rows)
        # The fourth moment of a trace on O(n), n >= 4, is the normal law's, 3; that of a corner is
        # below it, of one entry 3 n / (n + 2). So the variance of its square is at most 2.
        return np.stack([trace, (trace**2 - 1) / math.sqrt(2)], axis=1)

    def skewness(self, frame: Frame) -> Values:
        return np.array([0.0, math.sqrt(8)])  # that of a squared normal variable


class Neighbours(Trace):
    """One matrix has nothing to do with the next: Q^T P is as uniform as either, its trace too."""

    name = "haar_neighbours"
    asserts = "the trace of one matrix's transpose times the next has mean 0 and variance m / n"
    null = "sum tr / sqrt(M m / n) ~ N(0, 1), sum tr^2 n / m ~ chi2_M"

    def z(self, q: Values, frame: Frame) -> Values:
        products = np.einsum("kij,kij->k", q[:-1], q[1:])
        return self.scores(products, frame)


class TraceOfSquare(Square):
    """The trace of Q^2."""

    name = "haar_trace_of_square"
    asserts = "the trace of the square has mean 1"
    null = "sum (tr Q^2 - 1) / sqrt(2 M) ~ N(0, 1): on O(n), n >= 4, its variance is 2"
    shortest = 4

    def z(self, q: Values, frame: Frame) -> Values:
        trace = np.asarray(np.einsum("kij,kji->k", q, q))
        return ((trace - 1) / math.sqrt(2))[:, None]


def _fourth(sums: Values, n: int) -> Values:
    """Standardise sums of fourth powers of a uniform unit vector of length n."""
    mean, variance, _ = _moments_of_fourth(n)
    return (sums - mean) / math.sqrt(variance)


@lru_cache(maxsize=64)
def _moments_of_fourth(n: int) -> tuple[float, float, float]:
    """Return the mean, variance and skewness of sum_i x_i^4, x uniform on the sphere.

    E prod x_i^(2 a_i) = prod (2 a_i - 1)!! / (n (n+2) ... (n + 2 (sum a_i) - 2)): Folland (2001).
    """

    def power(*halves: int) -> float:
        odd = math.prod(math.prod(range(1, 2 * a, 2)) for a in halves)
        return odd / math.prod(n + 2 * k for k in range(sum(halves)))

    first = n * power(2)
    second = n * power(4) + n * (n - 1) * power(2, 2)
    third = n * power(6) + 3 * n * (n - 1) * power(4, 2)
    third += n * (n - 1) * (n - 2) * power(2, 2, 2)
    variance = second - first**2
    return first, variance, (third - 3 * first * variance - first**3) / variance**1.5


class ColumnPowers(Haar):
    """Columns are points of the sphere: neither sparse nor flat."""

    name = "haar_column_powers"
    asserts = "the fourth powers of a column add up to 3 / (n + 2)"
    null = "sum over matrices of (sum_i q_ij^4 - 3 / (n + 2)), scaled ~ N(0, 1), each column"

    def parts(self, frame: Frame) -> int:
        return frame.columns

    def z(self, q: Values, frame: Frame) -> Values:
        return _fourth(((q**2) ** 2).sum(axis=1), frame.rows)

    def skewness(self, frame: Frame) -> float:
        return _moments_of_fourth(frame.rows)[2]


class RowPowers(Square):
    """Rows are points of the sphere too."""

    name = "haar_row_powers"
    asserts = "the fourth powers of a row add up to 3 / (n + 2)"
    null = "sum over matrices of (sum_j q_ij^4 - 3 / (n + 2)), scaled ~ N(0, 1), each row"

    def parts(self, frame: Frame) -> int:
        return frame.rows

    def z(self, q: Values, frame: Frame) -> Values:
        return _fourth(((q**2) ** 2).sum(axis=2), frame.rows)

    def skewness(self, frame: Frame) -> float:
        return _moments_of_fourth(frame.rows)[2]


class SignPairs(Haar):
    """Neighbours have independent signs."""

    name = "haar_sign_pairs"
    asserts = "neighbouring positions have equal signs in half of the matrices"
    null = "count of equal signs ~ Binomial(M, 1/2), the largest over neighbours"

    def parts(self, frame: Frame) -> int:
        return (frame.rows - 1) * frame.columns + frame.rows * (frame.columns - 1)

    def z(self, q: Values, frame: Frame) -> Values:
        sign = np.sign(q)
        down = sign[:, 1:] * sign[:, :-1]
        across = sign[:, :, 1:] * sign[:, :, :-1]
        return np.concatenate([down.reshape(len(q), -1), across.reshape(len(q), -1)], axis=1)

    def step(self) -> float:
        return 2.0


class Entry(Haar):
    """One entry across matrices has the law of a coordinate on the sphere.

    (1 + q) / 2 ~ Beta((n-1)/2, (n-1)/2). The entries of one matrix are not independent: the first,
    the middle and the last position are each taken across matrices.
    """

    name = "haar_entry"
    asserts = "one position across matrices follows Beta((n-1)/2, (n-1)/2)"
    null = "P(D > d) <= 2 exp(-2 M d^2), three positions"
    unit = "in the cdf"

    def measure(self, batch: Batch) -> list[Values]:
        q = matrices(batch)
        return [np.stack([q[:, i, j] for i, j in _places(frame_of(batch.expected))], axis=1)]

    def evidence(self, state: list[Values], expected: Expected) -> Evidence:
        entries, frame = np.concatenate(state), frame_of(expected)
        n = len(entries)
        half = (frame.rows - 1) / 2
        distances = []
        for place, values in zip(_places(frame), entries.T, strict=True):
            u = special.betainc(half, half, (1 + np.clip(np.sort(values), -1, 1)) / 2)
            above = np.max(np.arange(1, n + 1) / n - u)
            below = np.max(u - np.arange(n) / n)
            distances.append((float(max(above, below)), place))
        distance, place = max(distances)
        chance = min(1.0, 2 * math.exp(-2 * n * distance**2))
        p_value = error_rates.bonferroni(chance, len(distances))
        message = f"entry {place} is off its Beta law by {distance:.4f} over {n} matrices"
        return Evidence(distance, p_value, n, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        sees = math.log(6 / levels.first) / 2, math.log(2 / error_rates.MISS) / 2
        return sum(map(math.sqrt, sees)) / math.sqrt(n)


def _places(frame: Frame) -> tuple[tuple[int, int], ...]:
    """Return the positions that are looked at."""
    rows, columns = frame.rows, frame.columns
    return (0, 0), (rows // 2, columns // 2), (rows - 1, columns - 1)
