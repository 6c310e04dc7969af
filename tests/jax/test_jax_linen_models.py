"""Modules of flax.linen: their parameters, and the variables that they are given."""

import contextlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

nn = pytest.importorskip("flax.linen")
nnx = pytest.importorskip("flax.nnx")

from initspec import InitSpec  # noqa: E402
from initspec.errors import RecipeError, TargetError  # noqa: E402
from initspec.models.initialize import initialize  # noqa: E402
from initspec.models.owner import parameters  # noqa: E402
from initspec.models.rule import Rule  # noqa: E402
from tests.jax.counted_fans import counted_fans  # noqa: E402


def array(*shape, dtype=jnp.float32):
    return jax.ShapeDtypeStruct(shape, dtype)


class Stacked(nn.Module):
    """Two convolutions side by side, their parameters stacked after the taps."""

    @nn.compact
    def __call__(self, x):
        of = nn.vmap(nn.Conv, variable_axes={"params": 1}, split_rngs={"params": True})
        return of(6, (3,), feature_group_count=2, padding=2, name="conv")(x)


GATES = {f"{side}{gate}.kernel": (size,)
         for side, size in (("i", 5), ("h", 3)) for gate in "ifgo"}  # fmt: skip
HIDDEN = {f"{side}{gate}.kernel": (size,)
          for side, size in (("i", 5), ("h", 3)) for gate in "rzn"}  # fmt: skip
