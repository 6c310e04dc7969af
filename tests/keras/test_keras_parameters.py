"""The parameters of Keras models: their paths, roles, axes and shapes, and what has none."""

import keras
import numpy as np
import pytest
from keras import layers as L  # noqa: N812 - as Keras' own pages have it

from initspec import parameters, register_layer
from initspec.errors import AxesError, TargetError
from initspec.models.owner import owner

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


def lines(model):
    """Return a line for each parameter."""
    made = []
    for p in parameters(model):
        end = (", frozen" if p.frozen else "") + (f", tied {p.tied}" if p.tied else "")
        made.append(f"{p.path} {p.shape} {p.layer} {p.role}: {p.axes}{end}")
    return made


def paths(model):
    """Return the paths of a model."""
    return [p.path for p in parameters(model)]


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


def test_the_root_has_no_name():
    """A layer alone is a model, too."""
    layer = L.Dense(3, name="anything")
    layer.build((None, 4))
    assert paths(layer) == ["kernel", "bias"]


def test_names_of_users_stay_and_automatic_ones_make_way():
    """Numbers are counted among siblings; no two paths are alike."""

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.first = [L.Dense(2), L.Conv1D(2, 1, name="dense"), L.Dense(2, name="head")]
            self.second = [L.Dense(2, name="head"), L.Dense(2)]

        def call(self, x):
            for layer in [*self.first, *self.second]:
                x = layer(x)
            return x

    for _ in range(2):
        model = Model()
        model(np.zeros((1, 3, 2)))
        names = [path.removesuffix(".kernel") for path in paths(model) if path.endswith("kernel")]
        assert names == ["dense_1", "dense", "head", "head_1", "dense_2"]


@pytest.mark.skipif(keras.config.backend() == "torch", reason="torch refuses dots in names")
def test_dots_in_names():
    """A name with a dot may be the path of a layer in another, which makes way."""
    inner = keras.Sequential([keras.Input((2,)), L.Dense(2, name="b")], name="a")
    model = keras.Sequential([keras.Input((2,)), inner, L.Dense(2, name="a.b")])
    assert paths(model) == ["a.b_1.kernel", "a.b_1.bias", "a.b.kernel", "a.b.bias"]


def test_nested_models_count_their_own():
    """A block of a block is numbered in its block."""

    def block(name=None):
        return keras.Sequential([keras.Input((4,)), L.Dense(4, use_bias=False)], name=name)

    x = keras.Input((4,))
    model = keras.Model(x, L.Dense(1, use_bias=False)(block()(block("encoder")(block()(x)))))
    assert paths(model) == [
        "sequential.dense.kernel",
        "encoder.dense.kernel",
        "sequential_1.dense.kernel",
        "dense.kernel",
    ]


def test_a_loaded_model_has_the_paths_of_the_one_that_was_saved(tmp_path):
    """And so has a clone: there Keras' names are those of the first build."""
    for _ in range(2):
        x = keras.Input((5, 4))
        y = L.Dense(2)(L.Bidirectional(L.LSTM(3, return_sequences=True))(L.Dense(4)(x)))
        model = keras.Model(x, y)
    model.save(tmp_path / "model.keras")
    assert paths(keras.models.load_model(tmp_path / "model.keras")) == paths(model)
    assert paths(keras.models.clone_model(model)) == paths(model)
    model.compile("sgd", "mse")
    model.fit(np.zeros((2, 5, 4)), np.zeros((2, 5, 2)), verbose=0)
    assert paths(model)[0] == "dense.kernel"
    assert len(paths(model)) == len(model.trainable_variables)


