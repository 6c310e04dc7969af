"""Faults planted in parameters of JAX: a tree of arrays, flax.nnx, and variables of flax.linen."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import pytest
from initspec_conformance import audit_model

from initspec import Recipe, Rule, initialize

nnx = pytest.importorskip("flax.nnx")
linen = pytest.importorskip("flax.linen")

RECIPE = Recipe([Rule("he_normal", role="kernel"), Rule("zeros", role="bias")])
SHAPES = {"up": (48, 64), "down": (64, 48)}


def tree(seed: int = 3) -> dict[str, dict[str, jax.Array]]:
    """Return parameters that are right, as JAX has them by convention."""
    like = {
        name: {
            "kernel": jax.ShapeDtypeStruct(shape, jnp.float32),
            "bias": jax.ShapeDtypeStruct(shape[1:], jnp.float32),
        }
        for name, shape in SHAPES.items()
    }
    return initialize(like, RECIPE, seed)


def planted(path: str, value) -> dict[str, dict[str, jax.Array]]:
    """Return the parameters with another value in one place."""
    params = tree()
    layer, name = path.split(".")
    params[layer][name] = value(params[layer][name], params)
    return params


FAULTS = {
    "another std": ("up.kernel", lambda w, _: w * 3, "std", ""),
    "a fan": ("up.kernel", lambda w, _: w * math.sqrt(48 / 64), "std", "fan_out instead of fan_in"),
    "an infinite value": ("up.kernel", lambda w, _: w.at[3, 4].set(jnp.inf), "not finite", ""),
    "a bias": ("up.bias", lambda w, _: w + 0.1, "value", "the constant 0.1"),
    "one key": (
        "up.kernel",
        lambda w, params: params["down"]["kernel"].reshape(w.shape) * math.sqrt(64 / 48),
        *("copy", "one initializer"),
    ),
    "a draw in bfloat16": (
        "up.kernel",
        lambda w, _: w.astype(jnp.bfloat16).astype(jnp.float32),
        *("coarse dtype", "bfloat16"),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named(name):
    """The findings lie where the fault is, and one of them names it."""
    path, value, kind, looks = FAULTS[name]
    findings = audit_model(planted(path, value), RECIPE).findings
    assert {finding.path for finding in findings} == {path}
    assert any(f.kind == kind and looks in f.looks_like for f in findings), findings


class Linen(linen.Module):
    @linen.compact
    def __call__(self, x):
        return linen.Dense(48)(linen.Dense(64)(x))


class Nnx(nnx.Module):
    def __init__(self):
        self.up = nnx.Linear(48, 64, rngs=nnx.Rngs(0))
        self.down = nnx.Linear(64, 48, rngs=nnx.Rngs(1))


def models():
    """Return models of each kind that are right, by the seed 3."""
    x = jnp.zeros((1, 48))
    return {
        "tree": tree(),
        "linen": initialize(Linen(), RECIPE, 3, inputs=x),
        "nnx": initialize(Nnx(), RECIPE, 3),
    }


@pytest.mark.parametrize("kind", ["tree", "linen", "nnx"])
def test_a_right_model_passes(kind):
    """By its law, and bit by bit; another seed has other bits."""
    model = models()[kind]
    for seed in (None, 3):
        audit = audit_model(model, RECIPE, seed=seed)
        assert audit.passed, audit
        assert len(audit.parameters) == 4
    kinds = {finding.kind for finding in audit_model(model, RECIPE, seed=4).findings}
    assert kinds == {"bits"}


def test_a_sharded_tree_is_read_whole():
    """Parameters that a mesh holds in parts."""
    mesh = jax.make_mesh((jax.device_count(),), ("x",))
    spec = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("x"))
    for params, found in (
        (tree(), []),
        (planted("up.bias", lambda w, _: w.at[5].set(1.0)), [("up.bias", "value")]),
    ):
        sharded = jax.tree.map(lambda w: jax.device_put(w, spec), params)
        findings = audit_model(sharded, RECIPE).findings
        assert [(finding.path, finding.kind) for finding in findings] == found
