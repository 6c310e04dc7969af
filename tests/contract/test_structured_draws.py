"""What every backend must draw of the families that act on whole matrices; see `drawn.py`."""

from __future__ import annotations

import math
import runpy
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from initspec import Axes, InitSpec, Sparse

DRAWN = runpy.run_path(str(Path(__file__).with_name("drawn.py")))
draw, assert_follows = DRAWN["draw"], DRAWN["assert_follows"]
ALPHA, CONV, EPS, ERRORS = (DRAWN[name] for name in ("ALPHA", "CONV", "EPS", "ERRORS"))
SIGMA = math.sqrt(2 / 2048)  # He's on CONV


@pytest.mark.parametrize("along", ["in", "out"])
def test_sparse(backend_dtype, along):
    """Sparse: exactly ceil(0.3 n) zeros in each slice, at random places; the others normal."""
    backend, dtype = backend_dtype
    spec = InitSpec(Sparse(0.3, along), "he")
    weight = draw(backend, spec, *CONV, dtype)
    matrix = weight.reshape(512, 2048)
    slices = matrix if along == "in" else matrix.T
    zeros = 615 if along == "in" else 154  # of 2048, of 512
    assert np.all((slices == 0).sum(axis=1) == zeros)
    assert_follows(weight[weight != 0], stats.norm(0, SIGMA))
    # How often a place is a zero, over the slices: hypergeometric, here 5 sigma of a binomial.
    n, share = len(slices), zeros / slices.shape[1]
    counts = (slices == 0).sum(axis=0)
    tails = stats.binom(n, share)
    least = ALPHA / counts.size
    assert tails.cdf(counts.min()) > least
    assert tails.sf(counts.max() - 1) > least
    # Rows are independent of each other: two of them share about share^2 of their places.
    both = ((slices[:-1] == 0) & (slices[1:] == 0)).sum(axis=1)
    spot = stats.hypergeom(slices.shape[1], zeros, zeros)
    assert abs(both.mean() - spot.mean()) <= ERRORS * spot.std() / math.sqrt(len(both) / 2)


def orthonormal(matrix, dtype):
    """Assert orthonormal rows (columns, if tall), to what float32 and the cast allow."""
    matrix = matrix.astype(np.float64)
    tall = matrix if matrix.shape[0] > matrix.shape[1] else matrix.T
    error = np.max(np.abs(tall.T @ tall - np.eye(tall.shape[1])))
    unit = EPS[dtype] / 2
    # Rounding moves each product of a Gram matrix by a relative 2 unit; their signs are mixed.
    assert error <= 2 * unit + 32 * (EPS["float32"] if dtype != "float64" else unit)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((256, 32, 3, 3), "out in kernel kernel"),
        ((3, 3, 32, 256), "kernel kernel in out"),
        ((300, 200), "out in"),
        ((200, 200), "in out"),
    ],
    ids=str,
)
def test_orthogonal(backend_dtype, shape, axes):
    """Orthogonal in every dtype and order of axes: wide, tall and square."""
    backend, dtype = backend_dtype
    weight = draw(backend, InitSpec.orthogonal(1.5), shape, Axes(axes), dtype)
    roles = axes.split()
    order = [roles.index("out"), roles.index("in")]
    order += [i for i, role in enumerate(roles) if role == "kernel"]
    matrix = weight.transpose(order).reshape(shape[order[0]], -1)
    orthonormal(matrix.astype(np.float64) / 1.5, dtype)


def test_haar(backend_dtype):
    """Orthogonal matrices are uniform: each entry's law, its sign on the diagonal, the trace.

    69,906 independent 5 x 3 members, 2^20 entries. QR without the correction of signs (Mezzadri
    2007) fails it.
    """
    backend, dtype = backend_dtype
    members = draw(
        backend, InitSpec.orthogonal(), (69906, 5, 3), Axes("stack out in"), dtype
    ).astype(np.float64)
    n = len(members)
    entry = stats.beta(2, 2, loc=-1, scale=2)  # of a unit vector of 5
    bound = math.sqrt(math.log(2 * 15 / ALPHA) / (2 * n))
    for i, j in np.ndindex(5, 3):
        values = np.sort(members[:, i, j])
        slack = EPS[dtype] * 0.75  # the density is at most 3/4
        assert abs(values.mean()) <= 6 * math.sqrt(1 / 5 / n)
        steps = np.arange(1, n + 1) / n
        assert np.max(np.abs(steps - entry.cdf(values))) <= bound + 1 / n + slack
    # Members are independent: neighbours do not correlate.
    products = (members[:-1] * members[1:]).sum(axis=(1, 2))
    assert abs(products.mean()) <= ERRORS * products.std() / math.sqrt(n / 2)
    gram = members.transpose(0, 2, 1) @ members
    assert np.max(np.abs(gram - np.eye(3))) <= 2 * EPS[dtype] + 32 * EPS["float32"]


def test_delta_orthogonal(backend_dtype):
    """Delta-orthogonal: an orthogonal matrix at the centre, exact zeros elsewhere."""
    backend, dtype = backend_dtype
    weight = draw(backend, InitSpec.delta_orthogonal(1.5), *CONV, dtype).astype(np.float64)
    orthonormal(weight[:, :, 1, 1] / 1.5, dtype)
    weight[:, :, 1, 1] = 0
    assert not weight.any()


def test_dirac(backend_dtype):
    """Dirac: the identity at the centre, exact zeros elsewhere, per group too."""
    backend, dtype = backend_dtype
    weight = draw(backend, InitSpec.dirac(1.5), *CONV, dtype).astype(np.float64)
    expected = np.zeros(CONV[0])
    expected[np.arange(128), np.arange(128), 1, 1] = 1.5
    np.testing.assert_array_equal(weight, expected)
    axes = Axes("(stack=2 out) in kernel")
    grouped = draw(backend, InitSpec.dirac(), (6, 3, 3), axes, dtype).astype(np.float64)
    expected = np.zeros((6, 3, 3))
    for group, i in np.ndindex(2, 3):
        expected[3 * group + i, i, 1] = 1
    np.testing.assert_array_equal(grouped, expected)


def test_identity(backend_dtype):
    """The identity: rectangular, stacked."""
    backend, dtype = backend_dtype
    weight = draw(backend, InitSpec.identity(1.5), (700, 300), Axes("out in"), dtype)
    np.testing.assert_array_equal(weight.astype(np.float64), 1.5 * np.eye(700, 300))
    gates = draw(backend, InitSpec.identity(), (8, 12), Axes("in (stack=2 out)"), dtype)
    np.testing.assert_array_equal(gates.astype(np.float64), np.tile(np.eye(8, 6), (1, 2)))


def test_orthogonal_gates(backend):
    """Each gate of an LSTM kernel is orthogonal by itself, in Keras' order and in torch's."""
    for shape, axes in (((64, 4 * 64), "in (stack=4 out)"), ((4 * 64, 64), "(stack=4 out) in")):
        drawn = draw(backend, InitSpec.orthogonal(), shape, Axes(axes))
        for gate in np.split(drawn, 4, axis=axes.startswith("in")):
            orthonormal(gate, "float32")
