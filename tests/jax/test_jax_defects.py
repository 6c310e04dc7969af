"""The defects that people met in JAX' own initializers, and that these do not have."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from initspec_jax import backend
from jax.nn import initializers

from initspec import InitSpec

KEY = jax.random.key(11)


def test_he_normal_is_not_truncated():
    """he_normal reaches beyond 4 sigma; JAX' own is cut at 2.27."""
    sigma = math.sqrt(2 / 1000)
    assert float(jnp.max(jnp.abs(initializers.he_normal()(KEY, (1000, 1000))))) < 2.28 * sigma
    assert float(jnp.max(jnp.abs(InitSpec.he_normal().to_jax()(KEY, (1000, 1000))))) > 4 * sigma


def test_truncated_normal_says_which_std():
    """std=0.02 gives 0.0200 corrected and 0.0176 uncorrected; JAX gives 0.0176 under that name.

    https://github.com/google/flax/issues/4091
    """
    stds = {
        corrected: float(
            jnp.std(InitSpec.truncated_normal(0.02, corrected=corrected).to_jax()(KEY, (2**20,)))
        )
        for corrected in (True, False)
    }
    theirs = float(jnp.std(initializers.truncated_normal(0.02)(KEY, (2**20,))))
    # The standard error of a std at 2^20 is 0.02 * sqrt(1.4 / 4 / 2^20) = 1.2e-5; 5 of them.
    assert abs(stds[True] - 0.02) < 6e-5
    assert abs(stds[False] - 0.0175925) < 6e-5
    assert abs(theirs - 0.0175925) < 6e-5


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize(
    "spec", [InitSpec.normal(1.0), InitSpec.uniform(-1.0, 1.0), InitSpec.truncated_normal(1.0)]
)
def test_half_precision_is_the_rounded_float32_draw(spec, dtype):
    """A half-precision draw is the float32 draw from the same key, rounded once."""
    init = spec.to_jax()
    wide = init(KEY, (2**20,))
    narrow = init(KEY, (2**20,), dtype)
    assert narrow.dtype == dtype
    assert bool(jnp.all(narrow == wide.astype(dtype)))


def test_bfloat16_has_the_values_of_a_rounded_normal():
    """A million bfloat16 values are as diverse as NumPy's float32 ones rounded; JAX has 128."""
    n = 2**20
    theirs = jax.random.normal(KEY, (n,), jnp.bfloat16)
    assert len(np.unique(np.asarray(theirs, np.float32))) == 128
    ours = np.asarray(InitSpec.normal(1.0).to_jax()(KEY, (n,), jnp.bfloat16), np.float32)
    rounded = np.random.default_rng(5).standard_normal(n, np.float32).astype(jnp.bfloat16)
    expected = len(np.unique(rounded.astype(np.float32)))
    assert abs(len(np.unique(ours)) / expected - 1) < 0.05
    # JAX' mean is off by 12 standard errors and more.
    assert abs(np.mean(ours, dtype=np.float64) * math.sqrt(n)) < 5
    assert abs(float(jnp.mean(theirs.astype(jnp.float32))) * math.sqrt(n)) > 5


def test_wide_truncation_has_no_atom_at_the_bound():
    """On [-8, 8] no value lies beyond 6 sigma; JAX puts one in 2^23 on the bound.

    https://github.com/jax-ml/jax/issues/10951
    In 2^26 values 0.13 are expected beyond 6, and 8 of JAX' own.
    """

    def beyond(draw):
        count = jax.jit(lambda key: jnp.sum(jnp.abs(draw(key)) > 6))
        return sum(int(count(key)) for key in jax.random.split(KEY, 2))

    init = InitSpec.truncated_normal(1.0, lower=-8, upper=8, corrected=False).to_jax()
    assert beyond(lambda key: init(key, (2**24,))) <= 1
    assert beyond(lambda key: jax.random.truncated_normal(key, -8, 8, (2**24,))) >= 1


@pytest.mark.parametrize(
    ("shape", "axes", "fan_in", "fan_out"),
    [
        # a flax Conv(64, (3, 3), feature_group_count=4) on 32 channels: each output sees 8 of them
        ((3, 3, 8, 64), "kernel kernel in (stack=4 out)", 72, 144),
        # depthwise: flax Conv(32, (3, 3), feature_group_count=32)
        ((3, 3, 1, 32), "kernel kernel in (stack=32 out)", 9, 9),
        # a Keras-style query kernel, [in, heads, head]
        ((64, 4, 16), "in out out", 64, 64),
        ((4, 16, 64), "in in out", 64, 64),
        # fused Q, K, V and the stacked gates of nnx.OptimizedLSTMCell
        ((64, 192), "in (stack=3 out)", 64, 64),
        ((64, 256), "in (stack=4 out)", 64, 64),
        ((8, 64, 32), "stack in out", 64, 32),
    ],
)
def test_fans_count_what_the_layer_does(shape, axes, fan_in, fan_out):
    """With axes, the std comes from the true fans, typed by hand from the layers."""
    noise = np.asarray(jax.random.normal(KEY, shape))
    for mode, fan in (("fan_in", fan_in), ("fan_out", fan_out)):
        drawn = InitSpec.lecun_normal(mode=mode).to_jax(axes)(KEY, shape)
        np.testing.assert_allclose(drawn, noise / math.sqrt(fan), rtol=1e-6)


def test_stacked_gates_are_orthogonal_each():
    """Each gate of a stacked recurrent kernel is orthogonal; JAX' own makes the rows so."""
    shape = (32, 4 * 32)

    def errors(kernel):
        gates = np.asarray(kernel, np.float64).reshape(32, 4, 32).transpose(1, 0, 2)
        return np.abs(gates.transpose(0, 2, 1) @ gates - np.eye(32)).max(axis=(1, 2))

    init = InitSpec.orthogonal().to_jax("in (stack=4 out)")
    assert errors(init(KEY, shape)).max() < 32 * 2**-23
    assert errors(initializers.orthogonal()(KEY, shape)).min() > 0.5


def test_draws_through_the_backend_are_those_of_the_initializer():
    """draw(entropy=e) is the initializer called with jax.random.key(e)."""
    spec = InitSpec.glorot_uniform()
    drawn = backend.draw(spec, (6, 7), entropy=3)
    assert np.array_equal(drawn, spec.to_jax()(jax.random.key(3), (6, 7)))


def test_all_bits_of_the_entropy_count():
    """Entropies that agree in their lowest 32 bits give different draws; key() drops the others."""
    spec = InitSpec.he_normal()
    entropies = (5, 2**32 + 5, 2**64 + 5, 2**128 + 5)
    draws = [backend.draw(spec, (8, 8), entropy=entropy).tobytes() for entropy in entropies]
    assert len(set(draws)) == len(draws)
