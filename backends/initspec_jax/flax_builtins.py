"""What the layers of flax.linen start with, as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from initspec import InitSpec
from initspec.backend import Builtin

_DOCS = "https://flax-linen.readthedocs.io/en/latest/api_reference/flax.linen/layers.html"

Made = tuple[nn.Module, tuple[Any, ...]]
"""A layer, and inputs to initialize it with."""


def flax_natives() -> Iterator[Builtin]:
    """Yield the defaults of the layers of flax.linen."""
    lecun = InitSpec.lecun_truncated_normal()
    says = "kernel_init: lecun_normal, a truncated normal of variance 1 / fan_in"
    yield _layer(
        "Dense", lecun, says, ("flax Dense(48)*",), lambda s: (nn.Dense(s[1]), _ones(1, s[0]))
    )
    yield _layer("Conv", lecun, says, ("flax Conv(*",), _conv)
    yield _layer(
        "ConvTranspose", lecun, says, ("flax ConvTranspose*",),
        lambda s: (nn.ConvTranspose(s[3], s[:2]), _ones(1, 8, 8, s[2])),
    )  # fmt: skip
    yield _layer(
        "MultiHeadDotProductAttention", lecun, says, ("flax MultiHead*",),
        lambda s: (nn.MultiHeadDotProductAttention(s[1]), _ones(1, 5, s[0])), ("query",),
    )  # fmt: skip
    gates = ("i", "f", "g", "o")
    yield _layer(
        "OptimizedLSTMCell", lecun, says, ("flax Opt*input*",),
        lambda s: _cell(s[1] // 4, s[0]), tuple(f"i{gate}" for gate in gates),
    )  # fmt: skip
    yield _layer(
        "OptimizedLSTMCell", InitSpec.orthogonal(), "recurrent_kernel_init: orthogonal()",
        ("flax Opt*recurrent*",), lambda s: _cell(s[0], 10), tuple(f"h{gate}" for gate in gates),
    )  # fmt: skip
    # With out_axis=0, what it calls fan_in is the number of features: the true fan_out.
    yield _layer(
        "Embed", InitSpec.lecun_normal(mode="fan_out"), "embedding_init: N(0, 1 / features)",
        ("Embedding*",), lambda s: (nn.Embed(s[0], s[1]), (jnp.zeros((1,), int),)),
        weight="embedding",
    )  # fmt: skip


def _layer(
    name: str,
    spec: InitSpec,
    says: str,
    layers: tuple[str, ...],
    make: Callable[[tuple[int, ...]], Made],
    parts: tuple[str, ...] = (),
    weight: str = "kernel",
) -> Builtin:
    @cache
    def initialize(shape: tuple[int, ...]) -> Callable[[Any], Any]:
        layer, inputs = make(shape)
        return jax.jit(lambda key: layer.init(key, *inputs)["params"])

    def draw(shape: tuple[int, ...], _dtype: str, seed: int) -> NDArray[np.floating]:
        params = initialize(shape)(jax.random.key(seed))
        kernels = [np.asarray(params[part][weight]) for part in parts]
        return np.concatenate(kernels, axis=-1) if parts else np.asarray(params[weight])

    line = f"flax.linen.{name}(...): {' '.join([*parts, weight])}"
    return Builtin(line, spec, f"{says}, {_DOCS}", layers, draw, ("float32",))


def _ones(*shape: int) -> tuple[Any, ...]:
    return (jnp.ones(shape),)


def _conv(shape: tuple[int, ...]) -> Made:
    """Return the convolution of a kernel: of 8 to 64 channels it is the one with 4 groups."""
    groups = {(8, 64): 4, (1, 32): 32}.get((shape[-2], shape[-1]), 1)
    layer = nn.Conv(shape[-1], shape[:-2], feature_group_count=groups)
    return layer, _ones(1, *[8] * (len(shape) - 2), shape[-2] * groups)


def _cell(features: int, inputs: int) -> Made:
    cell = nn.OptimizedLSTMCell(features)
    x = jnp.ones((1, inputs))
    return cell, (cell.initialize_carry(jax.random.key(0), x.shape), x)
