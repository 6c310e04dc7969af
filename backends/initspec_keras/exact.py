"""Which specs a built-in initializer of Keras draws exactly, with which arguments and dtypes.

Measured on Keras 3.15 at 2^20 draws, on TensorFlow 2.21, PyTorch 2.13 and JAX 0.10:

====================  ==============================  =========================================
law                   exact                           not exact
====================  ==============================  =========================================
normal                float32, float64                half on JAX: 128 values in bfloat16
uniform               float32; float64 but on TF      float64 on TF: ends rounded to float32;
                                                      bfloat16: mean off by 6 to 15 std. errors
truncated at -2, 2    float32, float64, TF and JAX    torch: 3 to 8 in a million outside; half
orthogonal            float32, float64                half: QR raises, or works in half itself
identity              all
constant              float32; others if the value    float64 on TF: rounded to float32
                      is a float32
====================  ==============================  =========================================

In half precision nothing but identities and constants is taken from Keras.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import keras
import numpy as np

from initspec import (
    Constant,
    DeltaOrthogonal,
    Dirac,
    FanRule,
    Identity,
    InitSpec,
    Normal,
    Orthogonal,
    TruncatedNormal,
    Uniform,
)
from initspec.backend import FLOATS, IN_OUT, Axes, Distribution

Call = tuple[str, dict[str, Any]]
"""The name of a built-in of keras.initializers, and its arguments without the seed."""

_OUT_IN_LAST = Axes("kernel... out in")  # of transposed convolutions
_WIDE = frozenset({"float32", "float64"})
_MODES = {"fan_in": "fan_out", "fan_out": "fan_in", "fan_avg": "fan_avg"}
"""The modes of Keras, and what each is where `in` and `out` have changed places."""

_TINY, _HUGE = 1e-30, 1e30
"""What float32 holds with room for any fan below, and for 8 standard deviations above."""


def call(spec: InitSpec, axes: Axes | None) -> Call | None:
    """Return the call of keras.initializers that says the spec, None where there is none.

    Args:
        spec: the spec.
        axes: the role of each axis, None for Keras' own convention.
    """
    write = _CALLS.get(type(spec.distribution))
    return None if write is None else write(spec, axes)


def attributes(spec: InitSpec) -> dict[str, Any]:
    """Return the attributes that a built-in of Keras would have, such as scale, mode and stddev."""
    if isinstance(spec.distribution, DeltaOrthogonal | Dirac):
        return {"gain": spec.gain}
    name, arguments = call(spec, None) or ("", {})
    return {"value": float(name == "Ones")} if name in ("Ones", "Zeros") else arguments


def exact_dtypes(name: str, arguments: dict[str, Any]) -> frozenset[str]:
    """Return the dtypes in which a built-in draws exactly, on the active Keras backend.

    Args:
        name: the name of its class in keras.initializers.
        arguments: its arguments; its attributes have the same names.
    """
    framework = keras.config.backend()
    match name, arguments.get("distribution"):
        case (("Zeros" | "Ones"), _):
            return frozenset(FLOATS)
        case "Identity", _:
            return _representable(arguments["gain"])
        case "Constant", _:
            value = arguments["value"]
            # keras.ops.cast rounds a Python float to float32 on TensorFlow, whatever the dtype.
            with np.errstate(over="ignore"):
                single = float(np.float32(value)) == value
            return _representable(value) & (frozenset(FLOATS) if single else {"float32"})
        case ("TruncatedNormal", _) | (_, "truncated_normal"):
            return frozenset() if framework == "torch" else _WIDE
        case ("RandomUniform", _) | (_, "uniform"):
            # keras/src/backend/tensorflow/random.py: tf.cast(minval, "float64") of a Python float
            # goes through float32, so that values can lie outside the ends.
            return _WIDE - {"float64"} if framework == "tensorflow" else _WIDE
    return _WIDE


def _normal(spec: InitSpec, axes: Axes | None) -> Call | None:
    if isinstance(spec.variance, FanRule):
        return _variance_scaling(spec, axes, "untruncated_normal")
    mean, sigma = _moments(spec)
    return ("RandomNormal", {"mean": mean, "stddev": sigma}) if _in_range(mean, sigma) else None


def _uniform(spec: InitSpec, axes: Axes | None) -> Call | None:
    if isinstance(spec.variance, FanRule):
        return _variance_scaling(spec, axes, "uniform")
    if not _in_range(*_moments(spec)):
        return None
    law = spec.law((1,))
    return "RandomUniform", {"minval": law.low, "maxval": law.high}


def _truncated_normal(spec: InitSpec, axes: Axes | None) -> Call | None:
    family = spec.distribution
    assert isinstance(family, TruncatedNormal)
    if (family.lower, family.upper) != (-2.0, 2.0):
        return None
    if isinstance(spec.variance, FanRule):
        # Keras' VarianceScaling always corrects for the truncation.
        share = 1.0 if family.corrected else family.variate.std
        return _variance_scaling(spec, axes, "truncated_normal", share)
    mean, sigma = _moments(spec)
    if not _in_range(mean, sigma):
        return None
    return "TruncatedNormal", {"mean": mean, "stddev": sigma / family.spread}


def _orthogonal(spec: InitSpec, axes: Axes | None) -> Call | None:
    if not _in_range(0.0, spec.gain) or (axes is not None and not _flattens_to_matrix(axes)):
        return None
    return "Orthogonal", {"gain": spec.gain}


def _identity(spec: InitSpec, axes: Axes | None) -> Call | None:
    if spec.distribution.random:  # noise, which Keras does not add
        return None
    if axes is not None and str(axes) not in ("in out", "out in"):
        return None
    return "Identity", {"gain": spec.gain}


def _constant(spec: InitSpec, _axes: Axes | None) -> Call | None:
    family = spec.distribution
    assert isinstance(family, Constant)
    if family.value in (0.0, 1.0):
        return ("Ones" if family.value else "Zeros"), {}
    return "Constant", {"value": family.value}


_CALLS: dict[type[Distribution], Callable[[InitSpec, Axes | None], Call | None]] = {
    Normal: _normal,
    Uniform: _uniform,
    TruncatedNormal: _truncated_normal,
    Orthogonal: _orthogonal,
    Identity: _identity,
    Constant: _constant,
}


def _variance_scaling(
    spec: InitSpec, axes: Axes | None, distribution: str, share: float = 1.0
) -> Call | None:
    """Return a VarianceScaling, None where Keras cannot count the fans; sigma is cut to `share`."""
    assert isinstance(spec.variance, FanRule)
    counted = _fan_axes(axes) if spec.variance.is_usual else None
    if counted is None or spec.mode not in _MODES or not _in_range(0.0, spec.gain):
        return None
    swapped, by_axes = counted
    scale = float(Fraction(spec.gain) ** 2 * Fraction(spec.variance.scale)) * share**2
    if not _in_range(0.0, math.sqrt(scale)):
        return None
    mode = _MODES[spec.mode] if swapped else str(spec.mode)
    law = {"scale": scale, "mode": mode, "distribution": distribution}
    return "VarianceScaling", law | by_axes


def _fan_axes(axes: Axes | None) -> tuple[bool, dict[str, list[int]]] | None:
    """Return how Keras takes the fans: modes swapped, input and output axes; None if not."""
    if axes is None or axes == IN_OUT:
        return False, {}
    if axes == _OUT_IN_LAST:
        return True, {}
    if any(item.kind != "axis" for item in axes.items):
        return None
    roles = [item.factors[0][0] for item in axes.items]
    return False, {
        "input_axes": [i for i, role in enumerate(roles) if role in ("in", "kernel")],
        "output_axes": [i for i, role in enumerate(roles) if role in ("out", "kernel")],
    }


def _flattens_to_matrix(axes: Axes) -> bool:
    """Return whether all axes but the last are one side of the matrix out x (in * kernel).

    Keras flattens a weight to (all axes but the last, the last one). A Haar matrix is as uniform
    after its rows change places, so that their order is free.
    """
    if any(item.kind not in ("axis", "ellipsis") for item in axes.items):
        return False
    *others, last = axes.items
    roles = {item.factors[0][0] for item in others}
    match last.factors[0][0]:
        case "out":
            return bool(roles) and roles <= {"in", "kernel"}
        case "in":
            return roles == {"out"}
        case _:
            return False


def _moments(spec: InitSpec) -> tuple[float, float]:
    assert spec.variance is not None
    return spec.variance.center(), spec.variance.sigma(spec.gain, Fraction(1))


def _in_range(mean: float, sigma: float) -> bool:
    return abs(mean) < _HUGE and _TINY < sigma < _HUGE


def _representable(value: float) -> frozenset[str]:
    return frozenset(
        name
        for name, kind in FLOATS.items()
        if not value or kind.smallest <= abs(value) <= kind.largest
    )
