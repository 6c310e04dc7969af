"""Which specs a built-in initializer of Keras draws exactly, and with which arguments.

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
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import keras
import numpy as np

from initspec import (
    Constant,
    FanRule,
    Identity,
    InitSpec,
    Normal,
    Orthogonal,
    TruncatedNormal,
    Uniform,
)
from initspec.backend import FLOATS, IN_OUT, Axes, Distribution

_OUT_IN_LAST = Axes("kernel... out in")  # of transposed convolutions
_WIDE = frozenset({"float32", "float64"})
_MODES = {"fan_in": "fan_out", "fan_out": "fan_in", "fan_avg": "fan_avg"}
"""The modes of Keras, and what each is where `in` and `out` have changed places."""

_TINY, _HUGE = 1e-30, 1e30
"""What float32 holds with room for any fan below, and for 8 standard deviations above."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a built-in has to draw.

    Attributes:
        spec: the spec.
        axes: the role of each axis, None for Keras' own convention.
        dtypes: the names of the dtypes that it has to be exact in.
        framework: the Keras backend, "tensorflow", "torch" or "jax".
        generator: the SeedGenerator that it is to carry.
    """

    spec: InitSpec
    axes: Axes | None
    dtypes: frozenset[str]
    framework: str
    generator: Any


def builtin(request: Request) -> Any:
    """Return the built-in initializer that draws the spec exactly, None where there is none."""
    make = _BUILTINS.get(type(request.spec.distribution))
    return None if make is None else make(request)


def _normal(request: Request) -> Any:
    if not request.dtypes <= _WIDE:
        return None
    if isinstance(request.spec.variance, FanRule):
        return _variance_scaling(request, "untruncated_normal")
    mean, sigma = _moments(request.spec)
    if not _in_range(mean, sigma):
        return None
    return keras.initializers.RandomNormal(mean, sigma, seed=request.generator)


def _uniform(request: Request) -> Any:
    # keras/src/backend/tensorflow/random.py: tf.cast(minval, "float64") of a Python float goes
    # through float32, so that values can lie outside the ends.
    exact = _WIDE - {"float64"} if request.framework == "tensorflow" else _WIDE
    if not request.dtypes <= exact:
        return None
    spec = request.spec
    if isinstance(spec.variance, FanRule):
        return _variance_scaling(request, "uniform")
    mean, sigma = _moments(spec)
    law = spec.law((1,))
    if not _in_range(mean, sigma):
        return None
    return keras.initializers.RandomUniform(law.low, law.high, seed=request.generator)


def _truncated_normal(request: Request) -> Any:
    family = request.spec.distribution
    assert isinstance(family, TruncatedNormal)
    if (
        (family.lower, family.upper) != (-2.0, 2.0)
        or request.framework == "torch"
        or not request.dtypes <= _WIDE
    ):
        return None
    if isinstance(request.spec.variance, FanRule):
        # Keras' VarianceScaling always corrects for the truncation.
        share = 1.0 if family.corrected else family.variate.std
        return _variance_scaling(request, "truncated_normal", share)
    mean, sigma = _moments(request.spec)
    if not _in_range(mean, sigma):
        return None
    stddev = sigma / family.spread
    return keras.initializers.TruncatedNormal(mean, stddev, seed=request.generator)


def _orthogonal(request: Request) -> Any:
    spec, axes = request.spec, request.axes
    if not (request.dtypes <= _WIDE and _in_range(0.0, spec.gain)):
        return None
    if axes is not None and not _flattens_to_matrix(axes):
        return None
    return keras.initializers.Orthogonal(spec.gain, seed=request.generator)


def _identity(request: Request) -> Any:
    spec, axes = request.spec, request.axes
    if not _representable(spec.gain, request.dtypes):
        return None
    if axes is not None and str(axes) not in ("in out", "out in"):
        return None
    return keras.initializers.Identity(spec.gain)


def _constant(request: Request) -> Any:
    family = request.spec.distribution
    assert isinstance(family, Constant)
    if family.value in (0.0, 1.0):
        return keras.initializers.Ones() if family.value else keras.initializers.Zeros()
    # keras.ops.cast rounds a Python float to float32 on TensorFlow, whatever the dtype.
    if request.dtypes != {"float32"} and float(np.float32(family.value)) != family.value:
        return None
    if not _representable(family.value, request.dtypes):
        return None
    return keras.initializers.Constant(family.value)


_BUILTINS: dict[type[Distribution], Callable[[Request], Any]] = {
    Normal: _normal,
    Uniform: _uniform,
    TruncatedNormal: _truncated_normal,
    Orthogonal: _orthogonal,
    Identity: _identity,
    Constant: _constant,
}


def _variance_scaling(request: Request, distribution: str, share: float = 1.0) -> Any:
    """Return a VarianceScaling, None where Keras cannot count the fans; sigma is cut to `share`."""
    spec = request.spec
    assert isinstance(spec.variance, FanRule)
    counted = _fan_axes(request.axes)
    if counted is None or spec.mode not in _MODES or not _in_range(0.0, spec.gain):
        return None
    swapped, input_axes, output_axes = counted
    scale = float(Fraction(spec.gain) ** 2 * Fraction(spec.variance.scale)) * share**2
    if not _in_range(0.0, math.sqrt(scale)):
        return None
    return keras.initializers.VarianceScaling(
        scale,
        _MODES[spec.mode] if swapped else spec.mode,
        distribution,
        seed=request.generator,
        input_axes=input_axes,
        output_axes=output_axes,
    )


def _fan_axes(axes: Axes | None) -> tuple[bool, list[int] | None, list[int] | None] | None:
    """Return how Keras takes the fans: modes swapped, input axes, output axes; None if not."""
    if axes is None or axes == IN_OUT:
        return False, None, None
    if axes == _OUT_IN_LAST:
        return True, None, None
    if any(item.kind != "axis" for item in axes.items):
        return None
    roles = [item.factors[0][0] for item in axes.items]
    return (
        False,
        [i for i, role in enumerate(roles) if role in ("in", "kernel")],
        [i for i, role in enumerate(roles) if role in ("out", "kernel")],
    )


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


def _representable(value: float, dtypes: frozenset[str]) -> bool:
    return all(abs(value) <= FLOATS[name].largest for name in dtypes)