def test_ties():
    """A layer that is called twice is one; in two blocks, or as one variable, it has two paths."""
    x = keras.Input((4,))
    dense = L.Dense(4, use_bias=False)
    assert paths(keras.Model(x, dense(dense(x)))) == ["dense.kernel"]

    class Block(L.Layer):
        def __init__(self, dense):
            super().__init__()
            self.dense = dense

        def call(self, x):
            return self.dense(x)

    (tied,) = parameters(keras.Model(x, Block(dense)(Block(dense)(x))))
    assert [place.path for place in tied.places] == ["block.dense.kernel", "block_1.dense.kernel"]
    assert (tied.role, tied.layer) == ("kernel", "Dense")

    class Head(L.Layer):
        def __init__(self, embedding):
            super().__init__()
            self.weight = embedding.embeddings

        def call(self, x):
            return x @ keras.ops.transpose(self.weight)

    embedding = L.Embedding(9, 4)
    embedding.build()
    tokens = keras.Input((5,))
    (tied,) = parameters(keras.Model(tokens, Head(embedding)(embedding(tokens))))
    assert (tied.path, tied.tied) == ("embedding.embeddings", ("head.embeddings",))
    assert tied.role == "embedding"


def test_what_is_frozen():
    """Parameters stay parameters when they, their layer or their model is not trained."""
    model = keras.Sequential([keras.Input((4,)), L.Dense(4, trainable=False), L.Dense(2)])
    assert [p.frozen for p in parameters(model)] == [True, True, False, False]
    model.trainable = False
    assert [p.frozen for p in parameters(model)] == [True] * 4


def test_subclasses_and_norms_that_no_table_has():
    """A subclass inherits; a class that is named as a norm and has vectors is one."""

    class Mine(L.Dense):
        pass

    class GemmaRMSNorm(L.Layer):
        def build(self, shape):
            self.scale = self.add_weight(shape=shape[-1:], initializer="zeros")
            self.bias = self.add_weight(shape=shape[-1:], initializer="zeros", name="bias")

        def call(self, x):
            return x * (1 + self.scale) + self.bias

    model = keras.Sequential([keras.Input((4,)), Mine(3), GemmaRMSNorm()])
    kernel, _, scale, shift = parameters(model)
    assert (kernel.layer, kernel.role) == ("Mine", "kernel")
    assert kernel.places[0].classes[:2] == ("Mine", "Dense")
    assert (scale.path, scale.role, scale.zeros) == ("gemma_rms_norm.scale", "scale", True)
    assert (shift.path, shift.role, shift.zeros) == ("gemma_rms_norm.bias", "shift", False)


def test_a_class_of_the_same_name_is_another():
    """The table is of Keras' classes and of what derives from them; a norm is one by its name."""

    class Dense(L.Layer):
        def build(self, shape):
            self.kernel = self.add_weight(shape=(3, shape[-1]), name="kernel")

        def call(self, x):
            return x @ keras.ops.transpose(self.kernel)

    class RMSNormalization(L.Layer):
        def build(self, shape):
            self.gamma = self.add_weight(shape=shape[-1:], name="gamma")
            self.kernel = self.add_weight(shape=shape[-1:], name="kernel")

        def call(self, x):
            return x * self.gamma * self.kernel

    model = keras.Sequential([keras.Input((4,)), Dense(), RMSNormalization(), L.Dense(2)])
    assert [p.role for p in parameters(model)] == ["other", "scale", "other", "kernel", "bias"]


def test_mixers_are_other_altogether():
    """What is inside a layer with the weights of a state space model has no known role."""

    class Mixer(L.Layer):
        def __init__(self):
            super().__init__()
            self.inner = L.Dense(4)

        def build(self, shape):
            self.A_log = self.add_weight(shape=(4, 2), name="A_log")
            self.inner.build(shape)

        def call(self, x):
            return self.inner(x)

    model = keras.Sequential([keras.Input((4,)), L.Dense(4), Mixer()])
    known = {p.path for p in parameters(model) if p.role != "other"}
    assert known == {"dense.kernel", "dense.bias"}
    assert len(parameters(model)) == 5


