"""Draws of JAX on a GPU: laws, bits, placement. `tests/gpu.sh` runs this file.

Rates of false alarms are those of `tests.gpu`.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding, PartitionSpec

from initspec import Axes, InitSpec
from initspec.backend import FLOATS
from tests.gpu import (
    LAWS,
    SIDE,
    assert_moments,
    every_dtype,
    every_law,
    every_orthogonal,
    every_weight,
)

if jax.default_backend() != "gpu":
    pytest.skip("JAX has no GPU here", allow_module_level=True)


@pytest.fixture(autouse=True)
def _double():
    """Have float64, which JAX makes float32 otherwise."""
    with jax.enable_x64(True):
        yield


@every_dtype
@every_law
def test_elementwise(line, dtype):
    """Mean, variance and support of every elementwise family, drawn on the GPU."""
    weight = InitSpec.parse(line).to_jax()(jax.random.key(1), (SIDE, SIDE), dtype)
    assert {device.platform for device in weight.devices()} == {"gpu"}
    law, wide = LAWS[line], weight.astype(jnp.float64)
    moments = wide.mean(), ((wide - law.mean()) ** 2).mean(), wide.min(), wide.max()
    assert_moments(wide.size, tuple(map(float, moments)), law, dtype)


@every_dtype
@every_orthogonal
def test_orthogonal(shape, axes, dtype):
    """Rows or columns are orthonormal, at the lowest precision that products can be set to."""
    spec = InitSpec.orthogonal(1.5)
    layout = spec.resolve(shape, Axes(axes)).layout
    with jax.default_matmul_precision("bfloat16"):
        weight = spec.to_jax(axes)(jax.random.key(2), shape, dtype)
    q = layout.logical(np.asarray(weight).astype(np.float64)) / 1.5
    q = q.reshape(layout.stack, layout.out, layout.columns)
    rows = q if layout.out <= layout.columns else q.transpose(0, 2, 1)
    error = np.abs(rows @ rows.transpose(0, 2, 1) - np.eye(rows.shape[1])).max()
    working = FLOATS["float64" if dtype == "float64" else "float32"].eps
    assert error <= FLOATS[dtype].eps + 32 * working


def test_conformance():
    """The conformance suite passes with its draws made on the GPU."""
    from initspec_conformance import run

    report = run("jax", "quick")
    assert "gpu" in report.versions["jax"]
    assert report.passed, str(report)


@every_dtype
@every_weight
def test_seeded_bits(line, shape, axes, dtype):
    """Every family has NumPy's bits on the GPU: eager, in a program, and sharded."""
    spec = InitSpec.parse(line)
    expected = spec.to_numpy(axes, seed=7, name="w")(shape, dtype)
    sharding = NamedSharding(jax.make_mesh((1,), ("x",)), PartitionSpec())

    def draw(**where):
        return spec.to_jax(axes, seed=7, name="w")(None, shape, dtype, **where)

    for weight in (draw(), jax.jit(draw)(), draw(out_sharding=sharding)):
        assert {device.platform for device in weight.devices()} == {"gpu"}
        assert weight.dtype == expected.dtype
        assert np.asarray(weight).tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", ["bfloat16", "float64"])
@every_weight
def test_keys(line, shape, axes, dtype):
    """A key repeats its draw, on the GPU and in a program there; another key draws another."""
    init = InitSpec.parse(line).to_jax(axes)
    first, again, other = (init(jax.random.key(key), shape, dtype) for key in (3, 3, 4))
    assert jnp.array_equal(first, again)
    traced = jax.jit(lambda key: init(key, shape, dtype))(jax.random.key(3))
    # Programs of another shape may round otherwise.
    tolerance = {"rtol": FLOATS[dtype].eps, "atol": 1e-6}
    np.testing.assert_allclose(*(x.astype(jnp.float64) for x in (traced, first)), **tolerance)
    if not line.startswith(("identity", "dirac", "constant")):
        assert not jnp.array_equal(first, other)


@pytest.mark.parametrize("seed", [None, 7])
def test_another_device_than_the_default(seed):
    """Under jax.default_device a weight lies there."""
    cpu = jax.devices("cpu")[0]
    with jax.default_device(cpu):
        weight = InitSpec.he_normal().to_jax(seed=seed)(jax.random.key(0), (24, 10))
    assert weight.devices() == {cpu}
