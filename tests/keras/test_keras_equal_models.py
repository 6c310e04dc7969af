"""Models of Keras start as those of every other framework: NumPy's weights, NumPy's outputs."""

import keras
import numpy as np
import pytest
from keras import layers as L  # noqa: N812 - as Keras' own pages have it

from initspec import initialize, parameters
from tests import equal_models

RENAMED = {
    "lstm.lstm_cell.kernel": "lstm.weight_ih_l0",
    "lstm.lstm_cell.recurrent_kernel": "lstm.weight_hh_l0",
    "lstm.lstm_cell.bias": "lstm.bias_ih_l0",
    "blocks_": "blocks.",
    **equal_models.PROJECTIONS,
    "attention_output": "out_proj",
    **dict.fromkeys((".kernel", ".gamma", ".embeddings"), ".weight"),
    ".beta": ".bias",
}


def cnn():
    x = inputs = keras.Input((6, 7, 3))
    x = L.Conv2D(8, 3, padding="same", name="conv")(x)
    x = L.ReLU()(L.GroupNormalization(2, epsilon=equal_models.EPSILON, name="norm")(x))
    x = L.Conv2D(8, 3, padding="same", groups=4, name="grouped")(x)
    x = L.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name="depthwise")(x)
    x = L.Conv2D(12, 1, activation="relu", name="pointwise")(x)
    return keras.Model(inputs, L.Dense(5, name="head")(L.GlobalAveragePooling2D()(x)))


def lstm():
    x = inputs = keras.Input((5,), dtype="int32")
    x = L.LSTM(5, name="lstm")(L.Embedding(11, 6, name="embed")(x))
    return keras.Model(inputs, L.Dense(3, name="head")(x))


class Block(L.Layer):
    def __init__(self, name):
        super().__init__(name=name)
        self.norm_1 = L.LayerNormalization(epsilon=equal_models.EPSILON, name="norm_1")
        self.attention = L.MultiHeadAttention(
            equal_models.HEADS, 8 // equal_models.HEADS, name="attention"
        )
        self.norm_2 = L.LayerNormalization(epsilon=equal_models.EPSILON, name="norm_2")
        self.up = L.Dense(16, name="up")
        self.down = L.Dense(8, name="down")

    def call(self, x):
        normed = self.norm_1(x)
        x = x + self.attention(normed, normed)
        return x + self.down(keras.ops.gelu(self.up(self.norm_2(x)), approximate=False))


def transformer():
    x = inputs = keras.Input((5,), dtype="int32")
    table = L.ReversibleEmbedding(11, 8, name="wte")
    positions = keras.ops.zeros_like(x) + keras.ops.arange(5)
    x = table(x) + L.Embedding(5, 8, name="wpe")(positions)
    for i in range(equal_models.BLOCKS):
        x = Block(f"blocks_{i}")(x)
    x = L.LayerNormalization(epsilon=equal_models.EPSILON, name="norm")(x)
    return keras.Model(inputs, table(x, reverse=True))


@pytest.fixture
def undrawn(monkeypatch):
    """Let layers start at 0, which is written over: JAX compiles a draw of each shape."""

    def zeros(_, shape, dtype=None):
        return np.zeros(shape, dtype)

    for kind in ("GlorotUniform", "OrthogonalInitializer", "RandomUniform"):
        monkeypatch.setattr(getattr(keras.initializers, kind), "__call__", zeros)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("make", [cnn, lstm, transformer])
def test_weights_and_outputs_are_those_of_numpy(make, array):
    """Bit for bit, and to 1e-5."""
    names = equal_models.renamed(RENAMED)
    model = initialize(make(), equal_models.RULES, equal_models.SEED, names=names)
    drawn = zip(map(names, (p.path for p in parameters(model))), model.weights, strict=True)
    held = ((name, equal_models.torch_layout(name, array(weight))) for name, weight in drawn)
    equal_models.assert_equal_weights(make.__name__, held)
    inputs = equal_models.IMAGES.transpose(0, 2, 3, 1) if make is cnn else equal_models.TOKENS
    outputs = equal_models.outputs_of(make.__name__)
    np.testing.assert_allclose(array(model(inputs)), outputs, rtol=0, atol=1e-5)
