"""As `kernel_init` and `bias_init` of flax layers, linen and nnx."""

from __future__ import annotations

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from initspec import InitSpec
from initspec.errors import CallError

nn = pytest.importorskip("flax.linen")
nnx = pytest.importorskip("flax.nnx")
KEY = jax.random.key(3)
HE = InitSpec.he_normal()
BIAS = InitSpec.constant(0.25).to_jax()


def _std(kernel, fan_in):
    """Assert He's std to 5 standard errors."""
    kernel = np.asarray(kernel)
    assert abs(kernel.std() / math.sqrt(2 / fan_in) - 1) < 5 / math.sqrt(2 * kernel.size)


def test_linen():
    """Dense and a grouped Conv get He's std for their own fan_in, and the bias."""
    layer = nn.Dense(128, kernel_init=HE.to_jax(), bias_init=BIAS)
    weights = layer.init(KEY, jnp.ones((1, 64)))["params"]
    _std(weights["kernel"], 64)
    assert np.all(weights["bias"] == 0.25)
    grouped = HE.to_jax("kernel kernel in (stack=4 out)")
    layer = nn.Conv(64, (3, 3), feature_group_count=4, kernel_init=grouped)
    _std(layer.init(KEY, jnp.ones((1, 4, 4, 32)))["params"]["kernel"], 9 * 8)


def test_linen_modules_compare():
    """Modules with equal initializers are equal: they serve as static arguments."""
    first, second = (nn.Dense(4, kernel_init=InitSpec.he_normal().to_jax()) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)


def test_nnx():
    """Linear and Conv get He's std, two layers two draws, and split and merge work."""
    rngs, init = nnx.Rngs(0), HE.to_jax()
    first = nnx.Linear(64, 128, kernel_init=init, bias_init=BIAS, rngs=rngs)
    second = nnx.Linear(64, 128, kernel_init=init, rngs=rngs)
    _std(first.kernel[...], 64)
    assert np.all(first.bias[...] == 0.25)
    assert not np.array_equal(first.kernel[...], second.kernel[...])
    conv = nnx.Conv(32, 64, (3, 3), kernel_init=init, rngs=rngs)
    _std(conv.kernel[...], 9 * 32)
    merged = nnx.merge(*nnx.split(first))
    assert np.array_equal(merged.kernel[...], first.kernel[...])


def test_attention():
    """flax asks for attention kernels as [in, heads * head], so `in out` is right, and the default.

    A kernel of rank 3, as Keras asks for it, has the axes `in out out`.
    """
    attention = nnx.MultiHeadAttention(4, 64, kernel_init=HE.to_jax(), rngs=nnx.Rngs(0))
    assert attention.query.kernel[...].shape == (64, 4, 16)
    _std(attention.query.kernel[...], 64)
    assert attention.out.kernel[...].shape == (4, 16, 64)
    _std(attention.out.kernel[...], 64)
    _std(HE.to_jax("in out out")(KEY, (64, 4, 16)), 64)
    layer = nn.DenseGeneral((4, 16), kernel_init=HE.to_jax())
    _std(layer.init(KEY, jnp.ones((1, 64)))["params"]["kernel"], 64)


def test_batched_dense():
    """DenseGeneral multiplies batch_dims into the inputs: `(stack=2 in) out` tells them apart."""
    init = HE.to_jax("(stack=2 in) out", seed=7, name="w")
    layer = nn.DenseGeneral((8, 16), axis=-1, batch_dims=(0,), kernel_init=init)
    kernel = layer.init(KEY, jnp.ones((2, 3, 64)))["params"]["kernel"]
    assert kernel.shape == (2, 64, 8, 16)
    _std(kernel, 64)
    for i in range(2):
        alone = HE.to_numpy("in out out", seed=7, name=f"w[{i}]")((64, 8, 16))
        np.testing.assert_array_equal(kernel[i], alone)


def test_stacked_lstm_gates():
    """nnx.OptimizedLSTMCell stacks its gates in one kernel: with axes each is orthogonal."""
    init = InitSpec.orthogonal().to_jax("in (stack=4 out)")
    cell = nnx.OptimizedLSTMCell(5, 8, recurrent_kernel_init=init, rngs=nnx.Rngs(0))
    gates = np.asarray(cell.dense_h.kernel[...], np.float64).reshape(8, 4, 8).transpose(1, 0, 2)
    np.testing.assert_allclose(gates.transpose(0, 2, 1) @ gates, [np.eye(8)] * 4, atol=4e-6)


@pytest.mark.parametrize(
    "init", [HE, HE.to_jax, InitSpec.he_normal], ids=["the spec", "the method", "the constructor"]
)
def test_what_is_not_yet_an_initializer(init):
    """A spec, `to_jax` or a constructor given to a layer: the error has what to pass."""
    line = re.escape("InitSpec.he_normal().to_jax()")
    with pytest.raises(CallError, match=line):
        nn.Dense(4, kernel_init=init).init(KEY, jnp.ones((1, 3)))
    with pytest.raises(CallError, match=line):
        nnx.Linear(3, 4, kernel_init=init, rngs=nnx.Rngs(0))
