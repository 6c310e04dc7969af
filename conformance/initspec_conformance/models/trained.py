"""Whether a matrix is trained: its entries depend on each other, whatever each one's law is.

Independent entries of a symmetric law are the same matrix, in law, with any signs. The largest
singular value of a trained matrix is far beyond that of itself with random signs (Martin & Mahoney,
2021: outliers beyond the edge of Marchenko & Pastur, 1967); rows of other scales, zeros and heavy
tails leave both alike.
"""

from __future__ import annotations

import numpy as np

from initspec_conformance.expected.arrays import Array, Values

SIDE = 256
"""Of a larger matrix a part of this side is looked at."""

LEAST = 16
"""The shorter side of a matrix that is judged, at least."""

SIGNS = 3
"""How many times signs are drawn."""

BEYOND = 1.15
"""How many times the largest of the singular values with random signs is out of chance."""


def dependence(values: Array) -> float:
    """Return the largest singular value over that of the same sizes with random signs.

    1 where there is no matrix that is large enough.
    """
    if values.ndim < 2:
        return 1.0
    matrix = values.reshape(len(values), -1)
    if min(matrix.shape) < LEAST:
        matrix = values.reshape(-1, values.shape[-1])
    if min(matrix.shape) < LEAST:
        return 1.0
    # Spread over the whole: a packed weight has more than its first member.
    rows, columns = (np.linspace(0, n - 1, min(n, SIDE)).astype(int) for n in matrix.shape)
    part = matrix[np.ix_(rows, columns)].astype(np.float64)
    part -= part.mean()
    if not np.isfinite(part).all() or not part.any():
        return 1.0
    draw = np.random.Generator(np.random.Philox(key=0x51))
    random = max(_largest(part * draw.choice((-1.0, 1.0), part.shape)) for _ in range(SIGNS))
    return _largest(part) / random


def _largest(matrix: Values) -> float:
    """Return the largest singular value, by the smaller Gram matrix."""
    short = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    return float(np.sqrt(np.linalg.eigvalsh(short @ short.T)[-1]))


def is_trained(values: Array) -> bool:
    """Return whether the entries of a matrix depend on each other as training makes them."""
    return dependence(values) > BEYOND
