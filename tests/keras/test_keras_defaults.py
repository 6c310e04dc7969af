"""The recipe of Keras' defaults against keras.layers, and those of the others on these layers."""

import functools
import math

import keras
import numpy as np
import pytest
from initspec_keras.walk import weights
from keras import layers as L  # noqa: N812 - as Keras' own pages have it

from initspec import Recipe, Rule, initialize, parameters, recipe
from tests.default_laws import TESTS, check_defaults, statistics
from tests.keras.test_keras_layer_table import LAYERS

AROUND = {
    "bidirectional": (lambda: L.Bidirectional(L.LSTM(50)), (1, 5, 40)),
    "gru_layer": (lambda: L.GRU(50), (1, 5, 40)),
    "rnn_layer": (lambda: L.SimpleRNN(50), (1, 5, 40)),
    "conv_lstm_layer": (lambda: L.ConvLSTM1D(24, 3), (1, 5, 8, 16)),
    "scores": (
        lambda: L.Attention(use_scale=True, score_mode="concat"),
        [(1, 5, 40), (1, 5, 40)],
    ),
    "additive": (L.AdditiveAttention, [(1, 5, 10_000), (1, 5, 10_000)]),
}
ALL = {**LAYERS, **AROUND}
# Keras counts as outputs what inputs and outputs share, and a rule has no equation.
BUILT = [name for name in ALL if name != "batched"]


def build(name):
    """Return a new layer."""
    make, shape = ALL[name]
    layer = make()
    layer.build(*[shape] * (2 if name in ("attention", "queries") else 1))
    return layer


built = functools.cache(build)


def trained(layer):
    """Return the paths of the parameters that are trained: LoRA freezes the others."""
    return [p.path for p in parameters(layer) if not p.frozen]


def check(name, given):
    """Hold a recipe against builds of a layer."""
    keras.utils.set_random_seed(20)
    layer = built(name)
    paths = trained(layer)

    def values(layer):
        by_path = {weight.path: weight.variable.value for weight in weights(layer)}
        return {path: np.asarray(keras.ops.convert_to_numpy(by_path[path])) for path in paths}

    check_defaults(
        given.on(layer, only=paths),
        lambda _: values(build(name)),
        lambda number: values(initialize(layer, given, number, only=paths)),
    )


@pytest.mark.parametrize("name", BUILT)
def test_the_recipe_is_what_a_built_layer_starts_with(name):
    """Of every parameter: the mean, the std, the kurtosis, the bounds."""
    check(name, recipe("keras"))


def test_the_error_rate_is_that_of_this_file():
    """There are no more random statistics than share it."""
    layers = map(built, BUILT)
    assigned = (recipe("keras").on(layer, only=trained(layer)) for layer in layers)
    assert sum(map(statistics, assigned)) <= TESTS


MISTAKES = {
    "std": ("dense", Rule("glorot_uniform(gain=1.05)", role="kernel")),
    "distribution": ("dense", Rule("glorot_normal", role="kernel")),
    "axes": ("grouped", Rule("glorot_uniform", role="kernel")),
    "axes of what is orthogonal": ("lstm", Rule("orthogonal", role="recurrent_kernel")),
    "part": ("lstm", Rule("zeros", role="bias")),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_seen(mistake):
    """Each kind of mistake, planted before the recipe's rules."""
    name, rule = MISTAKES[mistake]
    with pytest.raises(AssertionError):
        check(name, Recipe([rule]) + recipe("keras"))


@pytest.mark.parametrize("defaults", ["torch", "keras", "flax"])
def test_every_layer_has_rules(defaults):
    """The defaults of another framework are for these layers, too."""
    for layer in map(built, ALL):
        paths = trained(layer)
        assigned = recipe(defaults).on(layer, only=paths)
        assert [a.path for a in assigned] == paths
        assert all(math.isfinite(a.std) for a in assigned)


@pytest.mark.parametrize(
    ("name", "path", "std"),
    [
        # U(-b, b) has the std b / sqrt(3).
        ("dense", "kernel", 300**-0.5),
        ("dense", "bias", 300**-0.5),
        ("grouped", "bias", (9 * 8) ** -0.5),
        ("transposed2d", "kernel", (9 * 64) ** -0.5),
        ("lstm", "kernel", 50**-0.5),
        ("bidirectional", "backward_lstm.lstm_cell.bias", 50**-0.5),
        ("attention", "query.kernel", (6 / (64 + 3 * 64)) ** 0.5),
        ("embedding", "embeddings", 3**0.5),
    ],
)
def test_layers_start_as_in_torch(name, path, std):
    """A layer of Keras under the recipe of torch has the std that its kin there has."""
    assigned = recipe("torch").on(built(name))
    assert assigned[path].std == pytest.approx(std / 3**0.5)
