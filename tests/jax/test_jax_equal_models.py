"""Models of flax and Equinox start as those of every framework: NumPy's weights and outputs."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

eqx = pytest.importorskip("equinox")
linen = pytest.importorskip("flax.linen")
nnx = pytest.importorskip("flax.nnx")

from initspec import Recipe, Rule, initialize, parameters  # noqa: E402
from tests import equal_models  # noqa: E402

gelu = functools.partial(jax.nn.gelu, approximate=False)
last = lambda x: x[:, -1]  # noqa: E731


class NnxCNN(nnx.Module):
    def __init__(self, rngs):
        self.conv = nnx.Conv(3, 8, (3, 3), rngs=rngs)
        self.norm = nnx.GroupNorm(8, 2, epsilon=equal_models.EPSILON, rngs=rngs)
        self.grouped = nnx.Conv(8, 8, (3, 3), feature_group_count=4, rngs=rngs)
        self.depthwise = nnx.Conv(8, 16, (3, 3), feature_group_count=8, rngs=rngs)
        self.pointwise = nnx.Conv(16, 12, (1, 1), rngs=rngs)
        self.head = nnx.Linear(12, 5, rngs=rngs)

    def __call__(self, x):
        x = self.depthwise(self.grouped(nnx.relu(self.norm(self.conv(x)))))
        return self.head(nnx.relu(self.pointwise(x)).mean((1, 2)))


class NnxLSTM(nnx.Module):
    def __init__(self, rngs, cell=nnx.OptimizedLSTMCell):
        self.embed = nnx.Embed(11, 6, rngs=rngs)
        self.lstm = nnx.RNN(cell(6, 5, keep_rngs=False, rngs=rngs))
        self.lstm.rngs = None  # which only the start of another cell would be drawn from
        self.head = nnx.Linear(5, 3, rngs=rngs)

    def __call__(self, x):
        start = (jnp.zeros((len(x), 5)),) * 2
        return self.head(last(self.lstm(self.embed(x), initial_carry=start)))


class NnxBlock(nnx.Module):
    def __init__(self, rngs):
        self.norm_1 = nnx.LayerNorm(8, epsilon=equal_models.EPSILON, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(equal_models.HEADS, 8, decode=False, rngs=rngs)
        self.norm_2 = nnx.LayerNorm(8, epsilon=equal_models.EPSILON, rngs=rngs)
        self.up = nnx.Linear(8, 16, rngs=rngs)
        self.down = nnx.Linear(16, 8, rngs=rngs)

    def __call__(self, x):
        x = x + self.attention(self.norm_1(x))
        return x + self.down(gelu(self.up(self.norm_2(x))))


class NnxTransformer(nnx.Module):
    def __init__(self, rngs):
        self.wte = nnx.Embed(11, 8, rngs=rngs)
        self.wpe = nnx.Embed(5, 8, rngs=rngs)
        self.blocks = nnx.List([NnxBlock(rngs) for _ in range(equal_models.BLOCKS)])
        self.norm = nnx.LayerNorm(8, epsilon=equal_models.EPSILON, rngs=rngs)

    def __call__(self, x):
        x = self.wte(x) + self.wpe(jnp.arange(5))
        for block in self.blocks:
            x = block(x)
        return self.wte.attend(self.norm(x))


class LinenCNN(linen.Module):
    @linen.compact
    def __call__(self, x):
        x = linen.Conv(8, (3, 3), name="conv")(x)
        x = linen.relu(linen.GroupNorm(2, epsilon=equal_models.EPSILON, name="norm")(x))
        x = linen.Conv(8, (3, 3), feature_group_count=4, name="grouped")(x)
        x = linen.Conv(16, (3, 3), feature_group_count=8, name="depthwise")(x)
        x = linen.relu(linen.Conv(12, (1, 1), name="pointwise")(x))
        return linen.Dense(5, name="head")(x.mean((1, 2)))


class LinenLSTM(linen.Module):
    @linen.compact
    def __call__(self, x):
        x = linen.Embed(11, 6, name="embed")(x)
        x = linen.RNN(linen.OptimizedLSTMCell(5, name="lstm"))(x)
        return linen.Dense(3, name="head")(last(x))


class LinenBlock(linen.Module):
    @linen.compact
    def __call__(self, x):
        normed = linen.LayerNorm(epsilon=equal_models.EPSILON, name="norm_1")(x)
        x = x + linen.MultiHeadAttention(equal_models.HEADS, name="attention")(normed)
        hidden = linen.Dense(16, name="up")(
            linen.LayerNorm(epsilon=equal_models.EPSILON, name="norm_2")(x)
        )
        return x + linen.Dense(8, name="down")(gelu(hidden))


class LinenTransformer(linen.Module):
    @linen.compact
    def __call__(self, x):
        table = linen.Embed(11, 8, name="wte")
        x = table(x) + linen.Embed(5, 8, name="wpe")(jnp.arange(5))
        for i in range(equal_models.BLOCKS):
            x = LinenBlock(name=f"blocks_{i}")(x)
        return table.attend(linen.LayerNorm(epsilon=equal_models.EPSILON, name="norm")(x))


KEY = jax.random.key(0)


class EqxCNN(eqx.Module):
    conv: eqx.nn.Conv2d
    norm: eqx.nn.GroupNorm
    grouped: eqx.nn.Conv2d
    depthwise: eqx.nn.Conv2d
    pointwise: eqx.nn.Conv2d
    head: eqx.nn.Linear

    def __init__(self):
        self.conv = eqx.nn.Conv2d(3, 8, 3, padding=1, key=KEY)
        self.norm = eqx.nn.GroupNorm(2, 8, eps=equal_models.EPSILON)
        self.grouped = eqx.nn.Conv2d(8, 8, 3, padding=1, groups=4, key=KEY)
        self.depthwise = eqx.nn.Conv2d(8, 16, 3, padding=1, groups=8, key=KEY)
        self.pointwise = eqx.nn.Conv2d(16, 12, 1, key=KEY)
        self.head = eqx.nn.Linear(12, 5, key=KEY)

    def __call__(self, x):
        x = self.depthwise(self.grouped(jax.nn.relu(self.norm(self.conv(x)))))
        return self.head(jax.nn.relu(self.pointwise(x)).mean((1, 2)))


class EqxLSTM(eqx.Module):
    embed: eqx.nn.Embedding
    lstm: eqx.nn.LSTMCell
    head: eqx.nn.Linear

    def __init__(self):
        self.embed = eqx.nn.Embedding(11, 6, key=KEY)
        self.lstm = eqx.nn.LSTMCell(6, 5, key=KEY)
        self.head = eqx.nn.Linear(5, 3, key=KEY)

    def __call__(self, x):
        step = lambda state, x: (self.lstm(x, state), None)  # noqa: E731
        start = (jnp.zeros(5), jnp.zeros(5))
        return self.head(jax.lax.scan(step, start, jax.vmap(self.embed)(x))[0][0])


class EqxBlock(eqx.Module):
    norm_1: eqx.nn.LayerNorm
    attention: eqx.nn.MultiheadAttention
    norm_2: eqx.nn.LayerNorm
    up: eqx.nn.Linear
    down: eqx.nn.Linear

    def __init__(self):
        biases = {f"use_{part}_bias": True for part in ("query", "key", "value", "output")}
        self.norm_1 = eqx.nn.LayerNorm(8, eps=equal_models.EPSILON)
        self.attention = eqx.nn.MultiheadAttention(equal_models.HEADS, 8, **biases, key=KEY)
        self.norm_2 = eqx.nn.LayerNorm(8, eps=equal_models.EPSILON)
        self.up = eqx.nn.Linear(8, 16, key=KEY)
        self.down = eqx.nn.Linear(16, 8, key=KEY)

    def __call__(self, x):
        normed = jax.vmap(self.norm_1)(x)
        x = x + self.attention(normed, normed, normed)
        hidden = jax.vmap(self.up)(jax.vmap(self.norm_2)(x))
        return x + jax.vmap(self.down)(gelu(hidden))


class EqxTransformer(eqx.Module):
    wte: eqx.nn.Embedding
    wpe: eqx.nn.Embedding
    blocks: list
    norm: eqx.nn.LayerNorm

    def __init__(self):
        self.wte = eqx.nn.Embedding(11, 8, key=KEY)
        self.wpe = eqx.nn.Embedding(5, 8, key=KEY)
        self.blocks = [EqxBlock() for _ in range(equal_models.BLOCKS)]
        self.norm = eqx.nn.LayerNorm(8, eps=equal_models.EPSILON)

    def __call__(self, x):
        x = jax.vmap(self.wte)(x) + self.wpe.weight
        for block in self.blocks:
            x = block(x)
        return jax.vmap(self.norm)(x) @ self.wte.weight.T


FLAX = {
    "blocks_": "blocks.",
    **equal_models.PROJECTIONS,
    "attention.out.": "attention.out_proj.",
    # nnx' optimized cell has one kernel for the gates; its other one, and linen, one for each.
    ".cell": "",
    "if_": "if",
    "dense_i.kernel": "weight_ih_l0",
    "dense_h.kernel": "weight_hh_l0",
    "dense_h.bias": "bias_ih_l0",
    **{f"lstm.i{gate}.kernel": f"lstm.weight_ih_l0[{i}]" for i, gate in enumerate("ifgo")},
    **{f"lstm.h{gate}.kernel": f"lstm.weight_hh_l0[{i}]" for i, gate in enumerate("ifgo")},
    **{f"lstm.h{gate}.bias": f"lstm.bias_ih_l0[{i}]" for i, gate in enumerate("ifgo")},
    **dict.fromkeys((".kernel", ".scale", ".embedding"), ".weight"),
}
EQUINOX = {
    "weight_ih": "weight_ih_l0",
    "weight_hh": "weight_hh_l0",
    "lstm.bias": "lstm.bias_ih_l0",
    **{
        f"{part}_proj.{leaf}": f"in_proj_{leaf}[{i}]"
        for i, part in enumerate(("query", "key", "value"))
        for leaf in ("weight", "bias")
    },
    "output_proj": "out_proj",
}
# The one bias of a gate in flax is that of what is recurrent.
FLAX_RULES = Recipe([Rule("normal(std=0.1)", role="recurrent_bias")]) + equal_models.RULES


def reach(tree, path):
    for part in path.split("."):
        if isinstance(tree, dict):
            tree = tree[part]
        else:
            tree = tree[int(part)] if part.isdigit() else getattr(tree, part)
    return np.asarray(tree[...])


def hold(name, model, paths, names, outputs, layout=equal_models.torch_layout):
    """Hold weights and outputs against NumPy's."""
    equal_models.assert_equal_weights(
        name, ((names(p), layout(names(p), reach(model, p))) for p in paths)
    )
    np.testing.assert_allclose(outputs, equal_models.outputs_of(name), rtol=0, atol=1e-5)


