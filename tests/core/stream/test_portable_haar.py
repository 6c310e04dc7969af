"""The orthogonal matrices: orthonormal, the product of their reflections, and Haar.

The statistical checks have fixed entropy and a false-alarm rate of 6e-7 each (5 standard errors).
"""

import numpy as np
import pytest
from scipy import stats

from initspec import InitSpec
from initspec.stream.haar import haar


def _normals(*shape):
    return np.random.default_rng(20260101).standard_normal(shape)


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (7, 3), (3, 7), (300, 300), (400, 129), (2, 1)])
def test_orthonormal_to_float64(shape):
    """Rows where rows <= columns, else columns; in one panel and in several."""
    q = haar(_normals(*shape))
    tall = q if shape[0] >= shape[1] else q.T
    np.testing.assert_allclose(tall.T @ tall, np.eye(min(shape)), atol=1e-13)


@pytest.mark.parametrize("shape", [(6, 6), (200, 150)])
def test_the_product_of_its_reflections(shape):
    """Against reflections multiplied one by one."""
    normals = _normals(*shape)
    rows, columns = shape
    q, signs = np.eye(rows), []
    for k in range(columns):
        x = np.concatenate([np.zeros(k), normals[k:, k]])
        sign = 1.0 if x[k] >= 0 else -1.0
        v = x + sign * np.linalg.norm(x) * np.eye(rows)[k]
        q = q @ (np.eye(rows) - 2 * np.outer(v, v) / (v @ v))
        signs.append(-sign)
    np.testing.assert_allclose(haar(normals), q[:, :columns] * signs, atol=1e-12)


def test_zeros_have_a_direction():
    """A column of zeros, which no draw gives, does not divide by zero."""
    q = haar(np.zeros((4, 4)))
    np.testing.assert_allclose(q @ q.T, np.eye(4), atol=1e-15)


def test_haar_moments():
    """4,000 members of 3 x 3: traces of a uniform Q have the moments 0, 1, 0 and 3 of N(0, 1).

    Diaconis & Shahshahani (1994); without the signs of R the trace is biased by far more. Each
    column is uniform on the sphere: in three dimensions an entry is uniform (Archimedes).
    """
    n = 4_000
    w = InitSpec.orthogonal().sample_block(
        (n, 3, 3), (slice(None),) * 3, "stack out in", 7, "w", "float64"
    )
    trace = np.trace(w, axis1=1, axis2=2)
    for power, moment in enumerate((0, 1, 0, 3), 1):
        t = trace**power
        assert abs(t.mean() - moment) < 5 * t.std() / np.sqrt(n)
    determinant = np.linalg.det(w)
    assert abs(determinant.mean()) < 5 / np.sqrt(n)
    for i, j in np.ndindex(3, 3):
        assert stats.kstest(w[:, i, j], stats.uniform(-1, 2).cdf).pvalue > 6e-7
