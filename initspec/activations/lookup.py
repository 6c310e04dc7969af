"""Find an activation by its name and parameters, or make one of a function of an array."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from initspec.activations.base import Activation, Floats, Function
from initspec.activations.table import BUILDERS
from initspec.errors import ActivationError, shown, unknown

NAMES = tuple(BUILDERS)
"""The names of all activations."""

_ALIASES: dict[str, tuple[str, dict[str, Any]]] = {
    "identity": ("linear", {}),
    "swish": ("silu", {}),
    "gelu_tanh": ("gelu", {"approximate": "tanh"}),
    "hard_silu": ("hardswish", {}),
}
"""Other names in Keras, JAX or flax."""

_SPELLED = {name.replace("_", ""): name for name in (*NAMES, *_ALIASES)}
"""Names without "_": torch has LeakyReLU and hardtanh, Keras leaky_relu and hard_tanh."""

_APPROXIMATE = {"True": "tanh", "False": "none"}

_REFUSED = dict.fromkeys(
    ("softmax", "logsoftmax", "softmin", "sparsemax"),
    "it is not elementwise: each of its outputs depends on all units of the layer, so that no "
    "gain keeps its variance; it ends a network, and its layer is initialized as a linear one: "
    "pass 'linear'",
)


def activation_of(activation: object, **parameters: Any) -> Activation:
    """Return the activation that a name, a callable or an `Activation` means.

    Args:
        activation: a name from `NAMES`, with any case and with "-", "_" or nothing between words,
            and with parameters in brackets where it has some, as in "leaky_relu(0.2)"; or a
            function of a NumPy array, elementwise; or an `Activation`.
        parameters: what the named activation takes, such as negative_slope=0.2.

    Raises:
        ActivationError: the name is unknown, a parameter is unknown or out of range, or the
            activation is not elementwise.

    >>> str(activation_of("Leaky-ReLU", negative_slope=0.2)), str(activation_of("nn.ELU(0.5)"))
    ('leaky_relu(negative_slope=0.2)', 'elu(alpha=0.5)')
    """
    if isinstance(activation, Activation) or (
        callable(activation) and not isinstance(activation, str)
    ):
        if parameters:
            raise ActivationError(
                f"{_listed(parameters)} with {shown(activation)}: only a named activation takes "
                "parameters; bind them into the function"
            )
        return activation if isinstance(activation, Activation) else _of_callable(activation)
    if not isinstance(activation, str):
        raise ActivationError(
            f"activation={shown(activation)}: pass a name such as 'relu', or a function of a NumPy "
            "array"
        )
    name, values, named = _read(activation)
    name = re.sub(r"[-_\s]", "", name.lower())
    if name in _REFUSED:
        raise ActivationError(f"activation {activation!r}: {_REFUSED[name]}")
    name = _SPELLED.get(name, name)
    name, implied = _ALIASES.get(name, (name, {}))
    if name not in BUILDERS:
        raise ActivationError(unknown("activation", activation, (*NAMES, *_ALIASES)))
    builder = BUILDERS[name]
    allowed = inspect.signature(builder).parameters
    parameters = _joined(activation, allowed, values, named, parameters)
    for key in parameters:
        if key not in allowed:
            raise ActivationError(
                f"{name} takes no parameter {key!r}; its parameters: {_or_none(allowed)}"
            )
    given = implied | parameters
    if "approximate" in given:  # a truth value in Keras and JAX
        given["approximate"] = _APPROXIMATE.get(str(given["approximate"]), given["approximate"])
    built = builder(**given)
    every = {key: given.get(key, parameter.default) for key, parameter in allowed.items()}
    changed = {key: value for key, value in every.items() if value != allowed[key].default}
    full_name = f"{name}({_listed(changed)})" if changed else name
    return replace(built, name=full_name, family=name, parameters=every)


def _read(text: str) -> tuple[str, list[Any], list[tuple[str, Any]]]:
    """Return the name in a text such as "nn.LeakyReLU(0.2)", its values, and its named values."""
    match = re.fullmatch(r"\s*(?:\w+\.)*([\w\s-]+?)\s*(?:\(([^()]*)\))?\s*", text)
    words = [word.partition("=") for word in (match[2] or "").split(",")] if match else []
    words = [word for word in words if "".join(word).strip()]
    if match is None or any(sign and not key.strip() for key, sign, _ in words):
        raise ActivationError(
            f"activation {shown(text)}: write a name, with parameters in brackets where it has "
            "some, such as relu or 'leaky_relu(negative_slope=0.2)'"
        )
    values = [_number(word) for word, sign, _ in words if not sign]
    return match[1], values, [(key.strip(), _number(value)) for key, sign, value in words if sign]


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text.strip().strip("'\"")


def _joined(
    activation: str,
    allowed: Iterable[str],
    values: list[Any],
    named: list[tuple[str, Any]],
    parameters: dict[str, Any],
) -> dict[str, Any]:
    """Return the parameters that are in the text and beside it, each of them once."""
    if len(values) > len(list(allowed)):
        raise ActivationError(
            f"activation {activation!r}: too many parameters; its own: {_or_none(allowed)}"
        )
    joined: dict[str, Any] = {}
    for key, value in (*zip(allowed, values, strict=False), *named, *parameters.items()):
        if key in joined:
            raise ActivationError(f"activation {activation!r}: {key} is given twice; leave one out")
        joined[key] = value
    return joined


def _or_none(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _listed(parameters: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in parameters.items())


def _of_callable(function: Callable[..., Any]) -> Activation:
    """Return an activation that checks its function, with a derivative by central differences."""
    name = getattr(function, "__name__", type(function).__name__)

    def checked(x: Floats) -> Floats:
        try:
            with np.errstate(all="ignore"):
                values = np.asarray(function(x))
        except Exception as error:
            known = _SPELLED.get(name.lower().replace("_", ""))
            remedy = f"its name, {known!r}, or " if known else ""
            raise ActivationError(
                f"activation {name}: it fails on a NumPy array ({type(error).__name__}: {error}); "
                f"pass {remedy}a function of arrays, such as numpy.tanh for math.tanh"
            ) from error
        if values.shape != x.shape or values.dtype.kind not in "fiub":
            raise ActivationError(
                f"activation {name}: of an array of shape {x.shape} it makes {values.dtype} of "
                f"shape {values.shape}; pass an elementwise function of real numbers"
            )
        return values.astype(x.dtype, copy=False)

    share = _step(checked)

    def derivative(x: Floats) -> Floats:
        wide = x.astype(np.float64)
        step = share * np.maximum(1, np.abs(wide))
        far, near, after, beyond = (checked(wide + k * step) for k in (-2, -1, 1, 2))
        # A jump spoils one of the three differences: the median ignores it.
        with np.errstate(invalid="ignore", over="ignore"):
            left, centre, right = near - far, (after - near) / 2, beyond - after
        median = np.maximum(np.minimum(left, right), np.minimum(np.maximum(left, right), centre))
        slope: Floats = median / step
        return slope.astype(x.dtype, copy=False)

    return Activation(name, checked, derivative, (), _limits(checked))


def _step(function: Function) -> float:
    """Return the step of a numerical derivative, the cube root of the function's own precision.

    A function may compute in less than float64, as JAX' functions do: differences over float64's
    step would then be rounding errors. Such a function changes wherever its input changes by two
    roundings, while a step function with as few digits mostly stays the same.
    """
    x = np.random.default_rng(0).uniform(-3, 3, 256)
    values = function(x)
    alive = function(x + 0.1) != values
    for kind in (np.float16, np.float32):
        eps = float(np.finfo(kind).eps)
        with np.errstate(over="ignore"):
            narrow = values.astype(kind).astype(np.float64)
        if (narrow == values).all():
            moved = function(x + 2 * eps * np.maximum(1, np.abs(x))) != values
            if 4 * np.count_nonzero(moved) > np.count_nonzero(alive):
                return float(np.cbrt(1.5 * eps))
    return 6e-6


def _limits(function: Function) -> tuple[float, ...]:
    """Return the finite limits of a function; the zero side of a rectifier does not count."""
    lowest, low, high, highest = (float(v) for v in function(np.array([-1e4, -5e3, 5e3, 1e4])))
    ends = [
        far if math.isfinite(far) and abs(far - near) <= 1e-3 * abs(far) + 1e-12 else None
        for far, near in ((lowest, low), (highest, high))
    ]
    if None not in ends and ends[0] != ends[1]:
        return tuple(sorted(end for end in ends if end is not None))
    return tuple(end for end in ends if end is not None and abs(end) > 1e-9) if None in ends else ()