def inputs_of(name):
    return equal_models.IMAGES.transpose(0, 2, 3, 1) if name == "cnn" else equal_models.TOKENS


@pytest.mark.parametrize(
    ("kind", "settings"),
    [(NnxCNN, {}), (NnxLSTM, {}), (NnxLSTM, {"cell": nnx.LSTMCell}), (NnxTransformer, {})],
)
def test_nnx(kind, settings):
    """Bit for bit, and to 1e-5."""
    name, names = kind.__name__.removeprefix("Nnx").lower(), equal_models.renamed(FLAX)
    model = nnx.eval_shape(lambda: kind(nnx.Rngs(0), **settings))
    paths = [p.path for p in parameters(model)]
    initialize(model, FLAX_RULES, equal_models.SEED, names=names)
    hold(name, model, paths, names, nnx.jit(kind.__call__)(model, inputs_of(name)))


@pytest.mark.parametrize("kind", [LinenCNN, LinenLSTM, LinenTransformer])
def test_linen(kind):
    """Bit for bit, and to 1e-5."""
    name, names = kind.__name__.removeprefix("Linen").lower(), equal_models.renamed(FLAX)
    inputs = inputs_of(name)
    paths = [p.path for p in parameters(kind(), inputs=inputs)]
    variables = initialize(kind(), FLAX_RULES, equal_models.SEED, names=names, inputs=inputs)
    outputs = jax.jit(kind().apply)(variables, inputs)
    hold(name, variables["params"], paths, names, outputs)


