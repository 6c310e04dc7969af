"""A built-in and the subclass survive every way of copying and saving."""

from __future__ import annotations

import copy
import pickle
import warnings

import keras
import numpy as np
import pytest

from initspec import InitSpec

WAYS = {
    "config": lambda init: type(init).from_config(init.get_config()),
    "clone": lambda init: init.clone(),
    "serialize": lambda init: keras.initializers.deserialize(keras.initializers.serialize(init)),
    "get": lambda init: keras.initializers.get(keras.initializers.serialize(init)),
    "pickle": lambda init: pickle.loads(pickle.dumps(init)),
    "deepcopy": copy.deepcopy,
    "twice": lambda init: copy.deepcopy(pickle.loads(pickle.dumps(init.clone()))),
}
SPECS = {
    "builtin": (InitSpec.he_normal(gain=1.5), None),
    "builtin axes": (InitSpec.he_normal(), "out in"),
    "subclass": (InitSpec.he_normal(gain=1.5), "in (stack=4 out)"),
    "structured": (InitSpec.orthogonal(), "in (stack=4 out)"),
    "sparse": (InitSpec.sparse(0.5, along="out"), None),
    "mapped": (InitSpec.log_uniform(1e-3, 0.1, through="inverse_softplus"), None),
}


def _model(spec, axes=None, units=8):
    layer = keras.layers.Dense(units, kernel_initializer=spec.to_keras(axes=axes))
    return keras.Sequential([keras.Input((16,)), layer])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SPECS)
def test_copies(name, way, array):
    """A copy has the same type and config, and an unseeded one draws numbers of its own."""
    spec, axes = SPECS[name]
    init = spec.to_keras(axes=axes)
    copied = WAYS[way](init)
    assert type(copied) is type(init)
    # Keras numbers the names of its generators; nothing depends on them.
    ours, theirs = (str(keras.initializers.serialize(i)) for i in (init, copied))
    assert ours.split("seed_generator")[0] == theirs.split("seed_generator")[0]
    draws = [array(i((16, 8))) for i in (init, copied, init, copied)]
    assert all(not np.array_equal(draws[i], draws[j]) for i in range(4) for j in range(i))


@pytest.mark.parametrize("way", ["pickle", "deepcopy"])
def test_copy_of_a_seeded_generator(way, array):
    """A SeedGenerator with a seed goes on from where it was when it was copied."""
    init = keras.initializers.RandomNormal(seed=keras.random.SeedGenerator(5))
    InitSpec.he_normal().to_keras()  # teaches Keras to copy it
    init((3, 3))
    copied = WAYS[way](init)
    assert np.array_equal(array(copied((3, 3))), array(init((3, 3))))


@pytest.mark.parametrize("name", SPECS)
def test_models(name, tmp_path, array):
    """clone_model draws anew; a saved model loads in safe mode with its weights and initializer."""
    spec, axes = SPECS[name]
    model = _model(spec, axes)
    cloned = keras.models.clone_model(model)
    assert not np.array_equal(array(cloned.weights[0]), array(model.weights[0]))
    path = str(tmp_path / "model.keras")
    model.save(path)
    loaded = keras.models.load_model(path, safe_mode=True)
    assert np.array_equal(array(loaded.weights[0]), array(model.weights[0]))
    ours, theirs = (m.layers[0].kernel_initializer for m in (model, loaded))
    assert type(ours) is type(theirs)
    rebuilt = keras.models.clone_model(loaded)
    assert not np.array_equal(array(rebuilt.weights[0]), array(model.weights[0]))


LOAD = """
import sys
import {first}
import keras
import {then}
import numpy as np
for path in sys.argv[1:]:
    model = keras.models.load_model(path, safe_mode=True)
    init = model.layers[0].kernel_initializer
    print(type(init).__module__.split(".")[0], float(np.sum(model.get_weights()[0])))
"""


@pytest.mark.skipif(
    keras.backend.backend() != "jax",
    reason="what is registered is the same on each engine: run on JAX, which is imported soonest",
)
def test_fresh_process(tmp_path, fresh):
    """All load after `import initspec`, before or after Keras; a built-in does without it."""
    paths, sums = [], []
    for name, seed in (("builtin", None), ("builtin axes", None), ("subclass", None), ("seed", 7)):
        spec, axes = SPECS.get(name, SPECS["builtin"])
        layer = keras.layers.Dense(8, kernel_initializer=spec.to_keras(axes=axes, seed=seed))
        model = keras.Sequential([keras.Input((16,)), layer])
        for suffix in ("keras", "h5"):
            paths.append(str(tmp_path / f"{name}.{suffix}"))
            model.save(paths[-1])
            sums.append(float(np.sum(model.get_weights()[0])))
    for first, then, owner, many in (
        ("initspec", "sys", "initspec_keras", 8),
        ("sys", "initspec", "initspec_keras", 8),
        ("initspec_keras", "sys", "initspec_keras", 8),
        ("sys", "sys", "keras", 4),
    ):
        printed = fresh(LOAD.format(first=first, then=then), *paths[:many])
        assert printed.splitlines()[-many:] == [f"{owner} {total}" for total in sums[:many]]


@pytest.mark.parametrize("name", SPECS)
def test_one_object_on_two_layers(name, array):
    """One unseeded initializer gives two layers two draws, without Keras' warning."""
    spec, axes = SPECS[name]
    init = spec.to_keras(axes=axes)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        layers = [keras.layers.Dense(8, kernel_initializer=init) for _ in range(2)]
        for layer in layers:
            layer.build((None, 16))
    first, second = (array(layer.kernel) for layer in layers)
    assert not np.array_equal(first, second)
