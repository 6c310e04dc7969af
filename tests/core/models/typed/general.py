"""The recipes for every layer with weights: He et al. 2015, and Glorot and Bengio 2010."""

from __future__ import annotations

import math
from typing import Any

from tests.core.models.typed.lora import adapters
from tests.core.models.typed.rows import (
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
    normal,
    uniform,
)

GATES = Kind("LSTM Module", "recurrent_kernel", "(stack=4 out) in")
GATE_BIAS = Kind("LSTM Module", "recurrent_bias", "(stack=4 out)")
# A column of an orthogonal matrix of 8 x 8 has the norm 1.
ORTHOGONAL = Law("orthogonal", 0.0, 1 / math.sqrt(8), -1.0, 1.0)


def rows(linear: Law, conv: Law, adapter: Law) -> dict[str, tuple[Any, ...]]:
    """Return the rows of a layer of each kind: 24 inputs and 8 outputs, or 3 of 9 places and 8."""
    return {
        "linear.weight": (LINEAR, (8, 24), linear),
        "dense.kernel": (DENSE, (24, 8), linear),
        "conv.weight": (CONV2D, (8, 3, 3, 3), conv),
        "table.weight": (TABLE, (97, 32), normal(0.02)),
        "linear.bias": (BIAS, (8,), ZEROS),
        "norm.weight": (SCALE, (8,), ONES),
        "norm.bias": (SHIFT, (8,), ZEROS),
        "lstm.weight_hh": (GATES, (32, 8), ORTHOGONAL),
        "lstm.bias_hh": (GATE_BIAS, (32,), ZEROS),
        **adapters(adapter, normal(0.02)),
    }


HE = rows(
    normal(math.sqrt(2 / 24)),
    normal(math.sqrt(2 / 27)),
    normal(math.sqrt(2 / 8)),
)


def glorot(ins: int, outs: int) -> Law:
    """Return U(-b, b), b^2 = 6 / (ins + outs)."""
    bound = math.sqrt(6 / (ins + outs))
    return uniform(-bound, bound)


GLOROT = rows(glorot(24, 8), glorot(27, 72), glorot(8, 4))

TABLES = [Table("he", "layers", HE), Table("glorot", "layers", GLOROT)]
