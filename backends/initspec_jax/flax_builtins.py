"""What the layers of flax.linen start with, as data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from initspec import InitSpec
from initspec.backend import Builtin, LayerWeight, read_layers

_DOCS = "https://flax-linen.readthedocs.io/en/latest/api_reference/flax.linen/layers.html"
_TABLE = read_layers("initspec_jax")
_GATES = ("i", "f", "g", "o")


def flax_builtins() -> Iterator[Builtin]:
    """Yield the defaults of the layers of flax.linen."""
    lecun = InitSpec.lecun_truncated_normal()
    documented = "kernel_init: lecun_normal, a truncated normal of variance 1 / fan_in"
    yield _layer("Dense", "kernel", lecun, documented, "flax Dense(48)*")
    yield _layer("Conv", "kernel", lecun, documented, "flax Conv(*")
    yield _layer("ConvTranspose", "kernel", lecun, documented, "flax ConvTranspose*")
    attention = "MultiHeadDotProductAttention"
    yield _layer(attention, "query kernel", lecun, documented, "flax MultiHead*")
    cell = "OptimizedLSTMCell"
    gates = {side: " ".join(side + gate for gate in _GATES) for side in "ih"}
    yield _layer(cell, f"{gates['i']} kernel", lecun, documented, "flax Opt*input*")
    orthogonal, documented = InitSpec.orthogonal(), "recurrent_kernel_init: orthogonal()"
    yield _layer(cell, f"{gates['h']} kernel", orthogonal, documented, "flax Opt*recurrent*")
    # With out_axis=0, what it calls fan_in is the number of features: the true fan_out.
    rows, documented = InitSpec.lecun_normal(mode="fan_out"), "embedding_init: N(0, 1 / features)"
    yield _layer("Embed", "embedding", rows, documented, "Embedding*")


def _layer(name: str, parts: str, spec: InitSpec, documented: str, pattern: str) -> Builtin:
    def draw(weight: LayerWeight, _dtype: str, seed: int) -> NDArray[np.floating]:
        params = _initialize(weight)(jax.random.key(seed))
        path = re.escape(weight.parameter).replace(r"\*", ".+")
        named = {
            jax.tree_util.keystr(place, simple=True, separator="."): leaf
            for place, leaf in jax.tree_util.tree_leaves_with_path(params)
        }
        kernels = [np.asarray(leaf) for place, leaf in named.items() if re.fullmatch(path, place)]
        return np.concatenate(kernels, axis=-1)

    line = f"flax.linen.{name}(...): {parts}"
    return Builtin(line, spec, f"{documented}, {_DOCS}", _TABLE.like(pattern), draw, ("float32",))


_COMPILED: dict[str, Callable[[Any], Any]] = {}


def _initialize(weight: LayerWeight) -> Callable[[Any], Any]:
    """Return the compiled key -> parameters of the layer that has a weight."""
    if weight.name not in _COMPILED:
        make = getattr(nn, weight.layer.removeprefix("linen."))
        layer = make(*weight.arguments, **weight.settings)
        inputs: tuple[Any, ...] = (jnp.zeros(weight.inputs, int if make is nn.Embed else float),)
        if hasattr(layer, "initialize_carry"):
            inputs = (layer.initialize_carry(jax.random.key(0), weight.inputs), *inputs)
        _COMPILED[weight.name] = jax.jit(lambda key: layer.init(key, *inputs)["params"])
    return _COMPILED[weight.name]
