"""A CNN, an LSTM and a transformer in NumPy, which those of each framework are held against.

Names and layouts are torch's. A stack of gates, heads, groups or rows is drawn here member by
member, each under the name that a lone weight would have, and so is fused or separate alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from initspec import InitSpec, Recipe, Rule

Array = NDArray[np.floating]
Weights = dict[str, Array]

SEED = 7
HEADS = 2
BLOCKS = 2
EPSILON = 1e-5
TOKENS = np.array([[1, 4, 9, 10, 0], [3, 3, 7, 2, 8]], np.int32)
IMAGES = np.random.default_rng(0).normal(size=(2, 3, 6, 7)).astype(np.float32)
"""Two images, channels first."""

LINES = {
    "kernel": "he_normal",
    "recurrent_kernel": "glorot_uniform",
    "embedding": "normal(std=0.5)",
    "scale": "normal(mean=1.0, std=0.1)",
    "bias": "normal(std=0.1)",
    "shift": "normal(std=0.1)",
}
RULES = Recipe([Rule(line, role=role) for role, line in LINES.items()])

PROJECTIONS = {
    f"{part}.{theirs}": f"in_proj_{ours}[{i}]"
    for i, part in enumerate(("query", "key", "value"))
    for theirs, ours in (("kernel", "weight"), ("bias", "bias"))
}
"""The separate projections of an attention of Keras or flax, as members of torch's."""


class Weight(NamedTuple):
    """A weight as torch has it, or what a number of members have in a stack."""

    role: str
    shape: tuple[int, ...]
    members: int = 0

    def draw(self, name: str) -> Array:
        """Return the weight, a stack drawn member by member."""
        axes = "out in kernel..." if len(self.shape) > 1 else "out"
        init = InitSpec.parse(LINES[self.role]).to_numpy(axes, seed=SEED)
        if not self.members:
            return init(self.shape, name=name)
        return np.stack([init(self.shape, name=f"{name}[{i}]") for i in range(self.members)])


def _dense(path: str, *shape: int, members: int = 0) -> dict[str, Weight]:
    return {
        f"{path}.weight": Weight("kernel", shape, members),
        f"{path}.bias": Weight("bias", shape[:1], members),
    }


def _norm(path: str, size: int) -> dict[str, Weight]:
    return {f"{path}.weight": Weight("scale", (size,)), f"{path}.bias": Weight("shift", (size,))}


def _block(path: str) -> dict[str, Weight]:
    return {
        **_norm(f"{path}.norm_1", 8),
        f"{path}.attention.in_proj_weight": Weight("kernel", (8, 8), 3),
        f"{path}.attention.in_proj_bias": Weight("bias", (8,), 3),
        **_dense(f"{path}.attention.out_proj", 8, 8),
        **_norm(f"{path}.norm_2", 8),
        **_dense(f"{path}.up", 16, 8),
        **_dense(f"{path}.down", 8, 16),
    }


MODELS = {
    "cnn": {
        **_dense("conv", 8, 3, 3, 3),
        **_norm("norm", 8),
        **_dense("grouped", 2, 2, 3, 3, members=4),
        **_dense("depthwise", 2, 1, 3, 3, members=8),
        **_dense("pointwise", 12, 16, 1, 1),
        **_dense("head", 5, 12),
    },
    "lstm": {
        "embed.weight": Weight("embedding", (6,), 11),
        "lstm.weight_ih_l0": Weight("kernel", (5, 6), 4),
        "lstm.weight_hh_l0": Weight("recurrent_kernel", (5, 5), 4),
        "lstm.bias_ih_l0": Weight("bias", (5,), 4),
        **_dense("head", 3, 5),
    },
    "transformer": {
        "wte.weight": Weight("embedding", (8,), 11),  # the head, too
        "wpe.weight": Weight("embedding", (8,), 5),
        **{name: w for i in range(BLOCKS) for name, w in _block(f"blocks.{i}").items()},
        **_norm("norm", 8),
    },
}


def weights_of(model: str) -> Weights:
    """Return the weights of a model, drawn by NumPy."""
    return {name: weight.draw(name) for name, weight in MODELS[model].items()}


def torch_layout(name: str, kernel: Array) -> Array:
    """Return an array of Keras or flax, whose kernels are stored the other way, as torch has it."""
    name = name.partition("[")[0]
    if kernel.ndim == 1 or "embed" in name or name.startswith("w"):
        return kernel
    if "attention.in_proj" in name:
        return kernel.reshape(-1, 8).T if "weight" in name else kernel.reshape(-1)
    if "out_proj" in name:
        return kernel.reshape(-1, 8).T
    if kernel.shape[2:] == (8, 2):  # Keras' depthwise kernel: taps, channels, multiplier
        return kernel.transpose(2, 3, 0, 1)
    return kernel.transpose(*range(kernel.ndim - 1, kernel.ndim - 3, -1), *range(kernel.ndim - 2))


