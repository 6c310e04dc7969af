"""That the recipe of a model of flax is what its layers start with."""

from __future__ import annotations

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from initspec import InitSpec, Recipe, Rule, diff, register_layer
from tests.unoptimized import unoptimized

init = nn.initializers


def filled(_key: Any, shape: Any, dtype: Any) -> Any:
    """Return ones, by code that cannot be read."""
    return jnp.ones(shape, dtype)


class Stacked(nn.Module):
    """Two layers in a scan, one of which counts its axes the other way around."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        def body(_module: Any, carry: Any, _: Any) -> tuple[Any, None]:
            wide = nn.Dense(160, kernel_init=init.he_normal(in_axis=-1, out_axis=-2))(carry)
            return nn.Dense(8)(wide), None

        scan = nn.scan(body, variable_axes={"params": 0}, split_rngs={"params": True}, length=3)
        return scan(self, x, None)[0]


class Model(nn.Module):
    """Initializers of its own in some layers, and a parameter that is in none."""

    @nn.compact
    def __call__(self, tokens: Any) -> Any:
        x = nn.Embed(20, 8)(tokens)
        x = nn.MultiHeadDotProductAttention(2, kernel_init=init.he_uniform())(x)
        x = nn.Dense(80, kernel_init=nn.with_partitioning(init.normal(0.02), (None, "a")))(x)
        x = nn.Conv(80, (5,), feature_group_count=4, kernel_init=init.he_normal(out_axis=-1))(x)
        x = nn.ConvTranspose(8, (3,), transpose_kernel=True)(x)
        x = Stacked()(nn.LayerNorm()(x))
        x = nn.DenseGeneral((4, 40), kernel_init=filled)(x)
        return nn.PReLU()(x) * self.param("w", init.normal(), (40,))


INPUTS = jax.ShapeDtypeStruct((2, 6), jnp.int32)


def test_each_law_is_that_of_the_values() -> None:
    """Means and standard deviations within 5 standard errors, and all else exactly."""
    model = Model()
    with unoptimized("jax"):
        variables = jax.jit(model.init)(jax.random.key(3), jnp.zeros(INPUTS.shape, INPUTS.dtype))
    leaves = jax.tree_util.tree_leaves_with_path(nn.meta.unbox(variables["params"]))
    values = {
        jax.tree_util.keystr(place, simple=True, separator="."): np.asarray(leaf)
        for place, leaf in leaves
    }
    assigned = Recipe.from_model(model, inputs=INPUTS).on(model, inputs=INPUTS)
    assert {a.path for a in assigned} == set(values)
    kept = {a.path for a in assigned if a.spec is None}
    assert kept == {"w", "DenseGeneral_0.kernel"}
    for assignment in assigned:
        if assignment.path in kept:
            continue
        array, law = values[assignment.path], assignment.resolved.law
        if law.std == 0:
            assert (array == np.float32(law.mean)).all(), assignment.path
        else:
            error = math.sqrt((law.kurtosis - 1) / 4) if law.kurtosis == law.kurtosis else 1.0
            off = abs(array.std() / law.std - 1) * math.sqrt(array.size)
            assert off < 5 * error, (assignment.path, array.std(), law.std)
            assert law.low <= array.min() <= array.max() <= law.high * 1.0001, assignment.path


def test_what_differs_from_the_defaults() -> None:
    """The layers with initializers of their own, and no others."""
    model = Model()
    own = Recipe.from_model(model, inputs=INPUTS)
    defaults = Recipe([Rule("keep", "w")]) + "flax"
    changed = {a.path for a, _ in diff(own, defaults, model, inputs=INPUTS)}
    attention = {
        f"MultiHeadDotProductAttention_0.{part}.kernel" for part in ("query", "key", "value", "out")
    }
    mine = {"Dense_0.kernel", "Conv_0.kernel", "Stacked_0.Dense_0.kernel"}
    assert changed - {"Stacked_0.Dense_1.kernel"} == attention | mine | {"DenseGeneral_0.kernel"}


def test_nnx_starts_by_default() -> None:
    """Its layers do not hold what they were made with, and a tree has no layers."""
    rngs = nnx.Rngs(5)
    model = nnx.Sequential(
        nnx.Embed(30, 16, rngs=rngs), nnx.Linear(16, 64, rngs=rngs), nnx.LayerNorm(64, rngs=rngs)
    )
    own = Recipe.from_model(model)
    assert diff(own, "flax", model) == ()
    assert Recipe.from_model({"a": {"kernel": jnp.ones((2, 3))}}).rules == (
        Rule("keep", role="kernel"),
    )


class Own(nnx.Module):
    """A module that is registered, and is not one of flax."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.kernel = nnx.Param(init.he_normal()(rngs.params(), (4, 8)))
        self.norm = nnx.RMSNorm(8, rngs=rngs)


def test_modules_that_are_not_of_flax_are_marked() -> None:
    """What their code draws cannot be read."""
    register_layer(Own, {"kernel": ("kernel", "in out")})
    model = Own(nnx.Rngs(0))
    starts = {a.path: a.spec for a in Recipe.from_model(model).on(model)}
    assert starts == {"kernel": None, "norm.scale": InitSpec.ones()}