CELL = ((array(3), array(3)), array(5))
KINDS = {
    # layer: the module, what it is called with, the inputs of each kernel, and the gates of each
    "Dense": (nn.Dense(7), array(5), {"kernel": (5,)}),
    "DenseGeneral": (
        nn.DenseGeneral((4, 5), axis=(-2, -1)),
        array(2, 3),
        {"kernel": (2, 3)},
    ),
    "DenseGeneral of a batch": (
        nn.DenseGeneral(4, axis=-1, batch_dims=(0,)),
        array(2, 3),
        {"kernel": (2, 3)},
    ),
    "Einsum": (nn.Einsum((2, 3, 5), "tnh,nhd->td"), array(4, 2, 3), {"kernel": (4, 2, 3)}),
    "Conv": (nn.Conv(4, (3, 2), padding=2), array(4, 4, 3), {"kernel": (4, 4, 3)}),
    "Conv, dilated": (
        nn.Conv(4, (3,), kernel_dilation=2, padding=4),
        array(8, 3),
        {"kernel": (8, 3)},
    ),
    "Conv, grouped": (
        nn.Conv(6, (3,), feature_group_count=2, padding=2),
        array(5, 4),
        {"kernel": (5, 4)},
    ),
    "Conv, depthwise": (
        nn.Conv(8, (3,), feature_group_count=4, padding=2),
        array(5, 4),
        {"kernel": (5, 4)},
    ),
    "Conv, stacked": (Stacked(), array(2, 5, 4), {"conv.kernel": None}),
    "ConvTranspose": (nn.ConvTranspose(4, (3, 2)), array(5, 5, 3), {"kernel": (5, 5, 3)}),
    "ConvTranspose, transposed": (
        nn.ConvTranspose(4, (3, 2), transpose_kernel=True),
        array(5, 5, 3),
        {"kernel": (5, 5, 3)},
    ),
    "Embed": (nn.Embed(5, 7), array(dtype=jnp.int32), {"embedding": ()}),
    "LSTMCell": (nn.LSTMCell(3), CELL, GATES),
    "GRUCell": (nn.GRUCell(3), (array(3), array(5)), HIDDEN),
    "MGUCell": (
        nn.MGUCell(3),
        (array(3), array(5)),
        {path: shape for path, shape in HIDDEN.items() if path[1] == "n"}
        | {"if.kernel": (5,), "hf.kernel": (3,)},
    ),
    "SimpleCell": (
        nn.SimpleCell(3),
        (array(3), array(5)),
        {"i.kernel": (5,), "h.kernel": (3,)},
    ),
    "ConvLSTMCell": (
        nn.ConvLSTMCell(3, (3,)),
        ((array(5, 3), array(5, 3)), array(5, 4)),
        {"ih.kernel": (5, 4), "hh.kernel": (5, 3)},
        4,
    ),
    "MultiHeadAttention": (
        nn.MultiHeadAttention(2, qkv_features=4, normalize_qk=True),
        array(3, 6),
        {"query.kernel": (6,), "key.kernel": (6,), "value.kernel": (6,), "out.kernel": (2, 2)},
    ),
    "MultiHeadDotProductAttention": (
        nn.MultiHeadDotProductAttention(2, qkv_features=4),
        (array(3, 6), array(3, 6)),
        {"query.kernel": (6,), "key.kernel": (6,), "value.kernel": (6,), "out.kernel": (2, 2)},
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_fans_are_those_that_differentiation_counts(name):
    """The fans of every kernel are the weights that touch an output and an input element."""
    module, inputs, kernels, gates = (*KINDS[name], 1)[:4]
    known = {p.path: p for p in parameters(module, inputs=inputs)}
    assert {path for path in known if "bias" not in path and "_ln" not in path} == set(kernels)
    called = inputs if isinstance(inputs, tuple) else (inputs,)
    full = jax.tree.map(lambda like: np.zeros(like.shape, like.dtype), called)
    zeros = {path: np.zeros(p.shape, p.dtype) for path, p in known.items()}
    for path, shape in kernels.items():
        owner = tuple(path.split(".")[:-1]) if shape is not None else ()

        def apply(weight, x, owner=owner, path=path):
            """Return what the layer at a path makes of an input, whatever the module gives it."""
            outputs = []

            def replaced(method, args, kwargs, context):
                if context.module.path == owner and context.method_name == "__call__":
                    outputs.append(method(*args[:-1], x))
                    raise StopIteration
                return method(*args, **kwargs)

            with nn.intercept_methods(replaced), contextlib.suppress(StopIteration):
                module.apply({"params": nested({**zeros, path: weight})}, *full)
            return outputs[0]

        like = inputs if shape is None else array(*shape)
        if path == "embedding":
            like = inputs
        weight = known[path]
        fans = tuple(weight.axes.fans(weight.shape))
        x = np.zeros(like.shape, like.dtype)
        assert counted_fans(apply, weight, x, gates) == fans, (path, str(weight.axes))


def nested(values):
    """Return nested dicts of values by path."""
    tree = {}
    for path, value in values.items():
        *parts, leaf = path.split(".")
        node = tree
        for part in parts:
            node = node.setdefault(part, {})
        node[leaf] = value
    return tree


def test_a_bias_has_the_fan_in_of_its_kernel():
    """It carries what it lacks as counts."""
    for module, inputs, *_ in KINDS.values():
        known = {p.path: p for p in parameters(module, inputs=inputs)}
        for path, parameter in known.items():
            kernel = known.get(path.replace("bias", "kernel"))
            if path.endswith("bias") and kernel is not None:
                fans = (p.axes.fans(p.shape).fan_in for p in (parameter, kernel))
                assert len(set(fans)) == 1, (module, path)


WIDTH = 8


class Block(nn.Module):
    """A block of a transformer."""

    @nn.compact
    def __call__(self, x, train=True):
        x = x + nn.MultiHeadAttention(2, name="attention")(nn.LayerNorm(name="norm")(x))
        hidden = nn.gelu(nn.Dense(4 * WIDTH, name="up")(x))
        assert isinstance(train, bool)
        return x + nn.Dense(WIDTH, name="proj")(nn.Dropout(0.0, deterministic=not train)(hidden))


class Scanned(nn.Module):
    """A block as nn.scan takes it."""

    @nn.compact
    def __call__(self, x, _):
        return Block()(x), None


class Net(nn.Module):
    """Every kind of parameter: scanned, stacked, grouped, recurrent, bare, boxed, normalized."""

    def setup(self):
        self.wte = nn.Embed(20, WIDTH)
        self.blocks = [Block() for _ in range(2)]
        self.gate = self.param("gate", nn.initializers.ones, (4,))

    @nn.compact
    def __call__(self, tokens, train=True):
        x = self.wte(tokens)
        for block in self.blocks:
            x = block(x, train)
        many = nn.scan(Scanned, variable_axes={"params": 0}, split_rngs={"params": True}, length=3)
        x, _ = many(name="many")(x, None)
        of = nn.vmap(nn.Dense, variable_axes={"params": 1}, split_rngs={"params": True},
                     in_axes=None, out_axes=0, axis_size=5)  # fmt: skip
        x = of(WIDTH, name="heads")(x).sum(0)
        x = nn.WeightNorm(nn.remat(nn.Dense)(WIDTH, name="normed"), name="weight")(x)
        x = nn.BatchNorm(use_running_average=not train, name="batch")(x)
        x = nn.RNN(nn.LSTMCell(WIDTH, name="cell"))(x)
        init = nn.with_partitioning(nn.initializers.lecun_normal(), ("x", None))
        return nn.Dense(3, kernel_init=init, name="boxed")(x) + self.wte.attend(x).sum() * 0


INPUTS = {"tokens": array(2, 3, dtype=jnp.int32), "train": False}
RULES = [
    Rule("normal(std=0.02)", "wte.embedding"),
    Rule("he_normal(gain=1 / sqrt(2 * depth))", "blocks_{index}.proj.kernel", optional=True),
    Rule("ones", "cell.hf.bias"),
    Rule("constant(value=0.5)", "gate"),
    Rule("normal(std=2.0)", "boxed.kernel", part="[1]"),
    Rule("glorot_uniform", role="kernel"),
    Rule("orthogonal", role="recurrent_kernel"),
    Rule("ones", role="scale"),
    *(Rule("zeros", role=role) for role in ("bias", "recurrent_bias", "shift")),
]


def leaves(variables):
    """Return the parameters among variables by path."""
    found = jax.tree_util.tree_leaves_with_path(nn.unbox(variables)["params"])
    return {jax.tree_util.keystr(p, simple=True, separator="."): leaf for p, leaf in found}


def values(variables):
    return {path: np.asarray(leaf) for path, leaf in leaves(variables).items()}


def test_parameters():
    """Paths, roles, axes and layers are those of the structure and the layer table."""
    known = {p.path: p for p in parameters(Net(), inputs=INPUTS)}
    rows = {path: (p.role, str(p.axes), p.layer) for path, p in known.items()}
    expected = {
        "wte.embedding": ("embedding", "stack out", "Embed"),
        "blocks_1.norm.scale": ("scale", "out", "LayerNorm"),
        "blocks_1.norm.bias": ("shift", "out", "LayerNorm"),
        "blocks_1.attention.query.kernel": ("kernel", "in out out", "MultiHeadAttention"),
        "blocks_1.attention.out.kernel": ("kernel", "in in out", "MultiHeadAttention"),
        "many.Block_0.proj.kernel": ("kernel", "stack in out", "Dense"),
        "many.Block_0.attention.out.kernel": ("kernel", "stack in in out", "MultiHeadAttention"),
        "many.Block_0.proj.bias": ("bias", f"stack out [in={4 * WIDTH}]", "Dense"),
        "heads.kernel": ("kernel", "in stack out", "Dense"),
        "heads.bias": ("bias", f"out stack [in={WIDTH}]", "Dense"),
        "normed.kernel": ("kernel", "in out", "Dense"),
        "weight.normed/kernel/scale": ("scale", "out", "WeightNorm"),
        "batch.scale": ("scale", "out", "BatchNorm"),
        "cell.ii.kernel": ("kernel", "in out", "LSTMCell"),
        "cell.hi.kernel": ("recurrent_kernel", "in out", "LSTMCell"),
        "cell.hi.bias": ("recurrent_bias", f"out [in={WIDTH}]", "LSTMCell"),
        "gate": ("other", "None", "Net"),
        "boxed.kernel": ("kernel", "in out", "Dense"),
    }
    assert {path: rows.get(path) for path in expected} == expected
    for path, layer in (("cell.hi.kernel", "Dense"),
                        ("blocks_1.attention.query.kernel", "DenseGeneral")):  # fmt: skip
        classes = known[path].places[0].classes
        assert classes.index(rows[path][2]) == 0 < classes.index(layer)
    assert parameters(Net(), inputs=INPUTS) == tuple(known.values())
    variables = jax.eval_shape(lambda: Net().init(jax.random.key(0), jnp.ones((2, 3), int)))
    shapes = {path: leaf.shape for path, leaf in leaves(variables).items()}
    assert {path: p.shape for path, p in known.items()} == shapes


def test_every_weight_is_that_of_its_name():
    """Each is the portable draw of its path, spec and axes; the rest is as the module makes it."""
    variables = initialize(Net(), RULES, 7, inputs=INPUTS)
    made = values(variables)
    for path, spec, axes in [
        ("wte.embedding", InitSpec.normal(0.02), "stack out"),
        ("many.Block_0.attention.out.kernel", InitSpec.glorot_uniform(), "stack in in out"),
        ("heads.kernel", InitSpec.glorot_uniform(), "in stack out"),
        ("cell.hg.kernel", InitSpec.orthogonal(), "in out"),
    ]:
        expected = spec.to_numpy(axes, seed=7, name=path)(made[path].shape)
        np.testing.assert_array_equal(made[path], expected, err_msg=path)
    row = InitSpec.normal(2.0).to_numpy("in out", seed=7, name="boxed.kernel")((WIDTH, 3))[1]
    np.testing.assert_array_equal(made["boxed.kernel"][1], row)
    assert (made["cell.hf.bias"] == 1).all()
    assert isinstance(variables["params"]["boxed"]["kernel"], nn.Partitioned)
    assert float(variables["batch_stats"]["batch"]["var"].sum()) == WIDTH
    outputs = jax.jit(Net().apply, static_argnums=2)(variables, jnp.ones((2, 3), int), False)
    assert bool(jnp.isfinite(outputs).all())


def test_what_is_not_chosen_is_as_the_module_makes_it():
    """So is what a rule keeps."""
    module, inputs = nn.Dense(3), array(2, 4)
    own = module.init(jax.random.key(7), jnp.ones((2, 4)))["params"]
    for rules, only in (([Rule("ones", "bias")], "bias"),
                        ([Rule("keep", "kernel"), Rule("ones", "bias")], None)):  # fmt: skip
        made = initialize(module, rules, 7, inputs=inputs, only=only)["params"]
        np.testing.assert_array_equal(made["kernel"], own["kernel"])
        assert made["bias"].tolist() == [1] * 3


def test_a_jitted_call():
    """A jitted call returns the same variables."""
    inputs = array(2, 3, WIDTH)
    plain = values(initialize(Block(), "he", 7, inputs=inputs))
    traced = values(jax.jit(lambda: initialize(Block(), "he", 7, inputs=inputs))())
    assert plain.keys() == traced.keys()
    assert all(np.array_equal(value, traced[path]) for path, value in plain.items())


class Nnx(nnx.Module):
    """The block as nnx has it."""

    def __init__(self, rngs):
        self.norm = nnx.LayerNorm(WIDTH, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(2, WIDTH, decode=False, rngs=rngs)
        self.up = nnx.Linear(WIDTH, 4 * WIDTH, rngs=rngs)
        self.proj = nnx.Linear(4 * WIDTH, WIDTH, rngs=rngs)


class Cnn(nn.Module):
    """A convolution and a head, named by hand."""

    @nn.compact
    def __call__(self, x):
        x = nn.relu(nn.Conv(4, (3, 3), feature_group_count=2, name="Conv_0")(x))
        return nn.Dense(3)(x.mean((-3, -2)))


class NnxCnn(nnx.Module):
    def __init__(self, rngs):
        self.conv = nnx.Conv(2, 4, (3, 3), feature_group_count=2, rngs=rngs)
        self.head = nnx.Linear(4, 3, rngs=rngs)


@pytest.mark.parametrize(
    ("module", "model", "shape", "names"),
    [
        (Block(), Nnx, (2, 3, WIDTH), {}),
        (Cnn(), NnxCnn, (1, 5, 5, 2), {"conv": "Conv_0", "head": "Dense_0"}),
    ],
)
def test_one_seed_starts_nnx_and_linen_equal(module, model, shape, names):
    """With a map of names where the paths differ."""

    def named(path):
        layer, _, rest = path.partition(".")
        return f"{names.get(layer, layer)}.{rest}"

    made = values(initialize(module, "he", 7, inputs=array(*shape)))
    other = nnx.eval_shape(lambda: model(nnx.Rngs(0)))
    initialize(other, "he", 7, names=named)
    paths = [p.path for p in parameters(other)]
    assert sorted(map(named, paths)) == sorted(made)
    for path in paths:
        value = other
        for part in path.split("."):
            value = getattr(value, part)
        np.testing.assert_array_equal(value[...], made[named(path)], err_msg=path)


class Integers(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x * self.param("codes", lambda _: jnp.ones(3, jnp.int32)).sum()


@pytest.mark.parametrize(
    ("module", "arguments", "error", "says"),
    [
        (nn.Dense(3), ("he", 7), TargetError, "before it is called: .*or pass inputs="),
        (nn.Dense(3), ("he", 7, ("a", "b")), TargetError, "Dense cannot be called.*inputs="),
        (nn.Dense(3), ("he", None, array(4)), TargetError, "kernel.*pass seed="),
        (nn.Dense(3), ([Rule("ones", "bias")], 7, array(4)), RecipeError, "kernel"),
        (Integers(), ([Rule("ones", "codes")], 7, array(4)), RecipeError, "codes.*int32"),
    ],
)
def test_errors(module, arguments, error, says):
    """Each says what to write."""
    recipe, seed, inputs = (*arguments, None)[:3]
    with pytest.raises(error, match=says):
        initialize(module, recipe, seed, inputs=inputs)
