"""The named activations, each with its derivative, its kinks and its saturated ends.

Functions and derivatives keep the dtype of a floating array. The parameters and their defaults are
torch's; a comment in the builder gives those of Keras where they differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from initspec.activations.base import Activation, Floats
from initspec.activations.elements import logistic, normal_cdf, slope_of_logistic, softplus, unit
from initspec.errors import ActivationError, unknown
from initspec.numerics.validation import finite, positive


def _linear() -> Activation:
    return Activation("", np.positive, np.ones_like)


def _sigmoid() -> Activation:
    return Activation("", logistic, lambda x: slope_of_logistic(logistic(x)), (), (0.0, 1.0))


def _tanh() -> Activation:
    return Activation("", np.tanh, lambda x: 1 - np.tanh(x) ** 2, (), (-1.0, 1.0))


def _relu() -> Activation:
    return Activation("", lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(x.dtype), (0.0,))


def _leaky_relu(negative_slope: float = 0.01) -> Activation:
    slope = finite("negative_slope", negative_slope)
    return Activation(
        "",
        lambda x: np.where(x > 0, x, slope * x),
        lambda x: np.where(x > 0, unit(x), np.asarray(slope, x.dtype)),
        (0.0,),
    )


def _prelu(negative_slope: float = 0.25) -> Activation:
    # The slope that training starts from: 0.25 in torch and in He et al. (2015), 0 in Keras.
    return _leaky_relu(negative_slope)


def _relu6() -> Activation:
    return Activation(
        "",
        lambda x: np.clip(x, 0, 6),
        lambda x: ((x > 0) & (x < 6)).astype(x.dtype),
        (0.0, 6.0),
        (6.0,),
    )


def _elu(alpha: float = 1.0) -> Activation:
    alpha = positive("alpha", alpha)
    return Activation(
        "",
        lambda x: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
        lambda x: np.where(x > 0, unit(x), alpha * np.exp(np.minimum(x, 0))),
        (0.0,),
        (-alpha,),
    )


def _selu() -> Activation:
    # Klambauer et al. (2017): the fixed point at mean 0 and variance 1.
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    return Activation(
        "",
        lambda x: scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
        lambda x: scale * np.where(x > 0, unit(x), alpha * np.exp(np.minimum(x, 0))),
        (0.0,),
        (-alpha * scale,),
    )


def _celu(alpha: float = 1.0) -> Activation:
    alpha = positive("alpha", alpha)
    return Activation(
        "",
        lambda x: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha)),
        lambda x: np.exp(np.minimum(x, 0) / alpha),
        (0.0,),
        (-alpha,),
    )


def _gelu(approximate: str = "none") -> Activation:
    if approximate == "none":
        return Activation(
            "",
            lambda x: x * normal_cdf(x),
            lambda x: normal_cdf(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi),
        )
    if approximate != "tanh":
        raise ActivationError(unknown("approximate", approximate, ("none", "tanh")))
    root = math.sqrt(2 / math.pi)

    def derivative(x: Floats) -> Floats:
        t = np.tanh(root * (x + 0.044715 * x**3))
        slope: Floats = (1 + t + x * (1 - t * t) * root * (1 + 0.134145 * x * x)) / 2
        return slope

    return Activation("", lambda x: x * (1 + np.tanh(root * (x + 0.044715 * x**3))) / 2, derivative)


def _silu() -> Activation:
    def derivative(x: Floats) -> Floats:
        s = logistic(x)
        slope: Floats = s + x * slope_of_logistic(s)
        return slope

    return Activation("", lambda x: x * logistic(x), derivative)


def _mish() -> Activation:
    def derivative(x: Floats) -> Floats:
        t = np.tanh(softplus(x))
        slope: Floats = t + x * (1 - t * t) * logistic(x)
        return slope

    return Activation("", lambda x: x * np.tanh(softplus(x)), derivative)


def _softplus(beta: float = 1.0) -> Activation:
    beta = positive("beta", beta)
    return Activation("", lambda x: softplus(beta * x) / beta, lambda x: logistic(beta * x))


def _softsign() -> Activation:
    return Activation(
        "", lambda x: x / (1 + np.abs(x)), lambda x: (1 + np.abs(x)) ** -2, (0.0,), (-1.0, 1.0)
    )


def _hardtanh(min_val: float = -1.0, max_val: float = 1.0) -> Activation:
    low, high = finite("min_val", min_val), finite("max_val", max_val)
    if low >= high:
        raise ActivationError(f"hardtanh(min_val={low}, max_val={high}): pass min_val < max_val")
    return Activation(
        "",
        lambda x: np.clip(x, low, high),
        lambda x: ((x > low) & (x < high)).astype(x.dtype),
        (low, high),
        (low, high),
    )


def _hardsigmoid() -> Activation:
    return Activation(
        "",
        lambda x: np.clip(x / 6 + 0.5, 0, 1),
        lambda x: (np.abs(x) < 3).astype(x.dtype) / 6,
        (-3.0, 3.0),
        (0.0, 1.0),
    )


def _hardswish() -> Activation:
    return Activation(
        "",
        lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
        lambda x: np.where(np.abs(x) < 3, x / 3 + 0.5, (x > 0).astype(x.dtype)),
        (-3.0, 3.0),
    )


BUILDERS: dict[str, Callable[..., Activation]] = {
    "linear": _linear,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "prelu": _prelu,
    "relu6": _relu6,
    "elu": _elu,
    "selu": _selu,
    "celu": _celu,
    "gelu": _gelu,
    "silu": _silu,
    "mish": _mish,
    "softplus": _softplus,
    "softsign": _softsign,
    "hardtanh": _hardtanh,
    "hardsigmoid": _hardsigmoid,
    "hardswish": _hardswish,
}
"""The builder of each activation by name; its arguments are the activation's parameters."""
