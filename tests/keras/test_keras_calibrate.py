"""Recipes that are calibrated on models of Keras."""

import keras
import numpy as np
import pytest
from keras import layers as L  # noqa: N812 - as Keras' own pages have it

from initspec import InitSpecWarning, Recipe, Rule, calibrate, initialize, parameters
from initspec.errors import TargetError
from tests import calibrated, equal_models
from tests.keras import test_keras_equal_models as models

IMAGES = equal_models.IMAGES.transpose(0, 2, 3, 1)
NAMES = equal_models.renamed(models.RENAMED)

undrawn = models.undrawn
pytestmark = pytest.mark.usefixtures("undrawn")


def batch(*shape):
    return 3 * np.random.default_rng(0).normal(size=shape).astype("float32")


def arrays(model):
    """Return all variables; and the attributes of layers that a run replaces."""
    attributes = [
        vars(layer).get(name)
        for layer in model._flatten_layers()
        for name in ("call", "activation")
    ]
    return [
        keras.ops.convert_to_numpy(keras.ops.copy(v.value)) for v in model.variables
    ], attributes


def assert_untouched(model, before):
    values, attributes = arrays(model)
    assert all(np.array_equal(a, b) for a, b in zip(values, before[0], strict=True))
    assert all(a is b for a, b in zip(attributes, before[1], strict=True))


def test_gains_are_those_of_the_algorithm_and_of_torch(array):
    """NumPy's, before an activation within the layer; and a recipe of torch's paths fits."""
    model = models.cnn()
    before = arrays(model)
    result = calibrate(
        model,
        IMAGES,
        equal_models.RULES,
        equal_models.SEED,
        names=NAMES,
        tolerance=calibrated.TOLERANCE,
    )
    assert_untouched(model, before)
    gains = {}
    for assignment in result.on(model, names=NAMES):
        if assignment.role == "kernel":
            gains[NAMES(assignment.path).removesuffix(".weight")] = assignment.spec.gain
    calibrated.assert_gains(gains)
    rules = [r for rule in result.rules[:5] for r in rule.to_dict()["path"]]
    assert rules[:2] == ["conv.kernel", "conv.weight"]

    initialize(model, calibrated.recipe(), equal_models.SEED, names=NAMES)
    for name in calibrated.LAYERS:
        kernel = array(model.get_layer(name).weights[0])
        calibrated.assert_drawn(name, equal_models.torch_layout(name, kernel))


class Net(keras.Model):
    """With what a functional model does not have: keyword arguments, and a layer called twice."""

    def __init__(self):
        super().__init__()
        self.embed = L.Embedding(20, 8, name="embed")
        self.attention = L.MultiHeadAttention(2, 4, name="attention")
        self.norm = L.BatchNormalization(name="norm")
        self.dropout = L.Dropout(0.5)
        self.shared = L.Dense(8, "tanh", name="shared")
        self.einsum = L.EinsumDense("ntc,cd->ntd", (5, 8), activation=L.LeakyReLU(), name="einsum")
        self.lstm = L.LSTM(8, name="lstm")
        self.head = L.Dense(3, "softmax", name="head")

    def call(self, tokens, factor, training=None):
        x = self.embed(tokens) * factor
        x = self.norm(x + self.attention(x, x), training=training)
        x = self.dropout(self.shared(self.shared(x)), training=training)
        return self.head(self.lstm(self.einsum(x)))


@pytest.fixture(scope="module")
def net():
    """A model that has been called once; its own weights are zeros."""
    model = Net()
    model(np.zeros((2, 5), "int32"), factor=1.0)
    return model


TOKENS = np.arange(40, dtype="int32").reshape(8, 5) % 20


