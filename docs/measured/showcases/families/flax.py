"""Models built as flax' examples build theirs, held against the initializers that these name.

After https://github.com/google/flax/tree/main/examples. They are programs and not a package, so that the
layers are written here, with the initializers of each example.
"""

from __future__ import annotations

from collections.abc import Iterator

import jax
from flax import nnx

from docs.measured.showcases.families.base import Family
from initspec import Rule, recipe

PACKAGES = ("flax", "jax")
"""Whose versions belong to the results."""

ENVIRONMENT = {"JAX_PLATFORMS": "cpu"}

_INIT = nnx.initializers
_XAVIER = {"kernel_init": _INIT.xavier_uniform(), "bias_init": _INIT.normal(1e-6)}


class Mnist(nnx.Module):
    """The network of mnist: two convolutions and two layers."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.conv1 = nnx.Conv(1, 32, (3, 3), rngs=rngs)
        self.conv2 = nnx.Conv(32, 64, (3, 3), rngs=rngs)
        self.linear1 = nnx.Linear(3136, 256, rngs=rngs)
        self.linear2 = nnx.Linear(256, 10, rngs=rngs)


class Vae(nnx.Module):
    """The autoencoder of vae."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.hidden = nnx.Linear(784, 256, rngs=rngs)
        self.mean = nnx.Linear(256, 20, rngs=rngs)
        self.logvar = nnx.Linear(256, 20, rngs=rngs)
        self.decode1 = nnx.Linear(20, 256, rngs=rngs)
        self.decode2 = nnx.Linear(256, 784, rngs=rngs)


class Seq2seq(nnx.Module):
    """Encoder and decoder of seq2seq: two LSTMs and a head."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.encoder = nnx.RNN(nnx.LSTMCell(32, 64, rngs=rngs))
        self.decoder = nnx.RNN(nnx.LSTMCell(32, 64, rngs=rngs))
        self.head = nnx.Linear(64, 32, rngs=rngs)


class Lm1bBlock(nnx.Module):
    """A block of lm1b: attention, and two layers whose biases are small normals."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.norm1, self.norm2 = nnx.LayerNorm(64, rngs=rngs), nnx.LayerNorm(64, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(
            4, 64, use_bias=False, decode=False, kernel_init=_INIT.xavier_uniform(), rngs=rngs
        )
        self.linear1 = nnx.Linear(64, 256, rngs=rngs, **_XAVIER)
        self.linear2 = nnx.Linear(256, 64, rngs=rngs, **_XAVIER)


class Lm1b(nnx.Module):
    """The language model of lm1b."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.embed = nnx.Embed(256, 64, embedding_init=_INIT.normal(1.0), rngs=rngs)
        self.blocks = nnx.List([Lm1bBlock(rngs) for _ in range(2)])
        self.norm = nnx.LayerNorm(64, rngs=rngs)
        self.head = nnx.Linear(64, 256, rngs=rngs, **_XAVIER)


class ResidualBlock(nnx.Module):
    """A block of imagenet: the last scale is 0."""

    def __init__(self, inputs: int, outputs: int, rngs: nnx.Rngs) -> None:
        self.conv1 = nnx.Conv(inputs, outputs, (3, 3), use_bias=False, rngs=rngs)
        self.norm1 = nnx.BatchNorm(outputs, rngs=rngs)
        self.conv2 = nnx.Conv(outputs, outputs, (3, 3), use_bias=False, rngs=rngs)
        self.norm2 = nnx.BatchNorm(outputs, scale_init=_INIT.zeros_init(), rngs=rngs)


class Imagenet(nnx.Module):
    """A small ResNet of imagenet."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.conv_init = nnx.Conv(3, 16, (7, 7), use_bias=False, rngs=rngs)
        self.bn_init = nnx.BatchNorm(16, rngs=rngs)
        self.blocks = nnx.List([ResidualBlock(16, 32, rngs), ResidualBlock(32, 64, rngs)])
        self.head = nnx.Linear(64, 10, rngs=rngs)


class GemmaBlock(nnx.Module):
    """A block of gemma: kernels of einsums, and norms that compute 1 + scale."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        normal = _INIT.normal()
        self.query = nnx.Einsum("btd,ndh->btnh", (4, 64, 16), kernel_init=normal, rngs=rngs)
        self.key_value = nnx.Einsum(
            "bsd,ckdh->cbskh", (2, 1, 64, 16), kernel_init=normal, rngs=rngs
        )
        self.output = nnx.Einsum("btnh,nhd->btd", (4, 16, 64), kernel_init=normal, rngs=rngs)
        self.gate = nnx.Linear(64, 128, use_bias=False, kernel_init=normal, rngs=rngs)
        self.up = nnx.Linear(64, 128, use_bias=False, kernel_init=normal, rngs=rngs)
        self.down = nnx.Linear(128, 64, use_bias=False, kernel_init=normal, rngs=rngs)
        self.norm = nnx.RMSNorm(64, scale_init=_INIT.zeros_init(), rngs=rngs)


class Gemma(nnx.Module):
    """The language model of gemma."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.embedder = nnx.Embed(256, 64, embedding_init=_INIT.normal(), rngs=rngs)
        self.blocks = nnx.List([GemmaBlock(rngs) for _ in range(2)])


_FLAX = recipe("flax").rules
_SMALL = "normal(std=0.01)"  # the default of jax.nn.initializers.normal
_RECIPES = {
    Mnist: ("mnist", _FLAX),
    Vae: ("vae", _FLAX),
    Seq2seq: ("seq2seq", _FLAX),
    Lm1b: (
        "lm1b",
        [
            Rule("glorot_uniform", role="kernel"),
            Rule("normal(std=1)", role="embedding"),
            Rule("normal(std=1e-6)", role="bias"),
            *_FLAX,
        ],
    ),
    Imagenet: ("imagenet", [Rule("zeros", "**.norm2.scale"), *_FLAX]),
    Gemma: (
        "gemma",
        [Rule(_SMALL, role="kernel"), Rule(_SMALL, role="embedding"), Rule("zeros", role="scale")],
    ),
}


def families() -> Iterator[Family]:
    """Yield each example."""
    for kind, (example, rules) in _RECIPES.items():
        yield Family(
            example,
            lambda kind=kind: kind(nnx.Rngs(jax.random.key(0))),
            rules,
            f"examples/{example}",
        )
