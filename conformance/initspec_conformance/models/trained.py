"""Whether a matrix is trained: its rows depend on each other, whatever the law of its entries is.

T is the sum of the squares of the products of different rows. Where the entries are independent and
of mean 0, T less its mean is a sum of the products of four entries at the corners of a rectangle,
which are uncorrelated: so mean and variance of T are known from the squares of the entries alone,
whatever the scales of rows and columns, the zeros and the tails. What training adds is of low rank,
a few singular values beyond the edge of Marchenko & Pastur (1967), and makes T larger; see Martin &
Mahoney (2021).

z = (T - E T) / sd T exceeds `TRAINED` with a probability of at most 1 / (1 + TRAINED^2), by
Cantelli's inequality, and far less seldom where the law has no heavy tails. It names a weight that
has failed, it fails none: no rate of the audit depends on it. A part of rank r that has the share f
of the sum of squares of R x C entries moves z by about f^2 R C / (2 r).
"""

from __future__ import annotations

import math

import numpy as np

from initspec_conformance.expected.arrays import Array, Values

SIDE = 512
"""Of a larger matrix a part of this side is looked at."""

LEAST = 16
"""The shorter side of a matrix that is judged, at least."""

TRAINED = 10.0
"""The z beyond which rows depend on each other."""


def dependence(values: Array) -> float:
    """Return z for the dependence of the rows of a matrix; 0 where it is too small to show any."""
    matrix = _matrix(values)
    if matrix is None:
        return 0.0
    squares = matrix**2
    expected = _beside(squares, squares)
    variance = 2 * (float((_products(squares) ** 2).sum()) - _beside(squares**2, squares**2))
    if variance <= 0:
        return 0.0
    off = float((_products(matrix) ** 2).sum()) - expected
    return off / 2 / math.sqrt(variance / 2)


def _matrix(values: Array) -> Values | None:
    """Return a part of values as a matrix, the shorter side first; None where it is too small."""
    cuts = [math.prod(values.shape[:axis]) for axis in range(1, values.ndim)]
    if not cuts or not values.size:
        return None
    rows = max(cuts, key=lambda n: min(n, values.size // n))
    matrix = values.reshape(rows, -1)
    if min(matrix.shape) < LEAST:
        return None
    if max(matrix.shape) > SIDE:  # spread over the whole: a packed weight has more than one member
        places = (np.linspace(0, n - 1, min(n, SIDE)).astype(int) for n in matrix.shape)
        matrix = matrix[np.ix_(*places)]
    part = matrix.astype(np.float64)
    part -= part.mean()
    largest = np.abs(part).max()
    if not largest > 0:
        return None
    part /= largest
    return np.asarray(part if part.shape[0] <= part.shape[1] else part.T)


def _products(matrix: Values) -> Values:
    """Return the products of different rows, 0 on the diagonal."""
    gram = np.asarray(matrix @ matrix.T)
    np.fill_diagonal(gram, 0.0)
    return gram


def _beside(a: Values, b: Values) -> float:
    """Return the sum of a_ik b_jk over i != j."""
    return float(a.sum(axis=0) @ b.sum(axis=0) - (a * b).sum())
