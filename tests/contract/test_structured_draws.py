"""What every backend must draw of the families that act on whole matrices, in every dtype.

That they are random as they should be `initspec conformance` proves.
"""

from __future__ import annotations

import numpy as np
import pytest

from initspec import Axes, InitSpec
from initspec.dtypes import float_type
from initspec.spec.resolve import resolve
from initspec.stream.draw import draw as portable
from tests.contract.drawn import CONV, draw
from tests.laws import EPS


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
    weight = draw(backend, InitSpec.dirac(gain=1.5), *CONV, dtype).astype(np.float64)
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


def test_noise_on_an_identity(backend_dtype):
    """Noise on every entry, the gain on the diagonal of each member, other noise each time."""
    backend, dtype = backend_dtype
    spec, axes = InitSpec.identity(1.5, noise=2.0**-5), Axes("in (stack=2 out)")
    weight = draw(backend, spec, (32, 64), axes, dtype).astype(np.float64)
    ones = np.tile(np.eye(32), (1, 2))
    assert abs((weight - 1.5 * ones).std() * 32 - 1) < 0.1
    assert abs(weight[ones > 0].mean() - 1.5) < 8 / 32 / 8
    assert len(np.unique(weight[ones == 0])) > 500
    kernel, axes = InitSpec.dirac(gain=2.0, noise=0.25), Axes("kernel in out")
    first, second = (draw(backend, kernel, (3, 8, 8), axes, dtype, entropy=e) for e in (1, 2))
    assert (first != second).any()
    noise = first.astype(np.float64) - 2 * np.eye(8) * np.array([0, 1, 0])[:, None, None]
    assert abs(noise.std() * 4 - 1) < 0.3
    assert abs(noise.mean()) < 0.1


@pytest.mark.parametrize(
    ("line", "shape", "axes"),
    [
        ("ramp(start=0.1, stop=0.7)", (9,), None),
        ("ramp(start=1.0, step=0.3, along=in)", (10, 4), "(stack out=5+2+3) in"),
        ("sinusoidal(gain=0.5)", (70, 8), "stack out"),
        ("hippo_legs", (6, 6), "in out"),
    ],
)
def test_computed_entries(backend_dtype, line, shape, axes):
    """Without a seed too the bits are those of the portable stream, on any of whose seeds."""
    backend, dtype = backend_dtype
    spec, axes = InitSpec.parse(line), None if axes is None else Axes(axes)
    kind = float_type(dtype)
    expected = portable(resolve(spec, shape, axes, kind=kind), kind, 7, "w")
    drawn = draw(backend, spec, shape, axes, dtype)
    assert drawn.tobytes() == expected.tobytes()


@pytest.mark.parametrize("order", ["grouped", "tiled"])
def test_equal_outputs(backend_dtype, order):
    """Equal outputs of a kernel in each group, and equal members, of whatever is repeated."""
    backend, dtype = backend_dtype
    kernel = InitSpec.repeat(InitSpec.normal(1.0), 4, order=order)
    weight = draw(backend, kernel, (2, 3, 16), Axes("kernel in (stack=2 out)"), dtype)
    apart = (2, 4) if order == "grouped" else (4, 2)
    repeats = np.moveaxis(weight.reshape(6, 2, *apart), 3 if order == "grouped" else 2, 0)
    assert (repeats == repeats[0]).all()
    assert len(np.unique(repeats[0].astype(np.float64))) > 18  # of 24; some round alike
    experts = InitSpec.repeat(InitSpec.orthogonal(), along="stack", order=order)
    members = draw(backend, experts, (3, 6, 4), Axes("stack in out"), dtype)
    assert (members == members[0]).all()
    orthonormal(members[0], dtype)
