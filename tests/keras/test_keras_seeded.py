"""Seeded draws under Keras: layers, tracing, serialisation; on whichever framework it runs."""

import copy
import json
import pickle

import keras
import numpy as np
import pytest
from initspec_keras import backend

from initspec import InitSpec, InitSpecWarning

SPEC = InitSpec.he_normal()
WHOLE = SPEC.to_numpy("in out", seed=7, name="w")((24, 10))


def initializer():
    """Return an initializer that has drawn nothing yet."""
    return SPEC.to_keras(seed=7, name="w")


def numpy_of(value):
    return keras.ops.convert_to_numpy(value)


def test_layers_have_the_portable_weight():
    """A Dense kernel is the transpose of torch's Linear weight of the same seed and name."""
    layer = keras.layers.Dense(10, kernel_initializer=initializer())
    layer.build((None, 24))
    np.testing.assert_array_equal(numpy_of(layer.kernel), WHOLE)
    linear = SPEC.to_numpy("out in", seed=7, name="w")((10, 24))
    np.testing.assert_array_equal(numpy_of(layer.kernel).T, linear)


def test_gates_agree_with_the_layout_of_torch():
    """A fused LSTM kernel `in (stack=4 out)` is torch's `(stack=4 out) in`, transposed."""
    spec = InitSpec.orthogonal()
    drawn = spec.to_keras("in (stack=4 out)", seed=7, name="lstm")((8, 32))
    fused = spec.to_numpy("(stack=4 out) in", seed=7, name="lstm")((32, 8))
    np.testing.assert_array_equal(numpy_of(drawn), fused.T)


def test_traced_draws_have_the_same_bits():
    """Inside tf.function or jax.jit the weight is the same."""
    init = initializer()
    match keras.config.backend():
        case "tensorflow":
            import tensorflow as tf

            drawn = tf.function(lambda: init((24, 10)))()
        case "jax":
            import jax

            drawn = jax.jit(lambda: init((24, 10)))()
        case other:
            pytest.skip(f"Keras on {other} traces nothing")
    np.testing.assert_array_equal(numpy_of(drawn), WHOLE)


def test_config_carries_seed_and_name():
    """A copy made from the config draws the same weight."""
    config = keras.initializers.serialize(initializer())
    copy = keras.initializers.deserialize(config)
    np.testing.assert_array_equal(numpy_of(copy((24, 10))), WHOLE)


def test_clones_of_a_model_have_the_same_weights():
    """clone_model draws the portable weight again, without a warning."""
    model = keras.Sequential(
        [keras.layers.Input((24,)), keras.layers.Dense(10, kernel_initializer=initializer())]
    )
    clone = keras.models.clone_model(model)
    np.testing.assert_array_equal(numpy_of(clone.layers[0].kernel), WHOLE)


def test_two_layers_of_one_seeded_initializer_warn():
    """One seeded object on two layers gives two equal weights, and says so."""
    init = initializer()
    init((24, 10))
    with pytest.warns(InitSpecWarning, match="both are equal"):
        init((24, 10))


def _attention():
    init = SPEC.to_keras("in out out", seed=7, name="w")
    layer = keras.layers.MultiHeadAttention(2, 4, kernel_initializer=init)
    layer.build((1, 3, 8), (1, 3, 8))
    return layer


def _bidirectional():
    init = SPEC.to_keras("in (stack=4 out)", seed=7, name="w")
    layer = keras.layers.Bidirectional(keras.layers.LSTM(4, kernel_initializer=init))
    layer.build((1, 3, 8))
    return layer


@pytest.mark.parametrize("build", [_attention, _bidirectional])
def test_layers_that_copy_their_initializer_warn(build):
    """Query, key and value, or both directions, get copies of one initializer: equal, and said."""
    with pytest.warns(InitSpecWarning, match="second weight under the name 'w'") as caught:
        layer = build()
    assert len(caught) == 1
    kernels = [
        numpy_of(weight)
        for weight in layer.weights
        if weight.name == "kernel" and "output" not in weight.path
    ]
    assert len(kernels) >= 2
    for kernel in kernels[1:]:
        np.testing.assert_array_equal(kernel, kernels[0])


def test_clones_of_clones_do_not_warn():
    """A model cloned again and again fills the same paths; a warning is an error here."""
    model = keras.Sequential(
        [keras.layers.Input((24,)), keras.layers.Dense(10, kernel_initializer=initializer())]
    )
    first, second = keras.models.clone_model(model), keras.models.clone_model(model)
    for clone in (first, second, keras.models.clone_model(first)):
        np.testing.assert_array_equal(numpy_of(clone.layers[0].kernel), WHOLE)


def test_a_saved_config_is_plain_json():
    """What a config tells its copies does not reach a file, nor a copy of it."""
    config = keras.initializers.serialize(initializer())
    assert json.loads(json.dumps(config)) == config
    for copied in (copy.deepcopy(config), pickle.loads(pickle.dumps(config))):
        assert type(copied["config"]["name"]) is str


@pytest.mark.parametrize("entropy", [-1, -(2**70), 2**70])
def test_entropy_may_be_any_integer(entropy):
    """The entropy of a native draw is taken modulo 2^64, as on the other backends."""
    first, again = (backend.draw(SPEC, (4, 3), entropy=entropy) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.skipif(keras.config.backend() != "jax", reason="keras.distribution needs JAX")
def test_under_keras_distribution():
    """A variable that Keras lays out over devices has the same bits."""
    import os
    import subprocess
    import sys

    code = (
        "import keras, numpy as np\n"
        "from initspec import InitSpec\n"
        "devices = keras.distribution.list_devices()\n"
        "assert len(devices) == 4, devices\n"
        "mesh = keras.distribution.DeviceMesh((2, 2), ['batch', 'model'], devices)\n"
        "layout = keras.distribution.LayoutMap(mesh)\n"
        "layout['dense.*kernel'] = (None, 'model')\n"
        "keras.distribution.set_distribution("
        "keras.distribution.ModelParallel(layout_map=layout, batch_dim_name='batch'))\n"
        "spec = InitSpec.he_normal()\n"
        "layer = keras.layers.Dense(10, name='dense', "
        "kernel_initializer=spec.to_keras(seed=7, name='w'))\n"
        "layer.build((None, 24))\n"
        "kernel = layer.kernel.value\n"
        "assert len(kernel.sharding.device_set) == 4, kernel.sharding\n"
        "whole = spec.to_numpy('in out', seed=7, name='w')((24, 10))\n"
        "np.testing.assert_array_equal(np.asarray(kernel), whole)\n"
    )
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
