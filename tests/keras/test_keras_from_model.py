"""That the recipe of a model of Keras is what its layers start with, held against their values."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from initspec_conformance import audit_model

from initspec import InitSpec, Recipe, Rule, diff, initialize, register_layer
from tests.keras.engine import one_engine

pytestmark = one_engine
layers = keras.layers


def filled(shape: Any, dtype: Any = None) -> Any:
    """Return ones, by code that cannot be read."""
    return keras.ops.ones(shape, dtype)


def uneven() -> Any:
    """Return layers whose initializers count fans that differ from the true ones, and others."""
    return keras.Sequential(
        [
            keras.Input((12, 12, 4)),
            layers.Conv2D(96, 3, groups=4, kernel_initializer="he_normal"),
            layers.DepthwiseConv2D(3, depthwise_initializer="lecun_normal"),
            layers.SeparableConv2D(
                40, 3, depthwise_initializer="he_uniform", pointwise_initializer="orthogonal"
            ),
            layers.Conv2DTranspose(24, 3, kernel_initializer="lecun_normal"),
            layers.BatchNormalization(gamma_initializer="zeros", beta_initializer="ones"),
            layers.Reshape((-1, 24)),
            layers.LSTM(16, return_sequences=True, kernel_initializer="he_normal"),
            layers.LSTM(16, return_sequences=True, unit_forget_bias=False),
            layers.Bidirectional(layers.GRU(16, recurrent_initializer="he_normal")),
            layers.Reshape((2, 16)),
            layers.EinsumDense("abc,cde->abde", (None, 4, 8), kernel_initializer="he_normal"),
            layers.EinsumDense("abde,cde->abc", (None, 40), kernel_initializer="he_uniform"),
            layers.PReLU(alpha_initializer="ones", shared_axes=[1]),
            layers.Dense(20, kernel_initializer=InitSpec.sparse(0.5, 0.1).to_keras()),
            layers.Dense(30, kernel_initializer=filled),
        ]
    )


@pytest.fixture(scope="module")
def model() -> Any:
    """Return them, once."""
    keras.utils.set_random_seed(1)
    return uneven()


def test_each_law_is_that_of_the_values(model: Any) -> None:
    """Each parameter passes the audit but one of a function, which is marked."""
    recipe = Recipe.from_model(model)
    assert audit_model(model, recipe).findings == ()
    assert [a.path for a in recipe.on(model) if a.spec is None] == ["dense_1.kernel"]
    assert len(recipe.rules) < len(recipe.on(model))
    counted = {a.path.partition(".")[0] for a in recipe.on(model) if a.rule.axes}
    assert counted == {"depthwise_conv2d", "separable_conv2d", "conv2d_transpose", "lstm", "lstm_1"}


def test_true_axes_are_a_finding(model: Any) -> None:
    """The same specs by the layers' own axes: the audit sees what the axes of the rules are for."""
    assigned = Recipe.from_model(model).on(model)
    by_layer = [Rule("keep" if a.spec is None else a.spec, a.path) for a in assigned if not a.parts]
    report = audit_model(model, [*by_layer, Rule("keep", role="bias")])
    wrong = {finding.path for finding in report.findings}
    assert {"conv2d.kernel", "depthwise_conv2d.kernel", "conv2d_transpose.kernel"} - wrong == {
        "conv2d.kernel"  # of its groups he_normal counts the inputs alone
    }


def test_what_changes_on_porting(model: Any) -> None:
    """A model of defaults differs in nothing from the recipe `keras`, and from `torch` in much."""
    tokens = keras.Input((10,))
    rows = layers.Embedding(20, 8)(tokens)
    mixed = layers.MultiHeadAttention(2, 4)(rows, rows)
    plain = keras.Model(tokens, layers.Dense(4)(layers.LayerNormalization()(mixed)))
    recipe = Recipe.from_model(plain)
    assert diff(recipe, "keras", plain) == ()
    assert {rule.role for rule in recipe.rules} == {"kernel", "bias", "embedding", "scale", "shift"}
    assert len(recipe.rules) == 5
    ported = {a.path: (str(a.spec), str(b.spec)) for a, b in diff(recipe, "torch", plain)}
    assert ported["embedding.embeddings"] == ("uniform(low=-0.05, high=0.05)", "normal(std=1.0)")
    assert "layer_normalization.gamma" not in ported
    before = recipe.on(plain)
    assert recipe == Recipe.from_model(initialize(plain, "he")), "values are not read"
    assert [a.spec for a in recipe.on(plain)] == [a.spec for a in before]


def test_an_application_passes_its_own_audit() -> None:
    """With its depthwise kernels, whose fans Keras does not count as they are."""
    keras.utils.set_random_seed(2)
    model = keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, weights=None, classes=10)
    recipe = Recipe.from_model(model)
    assert audit_model(model, recipe).findings == ()
    assert len(recipe.rules) == 4


class Own(layers.Layer):
    """A layer that is registered, and is not one of Keras: its initializers are in its code."""

    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight(shape=(shape[-1], 8), initializer="he_normal", name="kernel")
        self.scale = self.add_weight(shape=(8,), initializer="ones", name="scale")

    def call(self, inputs: Any) -> Any:
        return inputs @ self.kernel * self.scale


class RMSNorm(Own):
    """A norm of another library."""


def test_layers_that_are_not_of_keras_are_marked() -> None:
    """Norms aside, whose scales are 1."""
    register_layer(Own, {"kernel": ("kernel", "in out")})
    model = keras.Sequential([Own(), RMSNorm(), layers.Dense(3)])
    model.build((None, 4))
    assigned = Recipe.from_model(model).on(model)
    kept = [a.path for a in assigned if a.spec is None]
    assert kept == ["own.kernel", "own.scale", "rms_norm.kernel"]
    assert assigned["rms_norm.scale"].spec == InitSpec.ones()
