"""The layer table of flax against flax.linen and flax.nnx: every class, built anew."""

import inspect
import warnings

import jax
import jax.numpy as jnp
import pytest

nn = pytest.importorskip("flax.linen")
nnx = pytest.importorskip("flax.nnx")

from initspec_jax.vocabulary.layers import settings  # noqa: E402

from initspec.backend import read_layers  # noqa: E402
from tests.layer_tables import check_layer  # noqa: E402

TABLE = read_layers("initspec_jax")
SEQUENCE, IMAGE = (1, 5, 64), (1, 8, 8, 32)

LINEN = {
    "Dense": (lambda: nn.Dense(200), (1, 300)),
    "DenseGeneral": (lambda: nn.DenseGeneral((6, 7), axis=(-2, -1)), (1, 20, 30)),
    "Einsum": (lambda: nn.Einsum((64, 8, 16), "abc,cde->abde"), SEQUENCE),
    "Conv": (lambda: nn.Conv(64, (3, 3), feature_group_count=4), IMAGE),
    "ConvTranspose": (lambda: nn.ConvTranspose(64, (3, 3)), IMAGE),
    "Embed": (lambda: nn.Embed(1000, 64), (1,)),
    **{name: (lambda name=name: getattr(nn, name)(50), (1, 40))
       for name in ("LSTMCell", "OptimizedLSTMCell", "GRUCell", "SimpleCell", "MGUCell")},
    "ConvLSTMCell": (lambda: nn.ConvLSTMCell(24, (3, 3)), (1, 8, 8, 16)),
    "MultiHeadDotProductAttention": (lambda: nn.MultiHeadDotProductAttention(4), SEQUENCE),
    "MultiHeadAttention": (lambda: nn.MultiHeadAttention(4), SEQUENCE),
    "WeightNorm": (lambda: nn.WeightNorm(nn.Dense(50)), (1, 40)),
    "BatchNorm": (lambda: nn.BatchNorm(use_running_average=False), SEQUENCE),
    "GroupNorm": (lambda: nn.GroupNorm(4), SEQUENCE),
    **{name: (lambda name=name: getattr(nn, name)(), SEQUENCE)
       for name in ("LayerNorm", "RMSNorm", "InstanceNorm", "PReLU")},
}  # fmt: skip
NNX = {
    "Linear": lambda r: nnx.Linear(300, 200, rngs=r),
    "LinearGeneral": lambda r: nnx.LinearGeneral((20, 30), (6, 7), axis=(-2, -1), rngs=r),
    "Einsum": lambda r: nnx.Einsum("abc,cde->abde", (64, 8, 16), (8, 16), rngs=r),
    "Conv": lambda r: nnx.Conv(32, 64, (3, 3), feature_group_count=4, rngs=r),
    "ConvTranspose": lambda r: nnx.ConvTranspose(32, 64, (3, 3), rngs=r),
    "Embed": lambda r: nnx.Embed(1000, 64, rngs=r),
    **{name: lambda r, name=name: getattr(nnx, name)(40, 50, rngs=r)
       for name in ("LSTMCell", "OptimizedLSTMCell", "GRUCell", "SimpleCell")},
    "MultiHeadAttention": lambda r: nnx.MultiHeadAttention(4, 64, decode=False, rngs=r),
    "GroupNorm": lambda r: nnx.GroupNorm(64, 4, rngs=r),
    **{name: lambda r, name=name: getattr(nnx, name)(64, rngs=r)
       for name in ("BatchNorm", "LayerNorm", "RMSNorm", "InstanceNorm")},
    "LoRA": lambda r: nnx.LoRA(300, 20, 200, rngs=r),
    "PReLU": lambda _rngs: nnx.PReLU(),
}  # fmt: skip


def linen(name):
    """Return a layer of flax.linen, and its parameters by path from it."""
    make, shape = LINEN[name]
    layer, key = make(), jax.random.key(0)
    inputs = (jnp.zeros(shape, int if name == "Embed" else float),)
    if hasattr(layer, "initialize_carry"):
        inputs = (layer.initialize_carry(key, shape), *inputs)
    leaves = jax.tree_util.tree_leaves_with_path(layer.init(key, *inputs)["params"])
    values = {jax.tree_util.keystr(p, simple=True, separator="."): v for p, v in leaves}
    return layer, {path: v for path, v in values.items() if not path.startswith("layer_instance.")}


def of_nnx(name):
    """Return a layer of flax.nnx, and its parameters by path from it."""
    layer = NNX[name](nnx.Rngs(0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        state = nnx.state(layer, nnx.Param).flat_state()
        return layer, {".".join(map(str, path)): leaf[...] for path, leaf in state}


@pytest.mark.parametrize("name", [*(f"linen.{n}" for n in LINEN), *(f"nnx.{n}" for n in NNX)])
def test_a_built_layer_is_its_row(name):
    """Names, shapes and what the parameters start with are those of the table."""
    package, _, kind = name.partition(".")
    layer, values = (linen if package == "linen" else of_nnx)(kind)
    bases = [base.__name__ for base in inspect.getmro(type(layer))]
    assert name in check_layer(TABLE, bases, values, settings(layer)).classes


def test_every_class_of_the_table_is_built_here():
    """No row goes untested."""
    names = {*(f"linen.{name}" for name in LINEN), *(f"nnx.{name}" for name in NNX)}
    assert names == {name for row in TABLE.layers for name in row.classes}


def test_batch_axes_of_a_general_layer_are_a_stack():
    """The kernel of a batched DenseGeneral is [batch, in, out]."""
    layer = nn.DenseGeneral(7, axis=-1, batch_dims=(0,))
    assert settings(layer)["kernel_axes"] == "stack in out"
