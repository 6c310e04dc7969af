"""Faults planted in a model of Keras: each is found where it is; a model that is right passes."""

from __future__ import annotations

import math
from collections.abc import Callable

import keras
import numpy as np
import pytest
from initspec_conformance import audit_model

from initspec import Recipe, Rule, initialize

RECIPE = Recipe(
    [
        Rule("normal(std=0.02)", ("query.kernel", "key.kernel", "output.kernel")),
        Rule("he_normal", role="kernel"),
        Rule("zeros", role="bias"),
    ]
)


def built(initializer: keras.initializers.Initializer | None = None) -> keras.Model:
    """Return a model with the projections of an attention, as keras-hub has them."""

    def projection(equation: str, shape: tuple[int | None, ...], name: str) -> keras.layers.Layer:
        kernel = initializer or keras.initializers.RandomNormal(stddev=0.02)
        return keras.layers.EinsumDense(equation, shape, name=name, kernel_initializer=kernel)

    x = keras.Input((8, 64))
    query = projection("bqm,muh->bquh", (None, 4, 16), "query")(x)
    key = projection("bkm,mvh->bkvh", (None, 2, 16), "key")(x)
    output = projection("bquh,uhm->bqm", (None, 64), "output")(query)
    return keras.Model(x, [keras.layers.Dense(32, name="dense")(output), key])


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return built()


def put(model: keras.Model, path: str, change: Callable[[np.ndarray], object]) -> None:
    """Change the values of a weight."""
    name, _, weight = path.partition(".")
    variable = getattr(model.get_layer(name), weight)
    values = np.array(keras.ops.convert_to_numpy(variable))
    change(values)
    variable.assign(values)


def test_a_right_model_passes(model):
    """By its law, and bit by bit."""
    initialize(model, RECIPE, 5)
    for seed in (None, 5):
        audit = audit_model(model, RECIPE, seed=seed)
        assert audit.passed, audit
        assert len(audit.parameters) == 5
    (finding,) = audit_model(model, RECIPE, seed=6, only="dense.kernel").findings
    assert finding.kind == "bits"


def bfloat16(values: np.ndarray) -> np.ndarray:
    """Return float32 without the bits that bfloat16 lacks."""
    return (values.view(np.uint32) & 0xFFFF0000).view(np.float32)


FAULTS = {
    "another std": ("dense.kernel", lambda w: np.multiply(w, 3, out=w), "std", ""),
    "a fan": (
        "dense.kernel",
        lambda w: np.multiply(w, math.sqrt(2), out=w),
        *("std", "fan_out instead of fan_in"),
    ),
    "a NaN": ("dense.kernel", lambda w: w.__setitem__((3, 4), math.nan), "not finite", ""),
    "a bias": ("dense.bias", lambda w: w.fill(0.1), "value", "the constant 0.1"),
    "a head": (
        "query.kernel",
        lambda w: w[:, 2].__setitem__(slice(None), -2 * w[:, 0]),
        *("copy", "a copy of another"),
    ),
    "memory": ("dense.kernel", lambda w: w[32:].fill(0), "zero rows", "memory"),
    "a coarse draw": (
        "dense.kernel",
        lambda w: w.__setitem__(slice(None), bfloat16(w)),
        *("coarse dtype", "bfloat16"),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named(model, name):
    """The findings lie where the fault is, and one of them names it."""
    path, change, kind, looks = FAULTS[name]
    initialize(model, RECIPE, 5)
    put(model, path, change)
    findings = audit_model(model, RECIPE).findings
    assert {finding.path for finding in findings} == {path}
    assert any(f.kind == kind and looks in f.looks_like for f in findings), findings


def test_the_initializer_of_four_layers_is_found():
    """A stateless initializer gives each layer one stream, in whatever shape."""
    stateless = keras.initializers.RandomNormal(stddev=0.02, seed=1)
    recipe = [RECIPE.rules[0], Rule("keep", "**")]
    findings = audit_model(built(stateless), recipe).findings
    copies = {finding.path: finding.looks_like for finding in findings}
    assert set(copies) == {"output.kernel", "key.kernel"}
    assert all(looks.startswith("one initializer") for looks in copies.values()), findings
