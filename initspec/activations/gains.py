"""Gains: the factor on a layer's weights that keeps the variance through its activation."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, TypeVar, cast

from initspec.activations import Activation, activation_of
from initspec.backend import BackendError, HasGain, load, registered
from initspec.errors import (
    ActivationError,
    CallError,
    InitSpecError,
    SpecError,
    shown,
    unknown,
)
from initspec.numerics.quadrature import Estimate, mean_square
from initspec.numerics.validation import finite

F = TypeVar("F", bound=Callable[..., Any])

UNIT_VARIANCE = "unit_variance"

_LITERALS = {
    "sigmoid": 1.8462285453386054,
    "tanh": 1.5925374197228315,
    "relu6": 1.4142135650950736,
    "elu": 1.2451983007007066,
    "selu": 1.0,
    "celu": 1.2451983007007066,
    "gelu": 1.5335304411955353,
    "gelu(approximate=tanh)": 1.533580521666147,
    "silu": 1.676532470331091,
    "mish": 1.486847581273208,
    "softplus": 1.0418668355353018,
    "softsign": 2.3375333631085398,
    "hardtanh": 1.3920361404483097,
    "hardsigmoid": 1.897840424729559,
    "hardswish": 1.7366572127665416,
}
"""Gains at default parameters, from 50-digit quadrature, rounded once: seeded draws depend on their
last bit, which must not depend on a library."""

_DIGITS = 12
"""Significant digits of a gain by quadrature, few enough that all machines agree."""

PARTS = 64
"""Panels for each standard deviation: a function is evaluated every 0.0015 or closer."""

_ELU_TAIL = 0.14494541749292386
"""E[(exp(z) - 1)^2; z < 0] = e^2 Phi(-2) - 2 e^(1/2) Phi(-1) + 1/2."""


def _by_name(function: F) -> F:
    """Return `gain` that raises a CallError with the line where parameters come by position."""

    @wraps(function)
    def called(activation: Any, *values: Any, **parameters: Any) -> Any:
        if not values:
            return function(activation, **parameters)
        names = activation_of(activation).parameters
        given = [value for value in values if value is not None]
        words = {**dict(zip(names, given, strict=False)), **parameters}
        line = ", ".join((shown(activation), *(f"{key}={shown(words[key])}" for key in words)))
        raise CallError(
            f"gain({', '.join(map(shown, (activation, *values)))}): {activation} takes "
            f"{', '.join(names) or 'no parameters'}, by name; write gain({line})"
        )

    return cast("F", called)


@_by_name
def gain(
    activation: str | Callable[..., Any] | Activation,
    *,
    convention: str = UNIT_VARIANCE,
    **parameters: Any,
) -> float:
    """Return the gain of an activation: 1 / sqrt(E[f(z)^2]) for z ~ N(0, 1).

    A layer with weights of variance gain^2 / fan_in behind this activation has outputs of variance
    1 where the activation's inputs had it: `InitSpec.lecun_normal(gain=gain("gelu"))`. ReLU's is
    sqrt(2), which the He rule already contains (He et al. 2015, eq. 7 to 10); f = identity gives
    LeCun's rule (LeCun et al. 1998, eq. 16).

    It is a closed form where one exists, a literal at default parameters, else the result of
    quadrature, rounded to 12 digits.

    Quadrature evaluates a function every 0.0015, and more densely where the values change. It may
    miss a feature narrower than 0.002, such as a single spike on a flat function, without notice:
    pass an `Activation` with the place of the feature among its `kinks`.

    Args:
        activation: a name from `initspec.activations.NAMES`, or an elementwise function of a NumPy
            array.
        convention: "unit_variance", or the name of a backend whose framework has a table of its
            own. "torch" is that of `torch.nn.init.calculate_gain`, another quantity: ReLU's entries
            agree, but tanh is 5/3 (here 1.5925) and selu 3/4 (here 1), both from practice
            (pytorch#24991, pytorch#50664: 3/4 keeps the gradient of a deep network steady, and is
            not the paper's 1), and sigmoid is 1.
        parameters: what the named activation takes, such as negative_slope=0.2.

    Returns:
        The gain. Its relative error is below 1e-11 for named activations and smooth functions, and
        below 1e-8 where a function is computed in float32 or jumps often.

    Raises:
        ActivationError: the activation is unknown, not elementwise, not finite or without second
            moment, or its quadrature does not converge.
        SpecError: the framework has no gain for it, or a parameter is out of range.

    >>> gain("leaky_relu", negative_slope=0.2), gain("tanh"), gain("tanh", convention="torch")
    (1.3867504905630728, 1.5925374197228315, 1.6666666666666667)
    >>> gain(lambda x: x**2)   # E[z^4] = 3
    0.57735026919
    """
    if convention != UNIT_VARIANCE:
        return _of_framework(convention, activation, parameters)
    f = activation_of(activation, **parameters)
    closed = _closed(f)
    if closed is not None:
        return closed
    value, _ = second_moment(f)
    return float(f"{1 / math.sqrt(value):.{_DIGITS}g}")


def second_moment(activation: str | Callable[..., Any] | Activation) -> Estimate:
    """Return E[f(z)^2] for z ~ N(0, 1) by quadrature, with its error estimate, below 1e-8 of it.

    Raises:
        ActivationError: see `gain`.
    """
    f = activation_of(activation)
    try:
        value, error = mean_square(f.function, f.kinks, parts=PARTS)
    except ActivationError as reason:
        raise ActivationError(f"activation {f}: {reason}") from None
    if value == 0:
        raise ActivationError(
            f"activation {f}: its second moment is 0 in float64, so that no gain keeps a variance; "
            "pass a function that is not 0 almost everywhere, or rescale it"
        )
    if error > 1e-8 * value:
        raise ActivationError(
            f"activation {f}: the quadrature's error estimate {error / value:.1e} is above 1e-8; "
            "pass a function with fewer jumps"
        )
    if value == math.inf:
        raise ActivationError(
            f"activation {f}: its second moment is beyond float64; rescale the function"
        )
    return Estimate(value, error)


def _closed(f: Activation) -> float | None:
    """Return the gain where no quadrature is needed: arithmetic that every machine rounds alike."""
    if f.family and f.name in _LITERALS:  # a callable may have any name
        return _LITERALS[f.name]
    match f.family:
        case "linear":
            return 1.0
        case "relu":
            return math.sqrt(2.0)
        case "leaky_relu" | "prelu":
            slope = float(f.parameters["negative_slope"])
            # Divided by its size first: the square of a large slope is beyond float64.
            size = max(1.0, abs(slope))
            return math.sqrt(2.0 / ((1.0 / size) ** 2 + (slope / size) ** 2)) / size
        case "elu":
            alpha = float(f.parameters["alpha"])
            size = max(1.0, alpha)
            unit = 0.5 * (1.0 / size) ** 2 + (alpha / size) ** 2 * _ELU_TAIL
            return 1.0 / math.sqrt(unit) / size
    return None


def _of_framework(convention: str, activation: Any, parameters: dict[str, Any]) -> float:
    backend = load(convention) if convention in registered() else None
    if not isinstance(backend, HasGain):
        raise SpecError(unknown("convention", convention, (UNIT_VARIANCE, *_conventions())))
    if not isinstance(activation, str):
        raise SpecError(
            f"convention={convention!r} with {activation!r}: a framework's table holds names; "
            "leave the convention out"
        )
    if "(" in activation:
        f = activation_of(activation, **parameters)
        activation, parameters = f.family, dict(f.parameters)
    try:
        value = backend.gain(activation, **parameters)
        return finite(f"the gain of {activation!r} by {convention!r}", value)
    except InitSpecError:
        raise
    except Exception as error:  # a third party's table must not end in its own words
        raise SpecError(
            f"the gains of the backend {convention!r} failed on {activation!r}: "
            f"{type(error).__name__}: {error}; repair it, or leave the convention out"
        ) from error


def _conventions() -> Iterator[str]:
    for name in registered():
        with contextlib.suppress(BackendError):  # which `initspec backends` shows
            if isinstance(load(name), HasGain):
                yield name
