"""Locks of models of JAX: kept parameters are hashed, and filled models are verified."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

eqx = pytest.importorskip("equinox")
nn = pytest.importorskip("flax.linen")
nnx = pytest.importorskip("flax.nnx")

from initspec import Rule, initialize, lock  # noqa: E402
from initspec.errors import TargetError  # noqa: E402

RULES = [
    Rule("keep", "**.table"),
    Rule("ones", "**.bias", part="[1]"),
    Rule("orthogonal(gain=0.5)", "**.last.{kernel,weight}"),
    Rule("he_normal", role="kernel"),
    Rule("zeros", role="bias"),
]
TABLE = jnp.arange(3, dtype=jnp.bfloat16)


class Nnx(nnx.Module):
    def __init__(self):
        self.first = nnx.Linear(4, 3, rngs=nnx.Rngs(0))
        self.last = nnx.Linear(3, 2, rngs=nnx.Rngs(0))
        self.again = self.first
        self.table = nnx.Param(TABLE)


class Linen(nn.Module):
    @nn.compact
    def __call__(self, x):
        box = nn.with_partitioning(nn.initializers.zeros, ("a", None))
        x = nn.BatchNorm(True, use_scale=False, use_bias=False)(nn.Dense(3, name="first")(x))
        self.param("table", lambda _: TABLE)
        return nn.Dense(2, kernel_init=box, name="last")(x)


class Equinox(eqx.Module):
    first: eqx.nn.Linear
    last: eqx.nn.Linear
    table: jax.Array

    def __init__(self):
        key = jax.random.key(0, impl="rbg")
        self.first, self.last = eqx.nn.Linear(4, 3, key=key), eqx.nn.Linear(3, 2, key=key)
        self.table = TABLE


def _tree():
    zeros = jnp.zeros
    last = {"kernel": np.zeros((3, 2)), "bias": np.zeros(2)}
    return {"layers": [{"kernel": zeros((4, 3)), "bias": zeros(3)}, {"last": last}], "table": TABLE}


def _variables(changed=False):
    variables = initialize(Linen(), RULES, 7, inputs=INPUTS)
    if changed:
        first = variables["params"]["first"]
        first["bias"] = first["bias"].at[2].set(1)
    return variables


def _nnx(changed=False):
    model = initialize(Nnx(), RULES, 7)
    if changed:
        model.first.bias[...] = model.first.bias.at[2].set(1)
    return model


def _equinox(changed=False):
    model = initialize(Equinox(), RULES, 7)
    new = model.first.bias.at[2].set(1)
    return eqx.tree_at(lambda m: m.first.bias, model, new) if changed else model


def _filled_tree(changed=False):
    tree = initialize(_tree(), RULES, 7)
    if changed:
        tree["layers"][0]["bias"] = tree["layers"][0]["bias"].at[2].set(1)
    return tree


INPUTS = jax.ShapeDtypeStruct((1, 4), np.float32)
KINDS = {
    "nnx": (Nnx, {}, _nnx, "again.bias"),
    "linen": (Linen, {"inputs": INPUTS}, _variables, "first.bias"),
    "equinox": (Equinox, {}, _equinox, "first.bias"),
    "tree": (_tree, {}, _filled_tree, "layers.0.bias"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_filled_model_is_that_of_its_lock(kind):
    """Kept parameters too, where the model had them; and one changed element is found."""
    make, options, fill, changed = KINDS[kind]
    plan = lock(make(), RULES, 7, **options)
    kept = next(p for p in plan.parameters if p.spec is None)
    assert (kept.sha256 is None) == (kind == "linen")  # a module of linen holds no values
    if kind == "linen":
        plan = lock(fill(), RULES, 7)  # its variables do, by the same paths
    assert plan.verify(fill()) == ()
    assert plan.verify(fill(changed=True)) == (changed,)


def test_variables_are_a_model_with_the_paths_of_their_module():
    """They can be filled again: other collections stay, and what was in a box is in one."""
    variables = _variables()
    rules = [Rule("ones", "last.kernel"), *RULES]
    again = initialize(variables, rules, 7)
    assert isinstance(again["params"]["last"]["kernel"], nn.Partitioned)
    assert again["batch_stats"] is not None
    module = initialize(Linen(), rules, 7, inputs=INPUTS)
    assert jax.tree.structure(again) == jax.tree.structure(module)
    equal = jax.tree.map(lambda a, b: bool((a == b).all()), again, module)
    assert all(jax.tree.leaves(equal))


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (lambda: nnx.eval_shape(Nnx), "again.bias has no values yet"),
        (lambda: eqx.filter_eval_shape(Equinox), "first.weight has no values yet"),
        (Linen, "pass its variables in its place, or pass inputs="),
    ],
)
def test_a_model_without_values_is_refused(model, says):
    """It is not a model that differs."""
    plan = lock(_nnx() if "bias" in says else _equinox(), RULES, 7)
    with pytest.raises(TargetError, match=says):
        plan.verify(model())


def test_references_are_read():
    """A Param of nnx may hold a jax.Ref."""
    with nnx.var_defaults(ref=True):
        model = Nnx()
    plan = lock(model, [Rule("keep", "**")], 7)
    assert plan.verify(model) == ()
    assert plan.verify(Nnx()) == ()
