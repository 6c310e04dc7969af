"""Equinox modules and trees of arrays: their parameters, and new ones of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

eqx = pytest.importorskip("equinox")

from initspec_jax.vocabulary.layers import settings  # noqa: E402

from initspec import InitSpec  # noqa: E402
from initspec.backend import read_layers  # noqa: E402
from initspec.errors import RecipeError, TargetError  # noqa: E402
from initspec.models.initialize import initialize  # noqa: E402
from initspec.models.owner import parameters  # noqa: E402
from initspec.models.rule import Rule  # noqa: E402
from tests.jax.counted_fans import counted_fans  # noqa: E402
from tests.layer_tables import check_layer  # noqa: E402

KEY = jax.random.key(0, impl="rbg")  # which XLA compiles in a fraction of the time
TABLE = read_layers("initspec_jax", "equinox")


def _stacked():
    one = lambda key: eqx.nn.Conv1d(4, 6, 3, groups=2, padding=2, key=key)  # noqa: E731
    return eqx.filter_vmap(one)(jax.random.split(KEY, 3))


KINDS = {
    # layer: how it is made, the inputs of each kernel, and the gates that all outputs go through
    "Linear": (lambda: eqx.nn.Linear(5, 7, key=KEY), {"weight": (5,)}),
    "Conv": (lambda: eqx.nn.Conv2d(3, 4, (3, 2), padding=2, key=KEY), {"weight": (3, 4, 4)}),
    "Conv, dilated": (
        lambda: eqx.nn.Conv1d(3, 4, 3, dilation=2, padding=4, key=KEY),
        {"weight": (3, 8)},
    ),
    "Conv, grouped": (
        lambda: eqx.nn.Conv1d(4, 6, 3, groups=2, padding=2, key=KEY),
        {"weight": (4, 5)},
    ),
    "Conv, stacked": (_stacked, {"weight": (3, 4, 5)}),
    "ConvTranspose": (
        lambda: eqx.nn.ConvTranspose1d(4, 6, 3, groups=2, key=KEY),
        {"weight": (4, 5)},
    ),
    "Embedding": (lambda: eqx.nn.Embedding(5, 7, key=KEY), {"weight": ()}),
    "LSTMCell": (lambda: eqx.nn.LSTMCell(5, 3, key=KEY), {"weight_ih": (5,), "weight_hh": (3,)}, 4),
    "GRUCell": (lambda: eqx.nn.GRUCell(5, 3, key=KEY), {"weight_ih": (5,), "weight_hh": (3,)}, 3),
    "MultiheadAttention": (
        lambda: eqx.nn.MultiheadAttention(2, 6, vo_size=2, use_value_bias=True, key=KEY),
        {"query_proj.weight": (6,), "key_proj.weight": (6,), "value_proj.weight": (6,),
         "output_proj.weight": (4,)},
    ),
    "BatchNorm": (lambda: eqx.nn.BatchNorm(3, "batch", mode="batch"), {}),
    "LayerNorm": (lambda: eqx.nn.LayerNorm(3), {}),
    "GroupNorm": (lambda: eqx.nn.GroupNorm(2, 4), {}),
    "RMSNorm": (lambda: eqx.nn.RMSNorm(3), {}),
    "PReLU": (eqx.nn.PReLU, {}),
}  # fmt: skip


def _reach(tree, path):
    for part in path.split("."):
        tree = tree[int(part)] if part.isdigit() else getattr(tree, part)
    return tree


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind[1]])
def test_fans_are_those_that_differentiation_counts(name):
    """The fans of every kernel are the weights that touch an output and an input element."""
    make, inputs, gates = (*KINDS[name], 1)[:3]
    layer = initialize(eqx.filter_eval_shape(make), [Rule("normal(std=1.0)", "**")], 1)
    known = {p.path: p for p in parameters(layer)}
    assert {path for path in known if "bias" not in path} == set(inputs)
    for path, shape in inputs.items():
        owner = _reach(layer, path.rpartition(".")[0]) if "." in path else layer
        leaf = path.rpartition(".")[2]

        def apply(weight, x, owner=owner, leaf=leaf):
            owner = eqx.tree_at(lambda tree: getattr(tree, leaf), owner, weight)
            if name == "Conv, stacked":
                return eqx.filter_vmap(lambda layer, x: layer(x))(owner, x)
            if "Cell" not in name:
                return owner(x)
            rest = jnp.ones(5 if leaf == "weight_hh" else 3)
            x, h = (rest, x) if leaf == "weight_hh" else (x, rest)
            return owner(x, (h, jnp.ones(3)))[0] if name == "LSTMCell" else owner(x, h)

        x = np.zeros(shape, np.int32 if name == "Embedding" else np.float32)
        weight = known[path]
        fans = tuple(gates * fan for fan in weight.axes.fans(weight.shape))
        assert counted_fans(apply, weight, x) == fans, (path, str(weight.axes))
        bias = known.get(path.replace("weight", "bias"))
        if bias is not None:
            assert bias.axes.fans(bias.shape).fan_in * gates == fans[0]


def test_built_layers_are_their_rows():
    """Names, shapes and what the parameters start with are those of the table; all are built."""
    makes = [make for name, (make, *_) in KINDS.items() if "," not in name]
    rows = []
    for layer in eqx.filter_jit(lambda: [make() for make in makes])():
        values = {p.path: np.asarray(_reach(layer, p.path)) for p in parameters(layer)}
        bases = [cls.__name__ for cls in type(layer).__mro__]
        rows.append(check_layer(TABLE, bases, values, settings(layer)))
    assert {name for row in rows for name in row.classes} == {
        name for row in TABLE.layers for name in row.classes
    }


class Net(eqx.Module):
    """Shared, stacked, stateful, bare, normalized and integer arrays."""

    shared: eqx.nn.Shared
    many: eqx.nn.Linear
    norm: eqx.nn.BatchNorm
    scaled: eqx.nn.WeightNorm
    mlp: eqx.nn.MLP
    table: dict
    codes: jax.Array

    def __init__(self, key=KEY):
        tied = (eqx.nn.Embedding(5, 4, key=key), eqx.nn.Linear(4, 5, key=key))
        self.shared = eqx.nn.Shared(tied, lambda t: t[1].weight, lambda t: t[0].weight)
        self.many = eqx.filter_vmap(lambda k: eqx.nn.Linear(4, 6, key=k))(jax.random.split(key, 2))
        self.norm = eqx.nn.BatchNorm(4, "batch", mode="batch")
        self.scaled = eqx.nn.WeightNorm(eqx.nn.Linear(4, 4, key=key))
        self.mlp = eqx.nn.MLP(4, 3, 8, 2, key=key)
        self.table = {"gate": jnp.ones(3)}
        self.codes = jnp.arange(3)


RULES = [
    Rule("normal(std=0.02)", role="embedding"),
    Rule("he_normal(gain=1 / sqrt(depth))", "mlp.layers.{index}.weight"),
    Rule("normal(std=2.0)", "many.weight", part="[1]"),
    Rule("glorot_uniform", role="kernel"),
    Rule("ones", role="scale"),
    Rule("ones", ("scaled.g", "table.gate")),
    *(Rule("zeros", role=role) for role in ("bias", "shift")),
]


def test_an_equinox_module():
    """Paths and roles are those of the structure; each weight is the draw of its name."""
    model = eqx.filter_eval_shape(Net)
    rows = {p.path: (p.role, str(p.axes), p.layer) for p in parameters(model)}
    expected = {
        "shared.pytree.0.weight": ("embedding", "stack out", "Embedding"),
        "shared.pytree.1.bias": ("bias", "None", "Linear"),
        "many.weight": ("kernel", "stack out in", "Linear"),
        "many.bias": ("bias", "stack out [in=4]", "Linear"),
        "norm.weight": ("scale", "out", "BatchNorm"),
        "norm.bias": ("shift", "out", "BatchNorm"),
        "scaled.layer.weight": ("kernel", "out in", "Linear"),
        "scaled.g": ("other", "None", "WeightNorm"),
        "mlp.layers.2.bias": ("bias", "out [in=8]", "Linear"),
        "table.gate": ("other", "None", "Net"),
    }
    assert {path: rows.get(path) for path in expected} == expected
    assert not any(path.startswith(("codes", "norm.batch")) for path in rows)
    made = initialize(model, RULES, 7)
    assert isinstance(model.mlp.layers[0].weight, jax.ShapeDtypeStruct)  # it is left as it was
    assert type(made) is Net
    for path, spec, axes in [
        ("shared.pytree.0.weight", InitSpec.normal(0.02), "stack out"),
        ("mlp.layers.1.weight", InitSpec.he_normal(gain=3**-0.5), "out in"),
        ("scaled.layer.weight", InitSpec.glorot_uniform(), "out in"),
    ]:
        value = np.asarray(_reach(made, path))
        np.testing.assert_array_equal(value, spec.to_numpy(axes, seed=7, name=path)(value.shape))
    whole, wide = (
        spec.to_numpy("stack out in", seed=7, name="many.weight")((2, 6, 4))
        for spec in (InitSpec.glorot_uniform(), InitSpec.normal(2.0))
    )
    np.testing.assert_array_equal(made.many.weight, np.stack([whole[0], wide[1]]))
    assert bool(jnp.isfinite(made.mlp(jnp.ones(4))).all())
    build = lambda: initialize(eqx.filter_eval_shape(Net).mlp, "he", 7)  # noqa: E731
    assert eqx.tree_equal(build(), eqx.filter_jit(build)())


def like(*shape, dtype="float32"):
    return jax.ShapeDtypeStruct(shape, dtype)


TREE = {
    "mlp/~/linear_0": {"w": like(3, 4), "b": like(4)},
    "conv": {"w": like(3, 2, 4), "b": like(4)},
    "image": {"kernel": like(3, 3, 2, 4, dtype="bfloat16"), "bias": like(4)},
    "attention": {"kernel": like(4, 2, 2), "bias": like(2, 2)},
    "embed": {"embeddings": like(5, 3)},
    "layer_norm": {"scale": like(3), "offset": like(3)},
    "norm": {"scale": like(3), "bias": like(3)},
    "blocks": [{"w": np.ones((2, 3)), "gate": like(3)}, None],
}


def test_trees_by_their_names():
    """Roles and axes are those of the names of flax and Haiku; what may be either has none."""
    rows = {p.path: (p.role, str(p.axes)) for p in parameters(TREE)}
    assert rows == {
        "mlp/~/linear_0.w": ("kernel", "in out"),
        "mlp/~/linear_0.b": ("bias", "out [in=3]"),
        "conv.w": ("kernel", "kernel in out"),
        "conv.b": ("bias", "out [in=2 kernel=3]"),
        "image.kernel": ("kernel", "kernel kernel in out"),
        "image.bias": ("bias", "out [in=2 kernel=9]"),
        "attention.kernel": ("kernel", "None"),
        "attention.bias": ("bias", "None"),
        "embed.embeddings": ("embedding", "stack out"),
        "layer_norm.scale": ("scale", "out"),
        "layer_norm.offset": ("shift", "out"),
        "norm.scale": ("scale", "out"),
        "norm.bias": ("shift", "out"),
        "blocks.0.w": ("kernel", "in out"),
        "blocks.0.gate": ("other", "None"),
    }
    with pytest.raises(RecipeError, match=r"attention.kernel.*axes(.|\n)*blocks.0.gate"):
        initialize(TREE, "he", 7)
    rules = [Rule("ones", "**.gate"),
             Rule("he_normal", "attention.kernel", axes="in out out"),
             Rule("he_normal", role="kernel"), Rule("normal(std=0.02)", role="embedding"),
             *(Rule("zeros", role=role) for role in ("bias", "scale", "shift"))]  # fmt: skip
    made = initialize(TREE, rules, 7)
    assert jax.tree.structure(made) == jax.tree.structure(TREE)
    for group, leaf, axes in [("mlp/~/linear_0", "w", "in out"),
                              ("image", "kernel", "kernel... in out"),
                              ("attention", "kernel", "in out out")]:  # fmt: skip
        value = made[group][leaf]
        draw = InitSpec.he_normal().to_numpy(axes, seed=7, name=f"{group}.{leaf}")
        np.testing.assert_array_equal(value, draw(value.shape, value.dtype.name))
    assert isinstance(made["conv"]["w"], jax.Array)
    assert isinstance(made["blocks"][0]["w"], np.ndarray)  # float64, as it was
    assert made["blocks"][0]["w"].dtype == np.float64
    assert (TREE["blocks"][0]["w"] == 1).all()


def test_a_tree_may_begin_with_a_list():
    """Many write a multilayer perceptron as a list of layers."""
    layers = [{"w": jnp.ones((3, 4)), "b": jnp.ones(4)}, {"w": jnp.ones((4, 2)), "b": jnp.ones(2)}]
    assert [p.path for p in parameters(layers)] == ["0.b", "0.w", "1.b", "1.w"]
    made = initialize(layers, "he", 7)
    draw = InitSpec.he_normal().to_numpy("in out", seed=7, name="1.w")
    np.testing.assert_array_equal(made[1]["w"], draw((4, 2)))
    pairs = [(jnp.ones((3, 4)), jnp.ones(4))]
    made = initialize(pairs, [Rule("he_normal", "*.0", axes="in out"), Rule("ones", "*.1")], 7)
    assert made[0][0].std() > 0


def test_paths_are_unique():
    """A dot in a name would give two parameters one path, and hence the same values."""
    tree = {"a.b": {"w": jnp.ones((3, 4))}, "a": {"b": {"w": jnp.ones((3, 4))}}}
    with pytest.raises(TargetError, match=r"several parameters, a\.b\.w: .*leave dots out"):
        initialize(tree, "he", 7)


def test_a_bias_without_its_weight_has_no_fans():
    """They are those of the weight: a spec that counts them is refused, others serve."""
    shared = eqx.nn.Shared(
        (eqx.nn.Embedding(5, 4, key=KEY), eqx.nn.Linear(4, 5, key=KEY)),
        where=lambda pair: pair[1].weight,
        get=lambda pair: pair[0].weight,
    )
    gru = {"gru": {"w_i": jnp.ones((2, 6)), "b": jnp.ones(6)}}
    for model, path in ((shared, "pytree.1.bias"), (gru, "gru.b")):
        initialize(model, "he", 7, only=path)
        with pytest.raises(RecipeError, match=f"{path}.*goes by axes"):
            initialize(model, "torch", 7, only=path)


@pytest.mark.parametrize("model", [{}, [np.ones(3)], np.ones(3), {"a": "text"}, {"a": [1.0]}, 3])
def test_what_is_not_a_tree(model):
    """Numbers, texts and arrays without names are not models."""
    with pytest.raises(TargetError, match="is not a model of"):
        parameters(model)


@pytest.mark.parametrize(
    ("model", "seed", "error", "says"),
    [
        ({"a": {"w": np.ones((2, 3))}}, None, TargetError, "a.w.*pass seed="),
        ({"a": {"w": np.ones((2, 3), int)}}, 7, RecipeError, "a.w.*int64"),
        ({"a": {"w": like(2, 3, dtype="float64")}}, 7, TargetError, "a.w.*jax_enable_x64"),
    ],
)
def test_errors(model, seed, error, says):
    """Each says what to write."""
    with pytest.raises(error, match=says):
        initialize(model, "he", seed)


def test_no_library_is_imported(fresh):
    """Whether something is a model is asked without JAX and its libraries."""
    code = """
import sys
from initspec.backend import load
assert not load("jax").owns(object()) and not load("jax").owns({"w": 1.0})
print(sorted({"jax", "flax", "equinox", "haiku"} & set(sys.modules)))
"""
    assert fresh(code) == "[]"


def test_each_node_is_looked_at_once(monkeypatch):
    """Time grows with the parameters, not with their square."""
    looked = []
    monkeypatch.setattr(
        "initspec_jax.models.trees.is_mixer", lambda names: looked.append(1) or not list(names)
    )
    tree = {f"layer{i}": {"kernel": np.zeros((2, 2)), "bias": np.zeros(2)} for i in range(20)}
    assert len(parameters(tree)) == 40
    assert len(looked) == 21
