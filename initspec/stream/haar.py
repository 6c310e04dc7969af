"""Make uniformly distributed (Haar) orthonormal matrices from normal ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_PANEL = 128
"""How many reflections are applied at once: enough for matrix products to pay."""

_STRIP = 512
"""How many columns are updated at once: few enough for the products to stay in the cache."""


def haar(normals: Floats) -> Floats:
    """Return [rows, columns] with orthonormal rows where rows <= columns, else columns.

    A QR factorisation of normals makes such a matrix of reflections, the k-th of which sends column
    k of what is left to the first axis. What is left is normal and independent of the reflections
    before, so fresh normals x_k do as well, and nothing is factorised: x_k is entries k to the end
    of column k (Stewart 1980, "The efficient generation of random orthogonal matrices with an
    application to condition estimators", theorem 3.3). The reflections are multiplied in panels,
    each I - V T V' (Schreiber & Van Loan 1989).

    Args:
        normals: [rows, columns], independent N(0, 1).
    """
    rows, columns = normals.shape
    if rows < columns:
        return haar(normals.T).T
    vectors = np.tril(normals)
    first = np.diagonal(vectors).copy()
    length = np.sqrt(np.einsum("ij,ij->j", vectors, vectors))
    sign = np.copysign(1.0, first)
    diagonal = np.arange(columns)
    # A column of zeros has no direction: it counts as the first axis.
    vectors[diagonal, diagonal] = np.where(length > 0, first + sign * length, 1.0)
    q = np.eye(rows, columns)
    for start in reversed(range(0, columns, _PANEL)):
        panel = vectors[start:, start : start + _PANEL]
        gram = panel.T @ panel
        t = np.linalg.inv(np.triu(gram, 1) + np.diag(np.diagonal(gram) / 2))
        part = q[start:, start:]
        product = t @ (panel.T @ part)
        for column in range(0, columns - start, _STRIP):
            strip = slice(column, column + _STRIP)
            part[:, strip] -= panel @ product[:, strip]
    # R's diagonal, -sign |x_k|, is made positive, as uniformity requires (Mezzadri 2007).
    q *= -sign
    return q
