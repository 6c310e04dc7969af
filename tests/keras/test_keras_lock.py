"""Locks of models of Keras: kept parameters are hashed, and filled models are verified."""

import keras
import pytest
from keras import layers as L  # noqa: N812 - as Keras' own pages have it

from initspec import Rule, initialize, lock

RULES = [
    Rule("keep", "embedding.embeddings"),
    Rule("ones", role="bias", layer="LSTM", part="stack[1]"),
    Rule("orthogonal", role="recurrent_kernel"),
    Rule("he_normal", role="kernel"),
    Rule("zeros", role="bias"),
]


def model(dtype="float32"):
    """Return a model with an embedding, a recurrent layer and a head that is used twice."""
    x = keras.Input((6,), dtype="int32")
    y = L.Embedding(11, 8, dtype=dtype)(x)
    # Keras' own orthogonal has no QR of 16 bits.
    y = L.LSTM(3, recurrent_initializer="zeros", dtype=dtype)(y)
    head = L.Dense(3, dtype=dtype)
    return keras.Model(x, head(head(y)))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float64"])
def test_a_filled_model_is_that_of_its_lock(dtype):
    """Kept weights too; and one changed element is found, of a kept weight and of another."""
    filled = model(dtype)
    plan = lock(filled, RULES, 7)
    assert [p.sha256 is None for p in plan.parameters] == [False, False, True, False, False, False]
    initialize(filled, RULES, 7)
    assert plan.verify(filled) == ()
    for layer, name in ((filled.layers[1], "embeddings"), (filled.layers[-1], "bias")):
        variable = getattr(layer, name)
        value = keras.ops.convert_to_numpy(keras.ops.cast(variable.value, "float32"))
        value[-1] += 1
        variable.assign(value)
    assert plan.verify(filled) == ("embedding.embeddings", "dense.bias")