def test_outputs_have_variance_one(net, array):
    """As computed here, before activations, with batch statistics and without dropout."""
    before = arrays(net)
    given = {"tokens": TOKENS, "factor": 2.0}
    with pytest.warns(InitSpecWarning, match=r"^not calibrated[^;]*lstm.*\(recurrent[^;]*$"):
        result = calibrate(net, given, "glorot", 7, tolerance=0.01)
    assert_untouched(net, before)
    initialize(net, result, 7)
    outputs = {"embed.embeddings": net.embed(TOKENS)}
    x = 2 * outputs["embed.embeddings"]
    for name in ("query", "key", "value"):
        outputs[f"attention.{name}.kernel"] = getattr(net.attention, f"_{name}_dense")(x)
    outputs["attention.attention_output.kernel"] = mixed = net.attention(x, x)
    x = net.norm(x + mixed, training=True)
    outputs["shared.kernel"] = keras.ops.matmul(x, net.shared.kernel)
    x = net.shared(net.shared(x))
    outputs["einsum.kernel"] = keras.ops.matmul(x, net.einsum.kernel)
    outputs["head.kernel"] = keras.ops.matmul(net.lstm(net.einsum(x)), net.head.kernel)
    assert [rule.label for rule in result.rules if rule.path] == [*outputs]
    for name, output in outputs.items():
        assert array(output).astype("float64").var() == pytest.approx(1, abs=0.01), name
    for variable, value in zip(net.variables, before[0], strict=True):
        variable.assign(value)


def test_untouched_after_errors(net):
    """Of the model's code, and of what it returns."""
    before = arrays(net)
    with pytest.raises(TargetError, match=r"the model raises .* an array, a tuple of arguments"):
        calibrate(net, TOKENS, "he", 7)
    assert_untouched(net, before)
    with pytest.raises(TargetError, match=r"attention.query.kernel: its layer returns nan or inf"):
        calibrate(net, {"tokens": TOKENS, "factor": np.nan}, "he", 7)
    assert_untouched(net, before)
    with pytest.raises(TargetError, match="without weights yet"):
        calibrate(keras.Sequential([L.Dense(3)]), batch(4, 4), "he", 7)


def test_several_weights_and_several_inputs():
    """Of a separable kernel the last part is scaled; inputs by name are one argument."""
    one, two = keras.Input((6, 6, 2), name="one"), keras.Input((4,), name="two")
    x = L.Flatten()(L.SeparableConv2D(4, 3, name="conv")(one))
    model = keras.Model(
        {"one": one, "two": two}, L.Dense(3, name="head")(L.Concatenate()([x, two]))
    )
    rules = Recipe([Rule("keep", "head.bias")]) + "he"
    given = {"one": batch(8, 6, 6, 2), "two": batch(8, 4)}
    with pytest.warns(InitSpecWarning, match=r"^[^;]*conv.depthwise_kernel \(.* the last one is"):
        result = calibrate(model, given, rules, 7)
    by_path = {path for rule in result.rules for path in [rule.label] if rule.path}
    assert by_path == {"conv.pointwise_kernel", "head.kernel", "head.bias"}
    assert {p.path for p in parameters(model)} >= by_path


@pytest.mark.filterwarnings("ignore:not calibrated")  # torch's positions are read, not called
def test_a_transformer_of_torch_and_of_keras(array):
    """Either way, though torch has queries, keys and values as one weight: equal outputs."""
    torch = pytest.importorskip("torch", reason="both frameworks are in its session alone")
    from tests.torch.test_torch_equal_models import CASES

    build, rules = CASES["transformer"]
    ours, theirs, tokens = models.transformer(), build(), equal_models.TOKENS
    for recipe in (
        calibrate(ours, tokens, rules, 7, names=NAMES),
        calibrate(theirs, torch.tensor(tokens), rules, 7),
    ):
        initialize(ours, recipe, 7, names=NAMES)
        initialize(theirs, recipe, 7)
        outputs = theirs(torch.tensor(tokens)).detach().numpy()
        np.testing.assert_allclose(array(ours(tokens)), outputs, rtol=0, atol=1e-5)
