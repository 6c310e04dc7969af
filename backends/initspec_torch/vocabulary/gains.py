"""The gains of torch.nn.init.calculate_gain."""

from __future__ import annotations

import math
from typing import Any

from initspec.backend import SpecError, finite, unknown

_SLOPE = 0.01
"""The negative slope that `calculate_gain("leaky_relu")` assumes where none is passed."""

TORCH_GAINS = {
    "linear": 1.0,
    "conv1d": 1.0,
    "conv2d": 1.0,
    "conv3d": 1.0,
    "conv_transpose1d": 1.0,
    "conv_transpose2d": 1.0,
    "conv_transpose3d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5.0 / 3.0,
    "relu": math.sqrt(2.0),
    "selu": 3.0 / 4.0,
}
"""torch 2.13, torch/nn/init.py; "leaky_relu" depends on its slope and is left to the function."""


def calculate_gain(nonlinearity: Any, param: Any = None) -> float:
    """Return what `torch.nn.init.calculate_gain` returns.

    >>> calculate_gain("tanh"), calculate_gain("leaky_relu", 1.0)
    (1.6666666666666667, 1.0)

    Raises:
        SpecError: the nonlinearity is unknown, or its parameter is not a number.
    """
    if nonlinearity == "leaky_relu":
        slope = _SLOPE if param is None else finite("param", param)
        return math.sqrt(2.0 / (1.0 + slope**2))
    if nonlinearity not in TORCH_GAINS:
        raise SpecError(unknown("nonlinearity", nonlinearity, (*TORCH_GAINS, "leaky_relu")))
    return TORCH_GAINS[nonlinearity]


def gain(activation: str, **parameters: Any) -> float:
    """Return torch's gain of a named activation; see `initspec.gain`.

    Raises:
        SpecError: torch has no gain for it, or a parameter is out of range.
    """
    slope = parameters.pop("negative_slope", None) if activation == "leaky_relu" else None
    if parameters:
        raise SpecError(f"torch's gain of {activation!r} takes no {', '.join(parameters)}")
    return calculate_gain(activation, slope)
