"""Whether a matrix is trained: its entries depend on each other, whatever each one's law is.

Independent entries of symmetric laws are, in law, the same matrix with any signs. So random signs
show what the products of its rows come to by chance, whatever the scales of its rows and columns,
their zeros and their tails. Training leaves more than chance: a few large singular values, far
beyond the edge of Marchenko & Pastur (1967), see Martin & Mahoney (2021); or less, where rows grow
apart.
"""

from __future__ import annotations

import numpy as np

from initspec_conformance.expected.arrays import Array, Values

SIDE = 256
"""Of a larger matrix a part of this side is looked at."""

LEAST = 16
"""The shorter side of a matrix that is judged, at least."""

SIGNS = 16
"""How many times signs are drawn."""

SCATTERS = 6
"""How many times farther than random signs scatter the products lie, at least."""

SHARE = 0.1
"""By what share they differ from those with random signs, at least."""

ORTHOGONAL = 0.01
"""Below this share of chance the rows are orthogonal, as no training makes them."""


def is_trained(values: Array) -> bool:
    """Return whether the entries of a matrix depend on each other as training makes them."""
    matrix = _matrix(values)
    if matrix is None:
        return False
    draw = np.random.Generator(np.random.Philox(key=0x51))
    random = [_products(matrix * draw.choice((-1.0, 1.0), matrix.shape)) for _ in range(SIGNS)]
    chance, scatter = float(np.mean(random)), float(np.std(random))
    off = _products(matrix) - chance
    depends = abs(off) > max(SCATTERS * scatter, SHARE * chance)
    return depends and off > (ORTHOGONAL - 1) * chance


def _matrix(values: Array) -> Values | None:
    """Return a part of values as a matrix, the shorter side first; None where it is too small."""
    if values.ndim < 2:
        return None
    matrix = values.reshape(len(values), -1)
    if min(matrix.shape) < LEAST:
        matrix = values.reshape(-1, values.shape[-1])
    if min(matrix.shape) < LEAST:
        return None
    # Spread over the whole: a packed weight has more than its first member.
    rows, columns = (np.linspace(0, n - 1, min(n, SIDE)).astype(int) for n in matrix.shape)
    part = matrix[np.ix_(rows, columns)].astype(np.float64)
    part -= part.mean()
    return np.asarray(part if part.shape[0] <= part.shape[1] else part.T)


def _products(matrix: Values) -> float:
    """Return the sum of the squares of the products of different rows."""
    gram = matrix @ matrix.T
    np.fill_diagonal(gram, 0.0)
    return float(np.square(gram).sum())
