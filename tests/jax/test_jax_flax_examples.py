"""Models built as flax' own examples are: assigned in whole, drawn, and finite.

After https://github.com/google/flax/tree/main/examples: imagenet, seq2seq and wmt. What is theirs
is how the modules reach each other: layers from partials, cells in cells, one table for three.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import pytest

nn = pytest.importorskip("flax.linen")

from initspec import Rule, initialize, parameters, recipe  # noqa: E402


class ResNetBlock(nn.Module):
    filters: int
    conv: Callable
    norm: Callable
    strides: tuple[int, int] = (1, 1)

    @nn.compact
    def __call__(self, x):
        y = nn.relu(self.norm()(self.conv(self.filters, (3, 3), self.strides)(x)))
        y = self.norm(scale_init=nn.initializers.zeros_init())(self.conv(self.filters, (3, 3))(y))
        if x.shape != y.shape:
            x = self.conv(self.filters, (1, 1), self.strides, name="conv_proj")(x)
            x = self.norm(name="norm_proj")(x)
        return nn.relu(x + y)


class ResNet(nn.Module):
    @nn.compact
    def __call__(self, x, train=True):
        conv = partial(nn.Conv, use_bias=False)
        norm = partial(nn.BatchNorm, use_running_average=not train, axis_name="batch")
        x = nn.relu(norm(name="bn_init")(conv(8, (7, 7), (2, 2), name="conv_init")(x)))
        for i in range(2):
            x = ResNetBlock(8 * 2**i, conv=conv, norm=norm, strides=(1 + i, 1 + i))(x)
        return nn.Dense(5)(x.mean((1, 2)))


class DecoderLSTMCell(nn.RNNCellBase):
    features: int

    @nn.compact
    def __call__(self, carry, x):
        state, _ = carry
        state, y = nn.LSTMCell(self.features)(state, x)
        logits = nn.Dense(12)(y)
        token = jax.random.categorical(self.make_rng("lstm"), logits)
        return (state, jax.nn.one_hot(token, 12)), logits

    @property
    def num_feature_axes(self):
        return 1


class Seq2seq(nn.Module):
    @nn.compact
    def __call__(self, source, target):
        state, _ = nn.RNN(nn.LSTMCell(6), return_carry=True, name="encoder")(source)
        rngs = {"params": False, "lstm": True}
        decoder = nn.RNN(DecoderLSTMCell(6), split_rngs=rngs, name="decoder")
        return decoder(target[:, :-1], initial_carry=(state, target[:, 0]))


class Stack(nn.Module):
    table: nn.Module
    cross: bool

    @nn.compact
    def __call__(self, tokens, encoded=None):
        x = self.table(tokens)
        x = (
            x
            + self.param("pos_embedding", nn.initializers.normal(0.02), (1, 6, 8))[:, : x.shape[1]]
        )
        x = x + nn.MultiHeadDotProductAttention(2)(nn.LayerNorm()(x))
        if self.cross:
            x = x + nn.MultiHeadDotProductAttention(2)(nn.LayerNorm()(x), encoded)
        return nn.LayerNorm(name="norm")(x + nn.Dense(8)(nn.relu(nn.Dense(16)(x))))


class Translation(nn.Module):
    def setup(self):
        self.shared_embedding = nn.Embed(11, 8)
        self.encoder = Stack(self.shared_embedding, cross=False)
        self.decoder = Stack(self.shared_embedding, cross=True)

    def __call__(self, source, target):
        return self.shared_embedding.attend(self.decoder(target, self.encoder(source)))


TOKENS = jnp.array([[1, 4, 9, 10]])
CASES = {
    "imagenet": (ResNet(), (jnp.ones((1, 16, 16, 3)), False), ()),
    "seq2seq": (Seq2seq(), (jnp.ones((1, 5, 12)), jnp.ones((1, 4, 12))), ()),
    "wmt": (Translation(), (TOKENS, TOKENS), ("{encoder,decoder}.pos_embedding",)),
}


@pytest.mark.parametrize("name", CASES)
def test_assigned_in_whole_drawn_and_finite(name):
    """What is no layer's own has no role; a rule for it settles it."""
    module, inputs, others = CASES[name]
    known = parameters(module, inputs=inputs)
    assert all(p.role != "other" or p.path.endswith("pos_embedding") for p in known)
    mine = [Rule("normal(std=0.02)", other) for other in others] + recipe("he")
    variables = initialize(module, mine, 7, inputs=inputs)
    assert len(jax.tree.leaves(variables["params"])) == len(known)
    apply = jax.jit(module.apply, static_argnums=2 if name == "imagenet" else ())
    outputs = apply(variables, *inputs, rngs={"lstm": jax.random.key(0)})
    assert bool(jnp.isfinite(outputs).all())
    assert float(outputs.std()) > 0