def assert_equal_weights(model: str, held: Iterable[tuple[str, Array]]) -> None:
    """Hold all weights of a framework, in torch's layout, bit for bit against NumPy's."""
    expected = weights_of(model)
    sizes = dict.fromkeys(expected, 0)
    for name, array in held:
        whole, _, member = name.partition("[")
        weight = expected[whole][int(member[:-1])] if member else expected[whole]
        np.testing.assert_array_equal(array.reshape(weight.shape), weight, err_msg=name)
        sizes[whole] += array.size
    assert sizes == {name: weight.size for name, weight in expected.items()}


def _cnn(weights: Weights) -> Array:
    x = IMAGES.astype(np.float64)
    x = np.maximum(_group_norm(_convolve(x, weights, "conv"), weights), 0)
    x = _convolve(x, weights, "grouped", 4)
    x = _convolve(x, weights, "depthwise", 8)
    x = np.maximum(_convolve(x, weights, "pointwise"), 0)
    return _linear(x.mean((2, 3)), weights, "head")


def _lstm(weights: Weights) -> Array:
    cell = hidden = np.zeros((len(TOKENS), 5))
    for x in weights["embed.weight"][TOKENS.T]:
        kernel, recurrent = weights["lstm.weight_ih_l0"], weights["lstm.weight_hh_l0"]
        gates = np.einsum("goi,ni->gno", kernel, x) + np.einsum("goh,nh->gno", recurrent, hidden)
        gates += weights["lstm.bias_ih_l0"][:, None]
        inputs, forget, output = (_sigmoid(gates[i]) for i in (0, 1, 3))
        cell = forget * cell + inputs * np.tanh(gates[2])
        hidden = output * np.tanh(cell)
    return _linear(hidden, weights, "head")


def _transformer(weights: Weights) -> Array:
    x = weights["wte.weight"][TOKENS] + weights["wpe.weight"].astype(np.float64)
    for i in range(BLOCKS):
        block = {name.removeprefix(f"blocks.{i}."): weight for name, weight in weights.items()}
        x = x + _attend(_layer_norm(x, block, "norm_1"), block)
        hidden = _linear(_layer_norm(x, block, "norm_2"), block, "up")
        x = x + _linear(_gelu(hidden), block, "down")
    return _layer_norm(x, weights, "norm") @ weights["wte.weight"].T


def _linear(x: Array, weights: Weights, name: str) -> Array:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _convolve(x: Array, weights: Weights, name: str, groups: int = 1) -> Array:
    kernel, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    kernel = kernel.reshape(groups, -1, *kernel.shape[-3:])
    pad, taps = kernel.shape[-1] // 2, kernel.shape[-2:]
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(x, taps, (2, 3))
    windows = windows.reshape(len(x), groups, -1, *windows.shape[2:])
    outputs = np.einsum("ngchwij,gocij->ngohw", windows, kernel)
    return outputs.reshape(len(x), -1, *outputs.shape[3:]) + bias.reshape(-1, 1, 1)


def _group_norm(x: Array, weights: Weights) -> Array:
    groups = x.reshape(len(x), 2, -1)
    mean, variance = groups.mean(2, keepdims=True), groups.var(2, keepdims=True)
    x = ((groups - mean) / np.sqrt(variance + EPSILON)).reshape(x.shape)
    scale, shift = (weights[f"norm.{leaf}"].reshape(-1, 1, 1) for leaf in ("weight", "bias"))
    return x * scale + shift


def _layer_norm(x: Array, weights: Weights, name: str) -> Array:
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + EPSILON)
    return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def _attend(x: Array, weights: Weights) -> Array:
    kernels = weights["attention.in_proj_weight"]
    biases = weights["attention.in_proj_bias"]
    query, key, value = (
        (x @ kernel.T + bias).reshape(*x.shape[:2], HEADS, -1)
        for kernel, bias in zip(kernels, biases, strict=True)
    )
    scores = np.einsum("nqhd,nkhd->nhqk", query, key) / math.sqrt(query.shape[-1])
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    scores /= scores.sum(-1, keepdims=True)
    heads = np.einsum("nhqk,nkhd->nqhd", scores, value).reshape(x.shape)
    return _linear(heads, weights, "attention.out_proj")


def _gelu(x: Array) -> Array:
    return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


FORWARD: dict[str, Callable[[Weights], Array]] = {
    "cnn": _cnn,
    "lstm": _lstm,
    "transformer": _transformer,
}


def outputs_of(model: str) -> Array:
    """Return what a model makes of the images or tokens above, in float64."""
    return FORWARD[model](weights_of(model))


def renamed(pairs: Mapping[str, str]) -> Callable[[str], str]:
    """Return the function that gives a path torch's name: one text for another, in their order."""

    def name(path: str) -> str:
        for theirs, ours in pairs.items():
            path = path.replace(theirs, ours)
        return path

    return name
