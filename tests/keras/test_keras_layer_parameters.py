"""The parameters of each layer of Keras: paths, shapes, roles and axes."""

import keras
import pytest
from keras import layers as L  # noqa: N812 - as Keras' own pages have it

from initspec import parameters
from tests.keras.test_keras_parameters import lines

LAYERS = {
    "dense": (lambda: L.Dense(3), (4,), """
        dense.kernel (4, 3) Dense kernel: in out
        dense.bias (3,) Dense bias: out [in=4]"""),
    "einsum": (lambda: L.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de"), (5, 4), """
        einsum_dense.kernel (4, 2, 3) EinsumDense kernel: in out out
        einsum_dense.bias (2, 3) EinsumDense bias: out out [in=4]"""),
    "batched": (lambda: L.EinsumDense("abc,bcd->abd", (5, 3), bias_axes="bd"), (5, 4), """
        einsum_dense.kernel (5, 4, 3) EinsumDense kernel: stack in out
        einsum_dense.bias (5, 3) EinsumDense bias: stack out [in=4]"""),
    "conv1d": (lambda: L.Conv1D(3, 5), (8, 4), """
        conv1d.kernel (5, 4, 3) Conv1D kernel: kernel... in out
        conv1d.bias (3,) Conv1D bias: out [in=4 kernel=5]"""),
    "conv2d": (lambda: L.Conv2D(6, 3, groups=2), (8, 8, 4), """
        conv2d.kernel (3, 3, 2, 6) Conv2D kernel: kernel... in (stack=2 out)
        conv2d.bias (6,) Conv2D bias: (stack=2 out) [in=2 kernel=9]"""),
    "conv3d": (lambda: L.Conv3D(3, 2, use_bias=False), (4, 4, 4, 2), """
        conv3d.kernel (2, 2, 2, 2, 3) Conv3D kernel: kernel... in out"""),
    "depthwise1d": (lambda: L.DepthwiseConv1D(3, depth_multiplier=2), (8, 4), """
        depthwise_conv1d.kernel (3, 4, 2) DepthwiseConv1D kernel: kernel... stack out
        depthwise_conv1d.bias (8,) DepthwiseConv1D bias: (stack=4 out) [in=1 kernel=3]"""),
    "depthwise2d": (lambda: L.DepthwiseConv2D(3, use_bias=False), (8, 8, 4), """
        depthwise_conv2d.kernel (3, 3, 4, 1) DepthwiseConv2D kernel: kernel... stack out"""),
    "separable1d": (lambda: L.SeparableConv1D(5, 3), (8, 4), """
        separable_conv1d.depthwise_kernel (3, 4, 1) SeparableConv1D kernel: kernel... stack out
        separable_conv1d.pointwise_kernel (1, 4, 5) SeparableConv1D kernel: kernel... in out
        separable_conv1d.bias (5,) SeparableConv1D bias: out [in=4 kernel=1]"""),
    "separable2d": (lambda: L.SeparableConv2D(5, 3, use_bias=False), (8, 8, 4), """
        separable_conv2d.depthwise_kernel (3, 3, 4, 1) SeparableConv2D kernel: kernel... stack out
        separable_conv2d.pointwise_kernel (1, 1, 4, 5) SeparableConv2D kernel: kernel... in out"""),
    "transposed1d": (lambda: L.Conv1DTranspose(3, 5), (8, 4), """
        conv1d_transpose.kernel (5, 3, 4) Conv1DTranspose kernel: kernel... out in
        conv1d_transpose.bias (3,) Conv1DTranspose bias: out [in=4 kernel=5]"""),
    "transposed2d": (lambda: L.Conv2DTranspose(3, 2, use_bias=False), (8, 8, 4), """
        conv2d_transpose.kernel (2, 2, 3, 4) Conv2DTranspose kernel: kernel... out in"""),
    "transposed3d": (lambda: L.Conv3DTranspose(3, 2, use_bias=False), (4, 4, 4, 5), """
        conv3d_transpose.kernel (2, 2, 2, 3, 5) Conv3DTranspose kernel: kernel... out in"""),
    "embedding": (lambda: L.Embedding(9, 3), (5,), """
        embedding.embeddings (9, 3) Embedding embedding: stack out"""),
    "reversible": (lambda: L.ReversibleEmbedding(9, 3, tie_weights=False), (5,), """
        reversible_embedding.embeddings (9, 3) ReversibleEmbedding embedding: stack out
        reversible_embedding.reverse_embeddings (3, 9) ReversibleEmbedding kernel: in out"""),
    "rnn": (lambda: L.SimpleRNN(3), (5, 4), """
        simple_rnn.simple_rnn_cell.kernel (4, 3) SimpleRNN kernel: in out
        simple_rnn.simple_rnn_cell.recurrent_kernel (3, 3) SimpleRNN recurrent_kernel: in out
        simple_rnn.simple_rnn_cell.bias (3,) SimpleRNN bias: out [in=4]"""),
    "lstm": (lambda: L.LSTM(3), (5, 4), """
        lstm.lstm_cell.kernel (4, 12) LSTM kernel: in (stack=4 out)
        lstm.lstm_cell.recurrent_kernel (3, 12) LSTM recurrent_kernel: in (stack=4 out)
        lstm.lstm_cell.bias (12,) LSTM bias: (stack=4 out) [in=4]"""),
    "gru": (lambda: L.GRU(3), (5, 4), """
        gru.gru_cell.kernel (4, 9) GRU kernel: in (stack=3 out)
        gru.gru_cell.recurrent_kernel (3, 9) GRU recurrent_kernel: in (stack=3 out)
        gru.gru_cell.bias (2, 9) GRU bias: stack (stack=3 out) [in=4]"""),
    "gru_before": (lambda: L.GRU(3, reset_after=False), (5, 4), """
        gru.gru_cell.kernel (4, 9) GRU kernel: in (stack=3 out)
        gru.gru_cell.recurrent_kernel (3, 9) GRU recurrent_kernel: in (stack=3 out)
        gru.gru_cell.bias (9,) GRU bias: (stack=3 out) [in=4]"""),
    "cells": (lambda: L.RNN([L.LSTMCell(3, use_bias=False), L.GRUCell(2, use_bias=False)]), (5, 4),
        """
        rnn.stacked_rnn_cells.lstm_cell:
        kernel (4, 12) LSTMCell kernel: in (stack=4 out)
        recurrent_kernel (3, 12) LSTMCell recurrent_kernel: in (stack=4 out)
        rnn.stacked_rnn_cells.gru_cell:
        kernel (3, 6) GRUCell kernel: in (stack=3 out)
        recurrent_kernel (2, 6) GRUCell recurrent_kernel: in (stack=3 out)"""),
    "conv_lstm": (lambda: L.ConvLSTM2D(2, 3, padding="same"), (5, 8, 8, 4), """
        conv_lstm2d.conv_lstm_cell:
        kernel (3, 3, 4, 8) ConvLSTM2D kernel: kernel... in (stack=4 out)
        recurrent_kernel (3, 3, 2, 8) ConvLSTM2D recurrent_kernel: kernel... in (stack=4 out)
        bias (8,) ConvLSTM2D bias: (stack=4 out) [in=4 kernel=9]"""),
    "bidirectional": (lambda: L.Bidirectional(L.SimpleRNN(3, use_bias=False)), (5, 4), """
        bidirectional.forward_simple_rnn.simple_rnn_cell:
        kernel (4, 3) SimpleRNN kernel: in out
        recurrent_kernel (3, 3) SimpleRNN recurrent_kernel: in out
        bidirectional.backward_simple_rnn.simple_rnn_cell:
        kernel (4, 3) SimpleRNN kernel: in out
        recurrent_kernel (3, 3) SimpleRNN recurrent_kernel: in out"""),
    "distributed": (lambda: L.TimeDistributed(L.Dense(3, use_bias=False)), (5, 4), """
        time_distributed.dense.kernel (4, 3) Dense kernel: in out"""),
    "batch_norm": (L.BatchNormalization, (4,), """
        batch_normalization.gamma (4,) BatchNormalization scale: out
        batch_normalization.beta (4,) BatchNormalization shift: out"""),
    "layer_norm": (L.LayerNormalization, (4,), """
        layer_normalization.gamma (4,) LayerNormalization scale: out
        layer_normalization.beta (4,) LayerNormalization shift: out"""),
    "group_norm": (lambda: L.GroupNormalization(2), (4,), """
        group_normalization.gamma (4,) GroupNormalization scale: out
        group_normalization.beta (4,) GroupNormalization shift: out"""),
    "rms_norm": (L.RMSNormalization, (4,), """
        rms_normalization.scale (4,) RMSNormalization scale: out"""),
    "prelu": (L.PReLU, (4,), """
        p_re_lu.alpha (4,) PReLU other: out"""),
    "lora": (lambda: L.Dense(3, lora_rank=2, use_bias=False), (4,), """
        dense.kernel (4, 3) Dense kernel: in out, frozen
        dense.lora_kernel_a (4, 2) Dense other: in out
        dense.lora_kernel_b (2, 3) Dense other: in out"""),
}  # fmt: skip
"""A layer, the shape of its input, and its parameters."""
ATTENTION = """
    {0}.query.kernel (4, {1}, 3) {2} kernel: in out out
    {0}.query.bias ({1}, 3) {2} bias: out out [in=4]
    {0}.key.kernel (4, 2, 3) {2} kernel: in out out
    {0}.key.bias (2, 3) {2} bias: out out [in=4]
    {0}.value.kernel (4, 2, 3) {2} kernel: in out out
    {0}.value.bias (2, 3) {2} bias: out out [in=4]
    {0}.attention_output.kernel ({1}, 3, 4) {2} kernel: in in out
    {0}.attention_output.bias (4,) {2} bias: out [in={3}]"""


def expected(text):
    """Return the lines of a text; one that ends with a colon begins those after it."""
    made, prefix = [], ""
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.endswith(":"):
            prefix = line.replace(":", ".")
        else:
            made.append(prefix + line)
    return made


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("build", [1, 2])
def test_layers(name, build):
    """Each class of the table, in a model, built twice in one process."""
    make, shape, text = LAYERS[name]
    assert lines(keras.Sequential([keras.Input(shape), make()])) == expected(text)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: L.MultiHeadAttention(2, 3), ("multi_head_attention", 2, "MultiHeadAttention", 6)),
        (
            lambda: L.GroupQueryAttention(3, 4, 2),
            ("grouped_query_attention", 4, "GroupedQueryAttention", 12),
        ),
    ],
)
def test_attention(make, words):
    """The parent's class is the layer, and rules for EinsumDense reach it, too."""
    x = keras.Input((5, 4))
    model = keras.Model(x, make()(x, x))
    assert lines(model) == expected(ATTENTION.format(*words))
    (place,) = parameters(model)[0].places
    assert place.classes[0] == words[2]
    assert "EinsumDense" in place.classes
