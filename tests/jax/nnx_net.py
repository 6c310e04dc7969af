"""A model of flax.nnx with every kind of parameter, and its values."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

nnx = pytest.importorskip("flax.nnx")


from initspec.models.owner import parameters  # noqa: E402
from initspec.models.rule import Rule  # noqa: E402

WIDTH = 8


class Block(nnx.Module):
    """A block of a transformer."""

    def __init__(self, rngs):
        self.norm = nnx.LayerNorm(WIDTH, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(2, WIDTH, decode=False, rngs=rngs)
        self.up = nnx.Linear(WIDTH, 4 * WIDTH, rngs=rngs)
        self.proj = nnx.Linear(4 * WIDTH, WIDTH, rngs=rngs)
        self.drop = nnx.Dropout(0.1, rngs=rngs)

    def __call__(self, x):
        x = x + self.attention(self.norm(x))
        return x + self.proj(nnx.gelu(self.up(x)))


class Head(nnx.Module):
    """An owner that no table has, of a weight that the embedding has too."""

    def __init__(self, kernel):
        self.kernel = kernel


class _Around(nnx.Module):
    def __init__(self, inner):
        self.inner = inner


class MyRMSNorm(nnx.Module):
    """A norm by its name."""

    def __init__(self):
        self.scale = nnx.Param(jnp.zeros(WIDTH))


class Net(nnx.Module):
    """Every kind of parameter: tied, stacked, grouped, recurrent, bare, low-rank."""

    def __init__(self, rngs):
        self.wte = nnx.Embed(20, WIDTH, rngs=rngs)
        self.blocks = nnx.List([Block(rngs) for _ in range(3)])
        self.stack = nnx.vmap(lambda rngs: nnx.Linear(WIDTH, 5, rngs=rngs))(rngs.split(2))
        self.conv = nnx.Conv(WIDTH, WIDTH, (3, 3), feature_group_count=4, rngs=rngs)
        self.rnn = nnx.RNN(nnx.OptimizedLSTMCell(WIDTH, 3, rngs=rngs))
        self.batch = nnx.BatchNorm(WIDTH, rngs=rngs)
        self.mine = MyRMSNorm()
        self.gate = nnx.Param(jnp.ones(4))
        self.lora = nnx.LoRALinear(WIDTH, WIDTH, lora_rank=2, use_bias=False, rngs=rngs)
        self.head = Head(self.wte.embedding)


def make():
    """Return a model of ones, but for the scale at 0; drawing flax' own takes ten seconds."""
    model = nnx.eval_shape(lambda: Net(nnx.Rngs(0)))
    for _, variable in nnx.iter_graph(model):
        if isinstance(variable, nnx.RngKey):
            variable.set_value(jax.random.key(0))
        elif isinstance(variable, nnx.Variable):
            like = variable.get_raw_value()
            variable.set_value(jnp.asarray(np.ones(like.shape, like.dtype)))
    model.mine.scale.set_value(jnp.zeros(WIDTH))
    return model


RULES = [
    Rule("normal(std=0.02)", "wte.embedding"),
    Rule("he_normal(gain=1 / sqrt(2 * depth))", "blocks.{index}.proj.kernel"),
    Rule("ones", "rnn.**.bias", part="stack[1]"),
    Rule("constant(value=0.5)", "gate"),
    Rule("keep", "lora.lora.*"),
    Rule("zeros", "mine.scale"),
    Rule("glorot_uniform", role="kernel"),
    Rule("orthogonal", role="recurrent_kernel"),
    Rule("ones", role="scale"),
    *(Rule("zeros", role=role) for role in ("bias", "recurrent_bias", "shift")),
]


def read(model, path):
    for part in path.split("."):
        model = model[int(part)] if part.isdigit() else getattr(model, part)
    return model.get_raw_value()


def values(model):
    return {p.path: np.asarray(read(model, p.path)) for p in parameters(model)}
