"""Any recipe on a model of Keras."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from keras import layers as L  # noqa: N812 - as Keras' own pages have it

from initspec import parameters
from tests.any_recipe import UNTOUCHED, hold, options, rules, seeds


@pytest.fixture(scope="module")
def model():
    """Return a model with layers of each kind."""
    x = keras.Input((5,), dtype="int32")
    y = L.Embedding(4, 3, embeddings_initializer="zeros", name="w0")(x)
    y = L.LSTM(2, kernel_initializer="zeros", recurrent_initializer="zeros", name="h_0")(y)
    y = L.PReLU(name="w1")(L.LayerNormalization(name="h_1")(y))
    return keras.Model(x, L.Dense(3, kernel_initializer="zeros", name="head")(y))


def _state():
    seed = keras.src.random.seed_generator.global_seed_generator().state
    return np.random.get_state()[1].tobytes(), keras.ops.convert_to_numpy(seed).tobytes()


@settings(max_examples=50)
@given(rules=rules, seed=seeds, options=options)
def test_all_or_nothing(model, rules, seed, options):
    """Each weight that the recipe draws is filled and no other; after an error, none is."""
    paths = [p.path for p in parameters(model)]

    def read(model):
        arrays = map(keras.ops.convert_to_numpy, model.trainable_variables)
        return dict(zip(paths, arrays, strict=True))

    for variable in model.trainable_variables:
        variable.assign(np.full(variable.shape, UNTOUCHED, "float32"))
    hold(model, rules, seed, options, read, _state)