@pytest.mark.parametrize("kind", [EqxCNN, EqxLSTM, EqxTransformer])
def test_equinox(kind):
    """Bit for bit, and to 1e-5; its layout is torch's."""
    name, names = kind.__name__.removeprefix("Eqx").lower(), equal_models.renamed(EQUINOX)
    model = eqx.filter_eval_shape(kind)
    paths = [p.path for p in parameters(model)]
    model = initialize(model, equal_models.RULES, equal_models.SEED, names=names)
    outputs = eqx.filter_jit(eqx.filter_vmap(model))(
        equal_models.IMAGES if name == "cnn" else equal_models.TOKENS
    )
    hold(name, model, paths, names, outputs, lambda _, array: array)


SHARDED = """
import jax
from flax import nnx
from jax.sharding import NamedSharding, PartitionSpec as P
from tests import equal_models
from tests.jax import test_jax_equal_models as models

names = equal_models.renamed(models.FLAX)
mesh = jax.make_mesh((4, 2), ("a", "b"))

def layout(leaf):
    cut = dict(zip(range(leaf.ndim), ("a", "b")))
    fits = [cut.get(i) if size % mesh.shape[cut.get(i, "a")] == 0 else None
            for i, size in enumerate(leaf.shape)]
    return NamedSharding(mesh, P(*fits))

def nnx_weights(kind):
    model = kind(nnx.Rngs(0))
    models.initialize(model, models.FLAX_RULES, equal_models.SEED, names=names)
    return nnx.to_pure_dict(nnx.state(model, nnx.Param))

def linen_weights(kind):
    inputs = models.inputs_of(kind.__name__.removeprefix("Linen").lower())
    return models.initialize(kind(), models.FLAX_RULES, equal_models.SEED, names=names,
                             inputs=inputs)["params"]

counted = 0
for weights, kind in [(nnx_weights, models.NnxTransformer), (nnx_weights, models.NnxCNN),
                      (linen_weights, models.LinenLSTM), (linen_weights, models.LinenTransformer)]:
    build = lambda: weights(kind)
    shardings = jax.tree.map(layout, jax.eval_shape(build))
    tree = jax.jit(build, out_shardings=shardings)()
    jax.tree.map(lambda leaf, to: leaf.sharding.is_equivalent_to(to, leaf.ndim) or 1 / 0,
                 tree, shardings)
    counted += sum(len(leaf.sharding.device_set) == 8 and not leaf.is_fully_replicated
                   for leaf in jax.tree.leaves(tree))
    held = [(names(".".join(str(key.key) for key in path)), leaf)
            for path, leaf in jax.tree_util.tree_leaves_with_path(tree)]
    name = kind.__name__.removeprefix("Nnx").removeprefix("Linen").lower()
    laid = [(n, equal_models.torch_layout(n, models.np.asarray(leaf))) for n, leaf in held]
    equal_models.assert_equal_weights(name, laid)
print(counted > 60)
"""


def test_jitted_and_sharded(fresh):
    """On eight devices each has its part of the same weights."""
    flags = "--xla_force_host_platform_device_count=8 --xla_backend_optimization_level=0"
    assert fresh(SHARDED, XLA_FLAGS=flags, JAX_PLATFORMS="cpu") == "True"
