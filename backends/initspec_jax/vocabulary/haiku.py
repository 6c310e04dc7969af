"""What a line of haiku.initializers means: Haiku 0.0.16, haiku/_src/initializers.py."""

# ruff: noqa: ARG001 - the signatures are the library's own
from __future__ import annotations

from typing import Any

from initspec import FanRule, InitSpec, TruncatedNormal
from initspec.backend import IN_OUT, Axes, AxesError, SpecError, finite, unknown
from initspec.translate.authors import Reading, Vocabulary, WeightShape, centred, normal, uniform
from initspec_jax.vocabulary.counting import axis_number
from initspec_jax.vocabulary.functions import orthogonal

HAIKU = Vocabulary("jax", "Haiku", "haiku.initializers", ("hk.initializers",), IN_OUT)
_FAMILIES = ("truncated_normal", "normal", "uniform")
_MODES = ("fan_in", "fan_out", "fan_avg")


@HAIKU.line("Constant", topic="constant")
def _constant(at: WeightShape, /, constant: Any) -> Reading:
    return Reading(InitSpec.constant(constant), IN_OUT)


@HAIKU.line("RandomNormal", topic="normal")
def _random_normal(at: WeightShape, /, stddev: Any = 1.0, mean: Any = 0.0) -> Reading:
    return Reading(normal(abs(finite("stddev", stddev)), mean), IN_OUT)


@HAIKU.line("TruncatedNormal", topic="truncated_normal")
def _truncated_normal(
    at: WeightShape,
    /,
    stddev: Any = 1.0,
    mean: Any = 0.0,
    lower: Any = -2.0,
    upper: Any = 2.0,
) -> Reading:
    if finite("stddev", stddev) == 0:
        return Reading(InitSpec.constant(mean), IN_OUT)
    spec = InitSpec.truncated_normal(stddev, mean=mean, lower=lower, upper=upper, corrected=False)
    return Reading(spec, IN_OUT)


@HAIKU.line("RandomUniform", topic="uniform")
def _random_uniform(at: WeightShape, /, minval: Any = 0.0, maxval: Any = 1.0) -> Reading:
    return Reading(uniform(minval, maxval), IN_OUT)


@HAIKU.line("VarianceScaling", topic="variance_scaling")
def _variance_scaling(
    at: WeightShape,
    /,
    scale: Any = 1.0,
    mode: Any = "fan_in",
    distribution: Any = "truncated_normal",
    fan_in_axes: Any = None,
) -> Reading:
    name = distribution.lower() if isinstance(distribution, str) else distribution
    if name not in _FAMILIES:
        raise SpecError(unknown("distribution", distribution, _FAMILIES))
    if mode not in _MODES:
        raise SpecError(unknown("mode", mode, _MODES))
    axes = _fan_axes(at, fan_in_axes)
    if finite("scale", scale) == 0:
        return Reading(InitSpec.zeros(), axes)
    family: Any = TruncatedNormal() if name == "truncated_normal" else name
    return Reading(InitSpec(family, FanRule(scale), mode=mode), axes)


@HAIKU.line("UniformScaling", topic="lecun_uniform")
def _uniform_scaling(at: WeightShape, /, scale: Any = 1.0) -> Reading:
    axes = {0: Axes("[in=1]"), 1: Axes("out")}.get(2 if at.rank is None else at.rank, IN_OUT)
    return Reading(centred("scale", scale, lambda gain: InitSpec.lecun_uniform(gain=gain)), axes)


@HAIKU.line("Orthogonal", topic="orthogonal")
def _orthogonal(at: WeightShape, /, scale: Any = 1.0, axis: Any = -1) -> Reading:
    return orthogonal(at, scale, axis)


@HAIKU.line("Identity", topic="identity")
def _identity(at: WeightShape, /, gain: Any = 1.0) -> Reading:
    rank = 2 if at.rank is None else at.rank
    if rank < 2:
        raise AxesError(f"the shape {at.shape} has {rank} axes: Haiku's Identity needs two")
    axes = IN_OUT if rank == 2 else Axes("stack " * (rank - 2) + "in out")
    return Reading(InitSpec.identity(gain), axes)


HAIKU.no_equal("Initializer", reason="it is the base class; name one, such as VarianceScaling")


def _fan_axes(at: WeightShape, fan_in_axes: Any) -> Axes:
    """Return what Haiku counts; a vector has its length as both fans."""
    if at.rank is not None and at.rank < 2:
        return Axes("kernel" if at.rank else "[in=1]")
    if fan_in_axes is None or at.rank == 2:  # of a matrix it does not read them
        return IN_OUT
    if at.rank is None:
        raise AxesError(f"fan_in_axes={fan_in_axes}: Haiku reads them from 3 axes on; give a shape")
    named = [axis_number("fan_in_axes", index) for index in fan_in_axes]
    if not all(0 <= index < at.rank for index in named) or len(set(named)) < len(named):
        raise AxesError(
            f"fan_in_axes={named} on the shape {at.shape}: name axes from 0 to {at.rank - 1}, each "
            "once; Haiku counts others in both fans"
        )
    return Axes(" ".join("in" if index in named else "out" for index in range(at.rank)))