def test_registered_layers():
    """By class: what a user registered, and what the framework's table has beside it."""

    class Gain(L.Layer):
        def build(self, shape):
            self.gain = self.add_weight(shape=shape[-1:], name="gain")

        def call(self, x):
            return x * self.gain

    class Experts(L.Dense):
        def build(self, shape):
            self.bias_ = self.add_weight(shape=(self.units,), name="bias")
            self.kernel_ = self.add_weight(shape=(2, shape[-1], self.units), name="experts")
            self.gain = Gain()
            self.gain.build((None, self.units))

        def call(self, x):
            return self.gain(keras.ops.sum(x @ self.kernel_, 0) + self.bias_)

    rows = {"experts": ("kernel", "stack in out"), "gain.gain": ("scale", "out")}
    register_layer(Experts, rows)
    model = keras.Sequential([keras.Input((4,)), Experts(3)])
    assert lines(model) == [
        "experts.bias (3,) Experts bias: out",
        "experts.experts (2, 4, 3) Experts kernel: stack in out",
        "experts.gain.gain (3,) Experts scale: out",
    ]
    register_layer(Experts, {"experts": ("kernel", "in out")})
    with pytest.raises(AxesError):
        parameters(model)


def test_a_subclass_with_weights_of_other_axes():
    """The table of its base does not fit; what there is must have a rule."""

    class Experts(L.Dense):
        def build(self, shape):
            self.kernel_ = self.add_weight(shape=(2, shape[-1], self.units), name="kernel")
            self.bias_ = self.add_weight(shape=(2, self.units), name="bias")

        def call(self, x):
            return keras.ops.sum(x @ self.kernel_ + self.bias_[:, None], 0)

    model = keras.Sequential([keras.Input((4,)), Experts(3)])
    assert lines(model) == [
        "experts.kernel (2, 4, 3) Experts other: None",
        "experts.bias (2, 3) Experts other: None",
    ]


def test_dtypes():
    """Each parameter has the dtype of its variable, whatever it computes in."""
    policy = keras.mixed_precision.DTypePolicy
    model = keras.Sequential(
        [keras.Input((4,)), L.Dense(3, dtype="bfloat16"), L.Dense(3, dtype=policy("mixed_float16"))]
    )
    assert [p.dtype for p in parameters(model)] == ["bfloat16"] * 2 + ["float32"] * 2


def test_owner():
    """A model and a layer are Keras', on any framework; their class is not."""
    layer = L.Dense(3)
    assert owner(layer).name == "keras"
    assert owner(keras.Sequential([layer])).name == "keras"
    with pytest.raises(TargetError, match="not its class"):
        parameters(L.Dense)


NO_FLOAT = "complex64" if keras.config.backend() == "torch" else "int32"
"""On torch an integer cannot be trainable."""


class Counter(L.Layer):
    """A layer with a variable that it forgot to keep out of training."""

    def build(self, shape):
        self.count = self.add_weight(shape=(), dtype=NO_FLOAT, initializer="zeros", name="count")

    def call(self, x):
        return x


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: keras.Sequential([L.Dense(3, name="a")], name="net"), "net, a Sequential; a, a D"),
        (lambda: L.Dense(3, name="a"), "without weights yet: a, a Dense: build the model first"),
        (
            lambda: keras.Sequential([keras.Input((4,)), Counter()]),
            f"count of counter, a Counter, is of {NO_FLOAT}, not of float16, bfloat16, float32",
        ),
    ],
)
def test_what_has_no_parameters(make, message):
    """The error says which layer, and what to do."""
    with pytest.raises(TargetError, match=message):
        parameters(make())


class Slopes(L.Layer):
    """A layer that computes, and leaves it to Keras when it is built."""

    def call(self, x):
        return x


class Attention(L.Layer):
    """A layer that builds what has weights itself, and calls the rest when it is called."""

    def build(self, shape):
        self.query, self.slopes = L.Dense(3, name="query"), Slopes()
        self.query.build(shape)

    def call(self, x):
        return self.slopes(self.query(x))


def test_a_layer_without_weights_needs_no_call():
    """A sublayer without a build of its own lacks nothing before it is called."""
    layer = Attention()
    layer.build((None, 4))
    assert not layer.slopes.built
    assert [p.path for p in parameters(layer)] == ["query.kernel", "query.bias"]


def test_what_is_quantised_is_refused():
    """Its kernel is not floating-point any more."""
    model = keras.Sequential([keras.Input((8,)), L.Dense(4)])
    model.quantize("int8")
    with pytest.raises(TargetError, match="dense, a Dense, is quantised to int8: initialize first"):
        parameters(model)
