"""The parameters of Keras models: their paths, roles, axes and shapes, and what has none."""

import keras
import numpy as np
import pytest
from initspec_conformance import audit_model, inspect
from keras import layers as L  # noqa: N812 - as Keras' own pages have it

from initspec import Recipe, initialize, parameters, register_layer
from initspec.errors import AxesError, RecipeError, TargetError
from initspec.models.owner import owner


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


@pytest.mark.parametrize("mode", ["int8", "int4", "float8"])
def test_what_is_quantised_is_listed(mode):
    """Nothing fills it; what is looked at or held against a recipe is the rest."""
    model = keras.Sequential([keras.Input((8,)), L.Dense(4), L.LayerNormalization()])
    model.quantize(mode)
    looks = {tensor.path: tensor for tensor in inspect(model).tensors}
    assert looks["layer_normalization.gamma"].looks_like == "ones"
    audit = audit_model(model, "keras")
    assert audit.passed
    if mode == "float8":
        initialize(model, "keras")
        return
    assert looks["dense.kernel"].skipped == "int8 is not looked into"
    assert {p.path: p.skipped for p in audit.parameters}["dense.kernel"] == "it is of int8"
    assert str(Recipe.from_model(model).on(model)["dense.kernel"].rule.spec) == "keep"
    with pytest.raises(RecipeError, match=r"(?s)dense.kernel.*int8.*: initialize first, quantize"):
        initialize(model, "keras")
