"""SIREN, LSTMs, and the policy and value networks of PPO."""

from __future__ import annotations

import math
from typing import Any

from tests.core.models.typed.rows import (
    BARE,
    BIAS,
    CONV2D,
    DENSE,
    LINEAR,
    ONES,
    SCALE,
    SHIFT,
    TABLE,
    ZEROS,
    Kind,
    Law,
    Table,
    uniform,
)

Rows = dict[str, tuple[Any, ...]]


def within(bound: float) -> Law:
    """Return U(-bound, bound)."""
    return uniform(-bound, bound)


def orthogonal(gain: float, outs: int, ins: int) -> Law:
    """Return the law of an entry: the longer side has `min` directions of norm `gain`."""
    return Law("orthogonal", 0.0, gain / math.sqrt(max(outs, ins)), -gain, gain)


# SIREN: U(-1 / n, 1 / n) of 2 coordinates, then U(+-sqrt(6 / n) / 30) of 32 channels.


def siren(*layers: str, kernel: str = "weight") -> Rows:
    """Return the rows of three layers."""
    rows: Rows = {}
    for i, (path, (outs, ins)) in enumerate(zip(layers, ((32, 2), (32, 32), (1, 32)), strict=True)):
        matrix, shape = (LINEAR, (outs, ins)) if kernel == "weight" else (DENSE, (ins, outs))
        law = within(math.sqrt(6 / ins) / 30 if i else 1 / ins)
        rows[f"{path}.{kernel}"] = (matrix, shape, law)
        biases = Kind("Linear Module", "bias", f"out [in={ins}]")
        rows[f"{path}.bias"] = (biases, (outs,), within(1 / math.sqrt(ins)))
    return rows


OF_SIREN = [
    Table("siren", "vsitzmann", siren("net.net.0.0", "net.net.1.0", "net.net.2.0")),
    Table("siren", "its notebook", siren("net.0.linear", "net.1.linear", "net.2")),
    Table("siren", "nnx", siren("layers.0", "layers.1", "layers.2", kernel="kernel")),
    Table("siren", "linen", siren("Dense_0", "Dense_1", "Dense_2", kernel="kernel")),
    Table("siren", "keras", siren("dense", "dense_1", "dense_2", kernel="kernel")),
]


# LSTMs of 8 inputs and 16 states, the four gates of which are matrices of their own.

GLOROT = within(math.sqrt(6 / (8 + 16)))
STATE = orthogonal(1.0, 16, 16)
OPEN = {"stack[1]": ONES}
AROUND = {
    "embed.weight": (TABLE, (50, 8), within(0.05)),
    "norm.weight": (SCALE, (16,), ONES),
    "norm.bias": (SHIFT, (16,), ZEROS),
    "head.weight": (LINEAR, (2, 16), within(math.sqrt(6 / (16 + 2)))),
    "head.bias": (BIAS, (2,), ZEROS),
}


def gates(layer: str, role: str, axes: str = "(stack=4 out) in") -> Kind:
    """Return the kind of a parameter of four gates."""
    return Kind(f"{layer} Module", role, axes)


def lstm(layer: str, of: str) -> Rows:
    """Return the rows of torch's LSTM or LSTMCell."""
    return {
        f"rnn.weight_ih{of}": (gates(layer, "kernel"), (64, 8), GLOROT),
        f"rnn.weight_hh{of}": (gates(layer, "recurrent_kernel"), (64, 16), STATE),
        f"rnn.bias_ih{of}": (gates(layer, "bias", "(stack=4 out)"), (64,), ZEROS, OPEN),
        f"rnn.bias_hh{of}": (gates(layer, "recurrent_bias", "(stack=4 out)"), (64,), ZEROS),
        **AROUND,
    }


