"""Activations: each with its derivative, its kinks and the ends where it saturates, in NumPy.

Functions and derivatives keep the dtype of a floating array. The parameters and their defaults are
torch's; where Keras or JAX have others, the builder says so.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec import gaussian
from initspec.errors import ActivationError, unknown
from initspec.fields import finite, positive

Floats = NDArray[Any]
Function = Callable[[Floats], Floats]

_NEAR = 0.05
"""A value within this share of the range from one of its ends is saturated."""


@dataclass(frozen=True, eq=False)
class Activation:
    """An elementwise activation.

    Attributes:
        name: its name, parameters included, such as "leaky_relu(negative_slope=0.2)".
        function: f, elementwise on a floating array.
        derivative: f', elementwise on a floating array.
        kinks: where f or f' jumps.
        ends: the finite limits in which it saturates: none (relu), one (elu) or two (tanh).
        family: the name without parameters; "" for a callable.
        parameters: their values.
    """

    name: str
    function: Function
    derivative: Function
    kinks: tuple[float, ...] = ()
    ends: tuple[float, ...] = ()
    family: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def saturated(self, values: Floats) -> NDArray[np.bool_]:
        """Say which values of f lie within 5 % of the range from one of its ends.

        The range is the distance of the two ends, or that of the one end from 0.
        """
        near = np.zeros(np.shape(values), np.bool_)
        reach = (
            abs(self.ends[0] - (self.ends[-1] if len(self.ends) == 2 else 0)) if self.ends else 0
        )
        for end in self.ends:
            near |= np.abs(values - end) < _NEAR * reach
        return near


def activation_of(activation: object, **parameters: Any) -> Activation:
    """Return the activation that a name, a callable or an `Activation` means.

    Args:
        activation: a name from `NAMES`, with any case and with "-" or "_"; or a function of a NumPy
            array, elementwise; or an `Activation`.
        parameters: what the named activation takes, such as negative_slope=0.2.

    Raises:
        ActivationError: the name is unknown, a parameter is unknown or out of range, or the
            activation is not elementwise.

    >>> str(activation_of("Leaky-ReLU", negative_slope=0.2)), str(activation_of("swish"))
    ('leaky_relu(negative_slope=0.2)', 'silu')
    """
    if isinstance(activation, Activation) or (
        callable(activation) and not isinstance(activation, str)
    ):
        if parameters:
            raise ActivationError(
                f"{_said(parameters)} with {activation!r}: only a named activation takes "
                "parameters; bind them into the function"
            )
        return activation if isinstance(activation, Activation) else _of_callable(activation)
    if not isinstance(activation, str):
        raise ActivationError(
            f"activation={activation!r}: pass a name such as 'relu', or a function of a NumPy array"
        )
    name = activation.strip().lower().replace("-", "_").replace(" ", "_")
    if name in _REFUSED:
        raise ActivationError(f"activation {activation!r}: {_REFUSED[name]}")
    name, implied = _ALIASES.get(name, (name, {}))
    if name not in _BUILDERS:
        raise ActivationError(unknown("activation", activation, (*NAMES, *_ALIASES)))
    builder = _BUILDERS[name]
    allowed = inspect.signature(builder).parameters
    for key in parameters:
        if key not in allowed:
            takes = ", ".join(allowed) or "none"
            raise ActivationError(f"{name} takes no parameter {key!r}; its parameters: {takes}")
    given = implied | parameters
    built = builder(**given)
    values = {key: given.get(key, parameter.default) for key, parameter in allowed.items()}
    changed = {key: value for key, value in values.items() if value != allowed[key].default}
    said = f"{name}({_said(changed)})" if changed else name
    return replace(built, name=said, family=name, parameters=values)


def _said(parameters: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in parameters.items())


# --- the table ------------------------------------------------------------------------------------


def _linear() -> Activation:
    return Activation("", np.positive, np.ones_like)


def _sigmoid() -> Activation:
    return Activation("", _logistic, lambda x: _slope(_logistic(x)), (), (0.0, 1.0))


def _tanh() -> Activation:
    return Activation("", np.tanh, lambda x: 1 - np.tanh(x) ** 2, (), (-1.0, 1.0))


def _relu() -> Activation:
    return Activation("", lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(x.dtype), (0.0,))


def _leaky_relu(negative_slope: float = 0.01) -> Activation:
    slope = finite("negative_slope", negative_slope)
    return Activation(
        "",
        lambda x: np.where(x > 0, x, slope * x),
        lambda x: np.where(x > 0, _one(x), _one(x) * slope),
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
        lambda x: np.where(x > 0, _one(x), alpha * np.exp(np.minimum(x, 0))),
        (0.0,),
        (-alpha,),
    )


def _selu() -> Activation:
    # Klambauer et al. (2017), eq. 14: the fixed point at mean 0 and variance 1.
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    return Activation(
        "",
        lambda x: scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
        lambda x: scale * np.where(x > 0, _one(x), alpha * np.exp(np.minimum(x, 0))),
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
            lambda x: x * _normal_cdf(x),
            lambda x: _normal_cdf(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi),
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
        s = _logistic(x)
        slope: Floats = s + x * _slope(s)
        return slope

    return Activation("", lambda x: x * _logistic(x), derivative)


def _mish() -> Activation:
    def derivative(x: Floats) -> Floats:
        t = np.tanh(_softened(x))
        slope: Floats = t + x * (1 - t * t) * _logistic(x)
        return slope

    return Activation("", lambda x: x * np.tanh(_softened(x)), derivative)


def _softplus(beta: float = 1.0) -> Activation:
    beta = positive("beta", beta)
    return Activation("", lambda x: _softened(beta * x) / beta, lambda x: _logistic(beta * x))


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


_BUILDERS: dict[str, Callable[..., Activation]] = {
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

NAMES = tuple(_BUILDERS)
"""The names of all activations, in the order of this file."""

_ALIASES: dict[str, tuple[str, dict[str, Any]]] = {
    "identity": ("linear", {}),
    "swish": ("silu", {}),
    "gelu_tanh": ("gelu", {"approximate": "tanh"}),
    "hard_tanh": ("hardtanh", {}),
    "hard_sigmoid": ("hardsigmoid", {}),
    "hard_swish": ("hardswish", {}),
    "hard_silu": ("hardswish", {}),
}
"""What Keras, JAX or flax call them."""

_REFUSED = dict.fromkeys(
    ("softmax", "log_softmax"),
    "it is not elementwise: each of its outputs depends on all units of the layer, so that no "
    "gain keeps its variance; it ends a network, and its layer is initialized as a linear one: "
    "pass 'linear'",
)


# --- what they are made of ------------------------------------------------------------------------


def _one(x: Floats) -> Floats:
    return np.ones((), x.dtype)


def _logistic(x: Floats) -> Floats:
    # By tanh, which overflows nowhere.
    values: Floats = 0.5 * (1 + np.tanh(0.5 * x))
    return values


def _slope(s: Floats) -> Floats:
    return s * (1 - s)


def _softened(x: Floats) -> Floats:
    values: Floats = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    return values


_REACH = 9.0
_STEPS = 32
"""The cdf is tabulated at multiples of 1 / 32 in -9..9."""


@lru_cache(maxsize=2)
def _knots(dtype: Any) -> tuple[Floats, Floats]:
    """Return the normal cdf and density at the knots."""
    z = np.arange(-_REACH * _STEPS, _REACH * _STEPS + 1) / _STEPS
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return gaussian.cdf(z).astype(dtype), density.astype(dtype)


def _normal_cdf(x: Floats) -> Floats:
    """Return P(Z <= x), to an absolute 2e-16 in float64, thirty times faster than `gaussian.cdf`.

    A Taylor series of seven terms around the nearest knot: its coefficients are the Hermite
    polynomials. NumPy itself has no error function.
    """
    values, densities = _knots(x.dtype)
    clipped = np.clip(np.nan_to_num(x, nan=0.0), -_REACH, _REACH)
    nearest = np.rint(clipped * _STEPS)
    index = nearest.astype(np.intp) + int(_REACH * _STEPS)
    z = nearest / _STEPS
    h = clipped - z
    # The sum over k of (-1)^k He_k(z) h^k / (k + 1)!, with He_(k+1) = z He_k - k He_(k-1).
    before, now = np.ones_like(z), z
    terms, factor = np.ones_like(z), h
    for k in range(1, 8):
        factor = factor * (-1 / (k + 1)) * (1 if k == 1 else h)
        terms = terms + now * factor
        before, now = now, z * now - k * before
    result: Floats = values[index] + densities[index] * h * terms
    return np.where(np.isnan(x), x, result)


# --- callables ------------------------------------------------------------------------------------


def _of_callable(function: Callable[..., Any]) -> Activation:
    """Return a callable as an activation: checked, with a derivative by central differences."""
    name = getattr(function, "__name__", type(function).__name__)

    def checked(x: Floats) -> Floats:
        try:
            with np.errstate(all="ignore"):
                values = np.asarray(function(x))
        except Exception as error:
            raise ActivationError(
                f"activation {name}: it fails on a NumPy array ({type(error).__name__}: {error}); "
                "pass a function of arrays, such as numpy.tanh for math.tanh"
            ) from error
        if values.shape != x.shape or values.dtype.kind not in "fiub":
            raise ActivationError(
                f"activation {name}: of an array of shape {x.shape} it makes {values.dtype} of "
                f"shape {values.shape}; pass an elementwise function of real numbers"
            )
        return values.astype(x.dtype, copy=False)

    def derivative(x: Floats) -> Floats:
        wide = x.astype(np.float64)
        step = 6e-6 * np.maximum(1, np.abs(wide))  # the cube root of float64's precision
        slope = (checked(wide + step) - checked(wide - step)) / (2 * step)
        return slope.astype(x.dtype, copy=False)

    return Activation(name, checked, derivative, (), _limits(checked))


def _limits(function: Function) -> tuple[float, ...]:
    """Return the finite limits of a function; the zero side of a rectifier is none."""
    least, less, more, most = (float(v) for v in function(np.array([-1e4, -5e3, 5e3, 1e4])))
    ends = [
        far if math.isfinite(far) and abs(far - near) <= 1e-3 * abs(far) + 1e-12 else None
        for far, near in ((least, less), (most, more))
    ]
    if None not in ends and ends[0] != ends[1]:
        return tuple(sorted(end for end in ends if end is not None))
    return tuple(end for end in ends if end is not None and abs(end) > 1e-9) if None in ends else ()
