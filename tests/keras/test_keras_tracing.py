"""Tracing, stateless scopes, distribution, and no global random state."""

from __future__ import annotations

import random

import keras
import numpy as np
import pytest
from initspec_keras import backend
from initspec_keras.initializer import InitSpecInitializer

from initspec import InitSpec

FRAMEWORK = keras.backend.backend()
SPECS = {
    "builtin": (InitSpec.he_normal(), None),
    "subclass": (InitSpec.he_truncated_normal(lower=-3), None),
    "tail": (InitSpec.truncated_normal(lower=3, upper=5), None),
    "haar": (InitSpec.orthogonal(), "in (stack=4 out)"),
    "sparse": (InitSpec.sparse(0.5), None),
}
each_spec = pytest.mark.parametrize(("spec", "axes"), list(SPECS.values()), ids=str)


@pytest.mark.skipif(FRAMEWORK != "tensorflow", reason="tf.function is TensorFlow's")
@each_spec
@pytest.mark.parametrize("xla", [False, True])
def test_tf_function(spec, axes, xla):
    """Traced once, two calls give two draws; a layer is built lazily inside the trace."""
    import tensorflow as tf

    init = spec.to_keras(axes=axes)
    traced = tf.function(lambda: init((8, 16)), jit_compile=xla)
    assert not np.array_equal(traced().numpy(), traced().numpy())
    layer = keras.layers.Dense(16, kernel_initializer=spec.to_keras(axes=axes))
    tf.function(layer)(tf.ones((2, 8)))
    assert np.isfinite(layer.kernel.numpy()).all()


@pytest.mark.parametrize("shape", [(3, 5, 6, 8), (5, 6, 8), (12, 7)])
def test_how_it_is_drawn_changes_no_bit(shape):
    """A convolution is drawn flat on JAX: the numbers are those of keras.random all the same."""
    init = InitSpecInitializer(InitSpec.normal(1.0), generator=keras.random.SeedGenerator(7))
    expected = keras.random.normal(shape, seed=keras.random.SeedGenerator(7))
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(init(shape)), keras.ops.convert_to_numpy(expected)
    )


@pytest.mark.skipif(FRAMEWORK != "jax", reason="stateless calls are how Keras jits on JAX")
@each_spec
def test_stateless_scope_and_jit(spec, axes):
    """Under jax.jit in a StatelessScope the generator's state goes in and comes out."""
    import jax

    init = spec.to_keras(axes=axes)
    state = getattr(init, "seed", None) or init._generator

    @jax.jit
    def draw(value):
        with keras.StatelessScope(state_mapping=[(state.state, value)]) as scope:
            weight = init((8, 16))
        return weight, scope.get_current_value(state.state)

    before = state.state.value
    first, after = draw(before)
    second, _ = draw(after)
    assert not np.array_equal(first, second)
    assert np.array_equal(state.state.value, before)
    assert np.allclose(init((8, 16)), first, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(FRAMEWORK != "torch", reason="torch's own devices")
@each_spec
def test_meta_device(spec, axes):
    """On torch's meta device the shape comes without numbers."""
    with keras.device("meta"):
        assert spec.to_keras(axes=axes)((8, 16)).device.type == "meta"


@each_spec
def test_lazily_built_model(spec, axes):
    """A functional model builds its layers while Keras infers shapes symbolically."""
    inner = keras.Sequential([keras.layers.Dense(16, kernel_initializer=spec.to_keras(axes=axes))])
    inputs = keras.Input((8,))
    model = keras.Model(inputs, inner(inputs))
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 8)), np.ones((4, 16)), verbose=0)
    assert np.isfinite(model.get_weights()[0]).all()


@each_spec
def test_no_global_random_state(spec, axes):
    """Neither reads nor moves a global generator; Python's chooses the seed at construction."""
    init = spec.to_keras(axes=axes)

    def states():
        found = [repr(random.getstate()), repr(np.random.get_state())]
        if FRAMEWORK == "torch":
            import torch

            found.append(torch.get_rng_state().tolist())
        return found

    before = states()
    init((8, 16))
    backend.draw(spec, (8, 16), entropy=1)
    assert states() == before
    keras.utils.set_random_seed(1)
    first = init((8, 16))
    keras.utils.set_random_seed(1)
    assert not np.array_equal(*map(keras.ops.convert_to_numpy, (first, init((8, 16)))))


DISTRIBUTED = """
import keras, jax, numpy as np
from initspec import InitSpec
devices = np.array(jax.devices()).reshape(2, 2)
mesh = keras.distribution.DeviceMesh((2, 2), ["batch", "model"], devices)
layout = keras.distribution.LayoutMap(mesh)
layout["dense.*kernel"] = (None, "model")
keras.distribution.set_distribution(keras.distribution.ModelParallel(layout_map=layout))
for spec in (InitSpec.he_normal(), InitSpec.orthogonal(), InitSpec.sparse(0.5)):
    init = spec.to_keras(axes="in (stack=4 out)")
    kernels = []
    for i in range(2):
        dense = keras.layers.Dense(16, name=f"dense_{i}", kernel_initializer=init)
        dense.build((None, 8))
        kernels.append(dense.kernel.value)
    assert len(kernels[0].sharding.device_set) == 4
    assert kernels[0].addressable_shards[0].data.shape == (8, 8)
    assert np.isfinite(kernels[0]).all() and not np.array_equal(*kernels)
print("distributed")
"""


@pytest.mark.skipif(FRAMEWORK != "jax", reason="Keras distributes on JAX")
def test_distribution(fresh):
    """Under ModelParallel a kernel comes sharded as its layout says."""
    flags = "--xla_force_host_platform_device_count=4"
    drawn = fresh(DISTRIBUTED, JAX_PLATFORMS="cpu", XLA_FLAGS=flags)
    assert drawn.split()[-1] == "distributed"
