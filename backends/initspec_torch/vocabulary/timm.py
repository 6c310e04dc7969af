"""What the initializers of timm mean: timm 1.0, timm/layers/weight_init.py."""

# ruff: noqa: ARG001 - the signatures are the library's own
from __future__ import annotations

from typing import Any

from initspec import InitSpec
from initspec.backend import OUT_IN, SpecError, finite, unknown
from initspec.translate.authors import Reading, Vocabulary, WeightShape, number
from initspec_torch.vocabulary.functions import fan_rule, trunc_normal

TIMM = Vocabulary(
    "torch",
    "timm",
    "timm.layers",
    ("timm.models.layers", "timm.layers.weight_init", "timm.models.layers.weight_init"),
    OUT_IN,
)
_FAMILIES = ("normal", "truncated_normal", "uniform")
_MODES = ("fan_in", "fan_out", "fan_avg")


@TIMM.line("trunc_normal_", topic="truncated_normal")
def _trunc_normal(
    at: WeightShape,
    /,
    tensor: Any,
    mean: Any = 0.0,
    std: Any = 1.0,
    a: Any = -2.0,
    b: Any = 2.0,
) -> Reading:
    return trunc_normal(at, tensor, mean, std, a, b)


@TIMM.line("trunc_normal_tf_", topic="truncated_normal")
def _trunc_normal_tf(
    at: WeightShape,
    /,
    tensor: Any,
    mean: Any = 0.0,
    std: Any = 1.0,
    a: Any = -2.0,
    b: Any = 2.0,
) -> Reading:
    if finite("std", std) == 0:
        return Reading(InitSpec.constant(mean), OUT_IN)
    spec = InitSpec.truncated_normal(std, mean=mean, lower=a, upper=b, corrected=False)
    note = (
        "The bounds a and b count in std, those of trunc_normal_ in units of the weight. std is "
        f"that of the normal before the cut: the weights' own is {number(spec.std())}."
    )
    return Reading(spec, OUT_IN, (note,))


@TIMM.line("variance_scaling_", topic="variance_scaling")
def _variance_scaling(
    at: WeightShape,
    /,
    tensor: Any,
    scale: Any = 1.0,
    mode: Any = "fan_in",
    distribution: Any = "normal",
) -> Reading:
    if distribution not in _FAMILIES:
        raise SpecError(unknown("distribution", distribution, _FAMILIES))
    if mode not in _MODES:
        raise SpecError(unknown("mode", mode, _MODES))
    return fan_rule(at, distribution, scale, 1.0, mode)


@TIMM.line("lecun_normal_", topic="lecun_normal")
def _lecun_normal(at: WeightShape, /, tensor: Any) -> Reading:
    return fan_rule(at, "truncated_normal", 1.0, 1.0, "fan_in")
