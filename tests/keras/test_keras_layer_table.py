"""The layer table of Keras against keras.layers itself: every class, built anew."""

import keras
import pytest
from initspec_keras.vocabulary.layers import settings
from keras import layers as L  # noqa: N812 - as Keras' own pages have it

from initspec.backend import read_layers
from tests.keras.engine import one_engine
from tests.layer_tables import check_layer, classes

pytestmark = one_engine
TABLE = read_layers("initspec_keras")

LAYERS = {
    "dense": (lambda: L.Dense(200), (1, 300)),
    "einsum": (lambda: L.EinsumDense("abc,cde->abde", (None, 8, 16), bias_axes="de"), (1, 4, 64)),
    "batched": (lambda: L.EinsumDense("abc,bcd->abd", (6, 32), bias_axes="bd"), (1, 6, 64)),
    "right": (lambda: L.EinsumDense("ab...,bc->ac...", 80, bias_axes="c"), (1, 70, 4, 5)),
    **{f"conv{n}d": (lambda n=n: getattr(L, f"Conv{n}D")(64, 3), (1, *[8] * n, 16))
       for n in (1, 2, 3)},
    "grouped": (lambda: L.Conv2D(64, 3, groups=4), (1, 8, 8, 32)),
    **{f"transposed{n}d": (lambda n=n: getattr(L, f"Conv{n}DTranspose")(64, 3), (1, *[8] * n, 16))
       for n in (1, 2, 3)},
    "depthwise1d": (lambda: L.DepthwiseConv1D(9, depth_multiplier=2), (1, 16, 128)),
    "depthwise2d": (lambda: L.DepthwiseConv2D(3), (1, 8, 8, 512)),
    "separable1d": (lambda: L.SeparableConv1D(64, 9), (1, 16, 128)),
    "separable2d": (lambda: L.SeparableConv2D(64, 3), (1, 8, 8, 128)),
    "embedding": (lambda: L.Embedding(1000, 64), (1, 5)),
    "reversible": (lambda: L.ReversibleEmbedding(1000, 64, tie_weights=False), (1, 5)),
    "lora": (lambda: L.Dense(200, lora_rank=64), (1, 300)),
    "lora_embedding": (lambda: L.Embedding(1000, 64, lora_rank=16), (1, 5)),
    "rnn": (lambda: L.SimpleRNNCell(50), (1, 40)),
    "lstm": (lambda: L.LSTMCell(50), (1, 40)),
    "gru": (lambda: L.GRUCell(50), (1, 40)),
    "gru_before": (lambda: L.GRUCell(50, reset_after=False), (1, 40)),
    "conv_lstm": (lambda: L.ConvLSTM2D(24, 3).cell, (1, 8, 8, 16)),
    "attention": (lambda: L.MultiHeadAttention(4, 16, output_shape=40), (1, 5, 64)),
    "queries": (lambda: L.GroupQueryAttention(16, 4, 2), (1, 5, 64)),
    "batch_norm": (L.BatchNormalization, (1, 16)),
    "layer_norm": (L.LayerNormalization, (1, 16)),
    "group_norm": (lambda: L.GroupNormalization(4), (1, 16)),
    "rms_norm": (L.RMSNormalization, (1, 16)),
    "prelu": (L.PReLU, (1, 16)),
}  # fmt: skip


def built(name):
    """Return a layer, and its trainable parameters by path from it."""
    make, shape = LAYERS[name]
    layer = make()
    layer.build(*[shape] * (2 if name in ("attention", "queries") else 1))
    values = {}
    for variable in layer.trainable_variables:
        path = variable.path.split("/")
        path = path[1:] if path[0] == layer.name else path
        values[".".join(path)] = keras.ops.convert_to_numpy(variable.value)
    return layer, values


@pytest.mark.parametrize("name", LAYERS)
def test_a_built_layer_is_its_row(name):
    """Names, shapes and what the parameters start with are those of the table."""
    keras.utils.set_random_seed(0)
    layer, values = built(name)
    row = check_layer(TABLE, classes(layer), values, settings(layer))
    assert type(layer).__name__ in row.classes


def test_every_class_of_the_table_is_built_here():
    """No row goes untested."""
    kinds = {type(make()).__name__ for make, _ in LAYERS.values()}
    assert kinds == {name for row in TABLE.layers for name in row.classes}


@pytest.mark.parametrize(
    ("name", "path", "axes"),
    [
        ("grouped", "bias", "(stack=4 out) [in=8 kernel=9]"),
        ("depthwise1d", "bias", "(stack=128 out) [in=1 kernel=9]"),
        ("attention", "query.bias", "out out [in=64]"),
        ("attention", "attention_output.bias", "out [in=64]"),
        ("batched", "kernel", "stack in out"),
        ("batched", "bias", "stack out [in=64]"),
        ("right", "bias", "out out out [in=70]"),
        ("conv_lstm", "bias", "(stack=4 out) [in=16 kernel=9]"),
        ("gru", "bias", "stack (stack=3 out) [in=40]"),
        ("gru_before", "bias", "(stack=3 out) [in=40]"),
    ],
)
def test_axes_are_the_true_ones(name, path, axes):
    """A bias has the other side of its weight as counts."""
    layer, values = built(name)
    shapes = {path: value.shape for path, value in values.items()}
    assert str(TABLE.find(classes(layer)).axes(path, shapes, settings(layer))) == axes