KERAS = {
    "lstm.lstm_cell.kernel": (gates("LSTMCell", "kernel", "in (stack=4 out)"), (8, 64), GLOROT),
    "lstm.lstm_cell.recurrent_kernel": (
        gates("LSTMCell", "recurrent_kernel", "in (stack=4 out)"), (16, 64), STATE),
    "lstm.lstm_cell.bias": (gates("LSTMCell", "bias", "(stack=4 out)"), (64,), ZEROS, OPEN),
}  # fmt: skip
OPTIMIZED = {
    "cell.dense_i.kernel": (
        gates("OptimizedLSTMCell LSTMCell", "kernel", "in (stack=4 out)"), (8, 64), GLOROT),
    "cell.dense_h.kernel": (
        gates("OptimizedLSTMCell", "recurrent_kernel", "in (stack=4 out)"), (16, 64), STATE),
    "cell.dense_h.bias": (
        gates("OptimizedLSTMCell", "recurrent_bias", "(stack=4 out)"), (64,), ZEROS, OPEN),
}  # fmt: skip
CELL = {
    "cell.{ii,if,ig,io}.kernel": (gates("LSTMCell", "kernel", "in out"), (8, 16), GLOROT),
    "cell.{hi,hf,hg,ho}.kernel": (gates("LSTMCell", "recurrent_kernel", "in out"), (16, 16), STATE),
    "cell.{hi,hg,ho}.bias": (gates("LSTMCell", "recurrent_bias", "out"), (16,), ZEROS),
    "cell.hf.bias": (gates("LSTMCell", "recurrent_bias", "out"), (16,), ONES),
}
# flax' ConvLSTMCell adds the 1 itself; Keras' does not.
CONV_FLAX = {
    "cell.hh.kernel": (
        gates("ConvLSTMCell", "recurrent_kernel", "kernel... in (stack=4 out)"),
        (1, 1, 16, 64), STATE),
    "cell.ih.bias": (gates("ConvLSTMCell", "bias", "(stack=4 out)"), (64,), ZEROS),
    "cell.hh.bias": (gates("ConvLSTMCell", "recurrent_bias", "(stack=4 out)"), (64,), ZEROS),
}  # fmt: skip
CONV_KERAS = {
    "conv_lstm2d.cell.recurrent_kernel": (
        gates("ConvLSTMCell", "recurrent_kernel", "kernel... in (stack=4 out)"),
        (1, 1, 16, 64), STATE),
    "conv_lstm2d.cell.bias": (gates("ConvLSTMCell", "bias", "(stack=4 out)"), (64,), ZEROS, OPEN),
}  # fmt: skip
OF_LSTM = [
    Table("lstm", "torch", lstm("LSTM", "_l0")),
    Table("lstm", "torch, a cell", lstm("LSTMCell", "")),
    Table("lstm", "keras", KERAS),
    Table("lstm", "keras, of convolutions", CONV_KERAS),
    Table("lstm", "flax, as one matrix", OPTIMIZED),
    Table("lstm", "flax", CELL),
    Table("lstm", "flax, of convolutions", CONV_FLAX),
]


# PPO: orthogonal of gain sqrt(2), the policy's head of 0.01, the value's of 1.

HIDDEN, POLICY, VALUE = math.sqrt(2), 0.01, 1.0


def matrix(path: str, outs: int, ins: int, gain: float, kernel: str = "weight") -> Rows:
    """Return the rows of a linear layer."""
    kind, shape = (LINEAR, (outs, ins)) if kernel == "weight" else (DENSE, (ins, outs))
    return {
        f"{path}.{kernel}": (kind, shape, orthogonal(gain, outs, ins)),
        f"{path}.bias": (BIAS, (outs,), ZEROS),
    }


def perceptrons(actor: str) -> Rows:
    """Return the rows of CleanRL's ppo.py: its networks have two hidden layers."""
    return {
        **matrix(f"{actor}.0", 64, 5, HIDDEN),
        **matrix(f"{actor}.2", 64, 64, HIDDEN),
        **matrix(f"{actor}.4", 3, 64, POLICY),
        **matrix("critic.{0,2}", 64, 64, HIDDEN),
        **matrix("critic.4", 1, 64, VALUE),
    }


TRUNK = {
    "network.0.weight": (CONV2D, (32, 4, 8, 8), orthogonal(HIDDEN, 32, 256)),
    "network.0.bias": (BIAS, (32,), ZEROS),
    **matrix("actor", 6, 64, POLICY),
    **matrix("critic", 1, 64, VALUE),
}
FUSED = {
    f"lstm.weight_{source}_l0": (gates("LSTM", role), (64, ins), orthogonal(1.0, 64, ins))
    for source, role, ins in (("ih", "kernel", 8), ("hh", "recurrent_kernel", 16))
} | {
    f"lstm.bias_{source}_l0": (gates("LSTM", role, "(stack=4 out)"), (64,), ZEROS)
    for source, role in (("ih", "bias"), ("hh", "recurrent_bias"))
}
OF_PPO = [
    Table("ppo", "ppo.py", perceptrons("actor")),
    Table(
        "ppo",
        "ppo_continuous_action.py",
        perceptrons("actor_mean") | {"actor_logstd": (BARE, (1, 3), ZEROS)},
    ),
    Table("ppo", "ppo_atari_lstm.py", TRUNK | FUSED),
    Table(
        "ppo",
        "ppo_atari_envpool_xla_jax.py",
        matrix("network_params.params.Dense_0", 64, 32, HIDDEN, "kernel")
        | matrix("actor_params.params.Dense_0", 6, 64, POLICY, "kernel")
        | matrix("critic_params.params.Dense_0", 1, 64, VALUE, "kernel"),
    ),
    Table(
        "ppo",
        "stable-baselines3",
        matrix("{mlp_extractor.policy_net,mlp_extractor.value_net}.{0,2}", 64, 64, HIDDEN)
        | matrix("features_extractor.linear.0", 64, 32, HIDDEN)
        | matrix("action_net", 3, 64, POLICY)
        | matrix("value_net", 1, 64, VALUE)
        | {"log_std": (BARE, (3,), ZEROS)},
    ),
    Table(
        "ppo",
        "keras",
        matrix("actor_mean", 3, 64, POLICY, "kernel") | matrix("critic", 1, 64, VALUE, "kernel"),
    ),
]

TABLES = [*OF_SIREN, *OF_LSTM, *OF_PPO]
