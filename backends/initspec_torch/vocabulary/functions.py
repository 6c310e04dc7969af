"""What a line of torch.nn.init means: PyTorch 2.13, torch/nn/init.py."""

# ruff: noqa: ARG001 - the signatures are the framework's own
from __future__ import annotations

import math
from typing import Any

from initspec import FanRule, InitSpec, TruncatedNormal
from initspec.backend import OUT_IN, Axes, ShapeError, SpecError, finite, unknown
from initspec.translate.authors import (
    NoEqualError,
    Reading,
    Vocabulary,
    WeightShape,
    centred,
    normal,
    number,
    uncut,
    uniform,
)
from initspec_torch.vocabulary.gains import calculate_gain

TORCH = Vocabulary(
    "torch",
    "torch",
    "torch.nn.init",
    ("nn.init", "init", "init_", "torch.init", "torch_init", "nninit"),
    OUT_IN,
    weight="w",
    layouts={"transposed": Axes("in out kernel...")},
    numbers={"calculate_gain": calculate_gain},
    order=1,
)

_INFINITE = 16.0
"""Parent sigmas; beyond lies a mass of 1e-57, so that 16 is as good as infinity."""


@TORCH.line("uniform_", "uniform", topic="uniform")
def _uniform(
    at: WeightShape, /, tensor: Any, a: Any = 0.0, b: Any = 1.0, generator: Any = None
) -> Reading:
    return Reading(uniform(a, b), OUT_IN)


@TORCH.line("normal_", "normal", topic="normal")
def _normal(
    at: WeightShape, /, tensor: Any, mean: Any = 0.0, std: Any = 1.0, generator: Any = None
) -> Reading:
    return Reading(normal(std, mean), OUT_IN)


@TORCH.line("trunc_normal_", topic="truncated_normal")
def trunc_normal(
    at: WeightShape,
    /,
    tensor: Any,
    mean: Any = 0.0,
    std: Any = 1.0,
    a: Any = -2.0,
    b: Any = 2.0,
    generator: Any = None,
) -> Reading:
    """Return a normal cut at absolute bounds."""
    center, parent = finite("mean", mean), finite("std", std)
    if parent <= 0:
        raise SpecError(f"std={std!r}: torch divides by it; pass a number above 0")
    lower, upper = _bound("a", a, center, parent), _bound("b", b, center, parent)
    spec = InitSpec.truncated_normal(parent, mean=center, lower=lower, upper=upper, corrected=False)
    if uncut(spec.distribution):
        ends = f"a={number(center - 2 * parent)}, b={number(center + 2 * parent)}"
        notes: tuple[str, ...] = (
            f"The bounds a and b are absolute, in units of the weight, here {number(lower)} and "
            f"{number(upper)} standard deviations off the mean: nothing is cut, and the line is "
            f"{InitSpec.normal(parent, mean=center)}. For a cut at two, write {ends}.",
        )
    else:
        notes = (
            "The bounds a and b are absolute, in units of the weight: here they are "
            f"{number(lower)} and {number(upper)} parent standard deviations.",
            f"std is that of the normal before the cut: the weights' own is {number(spec.std())}.",
        )
    return Reading(spec, OUT_IN, notes)


def _bound(name: str, value: Any, mean: float, std: float) -> float:
    if isinstance(value, float) and math.isinf(value):
        return math.copysign(_INFINITE, value)
    return (finite(name, value) - mean) / std


@TORCH.line("constant_", "constant", topic="constant")
def _constant(at: WeightShape, /, tensor: Any, val: Any) -> Reading:
    return Reading(InitSpec.constant(val), OUT_IN)


@TORCH.line("ones_", topic="ones")
def _ones(at: WeightShape, /, tensor: Any) -> Reading:
    return Reading(InitSpec.ones(), OUT_IN)


@TORCH.line("zeros_", topic="zeros")
def _zeros(at: WeightShape, /, tensor: Any) -> Reading:
    return Reading(InitSpec.zeros(), OUT_IN)


@TORCH.line("eye_", "eye", topic="identity")
def _eye(at: WeightShape, /, tensor: Any) -> Reading:
    _ranks(at, "eye_", 2)
    return Reading(InitSpec.identity(), OUT_IN)


@TORCH.line("dirac_", "dirac", topic="dirac")
def _dirac(at: WeightShape, /, tensor: Any, groups: Any = 1) -> Reading:
    _ranks(at, "dirac_", 3, 4, 5)
    if isinstance(groups, bool) or not isinstance(groups, int) or groups < 1:
        raise SpecError(f"groups={groups!r}: pass a positive integer")
    if any(size % 2 == 0 for size in (at.shape or ())[2:]):
        raise NoEqualError(
            f"torch.nn.init.dirac_ on the shape {at.shape} has no equal: on an axis of even size "
            "it takes the tap size // 2, and dirac (size - 1) // 2, which passes the input on "
            "under SAME padding"
        )
    notes = (
        "Only on kernels of odd size: on an even one torch takes the tap size // 2, dirac "
        "(size - 1) // 2, the one that passes the input on under SAME padding.",
    )
    axes = OUT_IN if groups == 1 else Axes(f"(stack={groups} out) in kernel...")
    return Reading(InitSpec.dirac(), axes, () if at.shape else notes)


@TORCH.line("xavier_uniform_", "xavier_uniform", topic="glorot_uniform")
def _xavier_uniform(
    at: WeightShape, /, tensor: Any, gain: Any = 1.0, generator: Any = None
) -> Reading:
    return fan_rule(at, "uniform", 1.0, gain, "fan_avg")


@TORCH.line("xavier_normal_", "xavier_normal", topic="glorot_normal")
def _xavier_normal(
    at: WeightShape, /, tensor: Any, gain: Any = 1.0, generator: Any = None
) -> Reading:
    return fan_rule(at, "normal", 1.0, gain, "fan_avg")


@TORCH.line("kaiming_uniform_", "kaiming_uniform", topic="he_uniform")
def _kaiming_uniform(
    at: WeightShape,
    /,
    tensor: Any,
    a: Any = 0,
    mode: Any = "fan_in",
    nonlinearity: Any = "leaky_relu",
    generator: Any = None,
) -> Reading:
    return _kaiming(at, "uniform", a, mode, nonlinearity)


@TORCH.line("kaiming_normal_", "kaiming_normal", topic="he_normal")
def _kaiming_normal(
    at: WeightShape,
    /,
    tensor: Any,
    a: Any = 0,
    mode: Any = "fan_in",
    nonlinearity: Any = "leaky_relu",
    generator: Any = None,
) -> Reading:
    return _kaiming(at, "normal", a, mode, nonlinearity)


def _kaiming(at: WeightShape, family: str, a: Any, mode: Any, nonlinearity: Any) -> Reading:
    fan = mode.lower() if isinstance(mode, str) else mode
    if fan not in ("fan_in", "fan_out"):
        raise SpecError(unknown("mode", mode, ("fan_in", "fan_out")))
    slope = finite("a", a)
    if nonlinearity != "leaky_relu":
        gain = calculate_gain(nonlinearity)
        # sqrt(2) is no float64: as a scale, ReLU's factor is the paper's exact 2.
        reading = fan_rule(at, family, 2.0, 1.0, fan)
        if nonlinearity != "relu":
            reading = fan_rule(at, family, 1.0, gain, fan)
        unread = f"a={a!r} has no effect: only nonlinearity='leaky_relu' reads it."
        notes: tuple[str, ...] = (unread,) if slope else ()
        if nonlinearity == "selu":
            notes += (
                "The gain 3 / 4 was found by trial; SELU's own theory asks for lecun_normal.",
            )
        return Reading(reading.spec, reading.axes, notes)
    make = InitSpec.he_uniform if family == "uniform" else InitSpec.he_normal
    spec = make(mode=fan, negative_slope=slope)
    notes = ()
    if slope:
        notes = (f"a is the negative slope of a leaky ReLU: the scale is 2 / (1 + {number(a)}^2).",)
    if family == "uniform" and fan == "fan_in" and math.isclose(slope**2, 5.0):
        notes = (
            "a=sqrt(5) is the default of torch.nn.Linear and Conv: the bound is 1 / sqrt(fan_in) "
            "and the variance 1 / (3 fan_in), a sixth of he_uniform.",
        )
    return Reading(spec, _two_axes(at), notes)


@TORCH.line("orthogonal_", "orthogonal", topic="orthogonal")
def _orthogonal(at: WeightShape, /, tensor: Any, gain: Any = 1, generator: Any = None) -> Reading:
    return Reading(centred("gain", gain, InitSpec.orthogonal), _two_axes(at))


@TORCH.line("sparse_", "sparse", topic="sparse")
def _sparse(
    at: WeightShape, /, tensor: Any, sparsity: Any, std: Any = 0.01, generator: Any = None
) -> Reading:
    _ranks(at, "sparse_", 2)
    if sparsity == 1:
        return Reading(InitSpec.zeros(), OUT_IN, ("sparsity=1 leaves no connection: all is 0.",))
    spec = InitSpec.sparse(sparsity, std, along="out")
    notes = [
        "Each column of the [out, in] weight keeps the same number of connections, so it is the "
        "outputs of an input that are thinned: in Martens (2010) it is each unit's inputs, "
        "sparse(along=in)."
    ]
    if generator is not None:
        notes.append("torch draws the zeros from the global generator, not from `generator`.")
    if at.shape is not None:
        spec = _as_many_zeros(spec, sparsity, std, at.shape[0], notes)
    else:
        notes.append(
            "The zeros, ceil(sparsity * n), are counted in floating point: 0.07 of 100 is 8 there "
            "and 7 here; with a shape the translation keeps torch's count."
        )
    return Reading(spec, OUT_IN, tuple(notes))


def _as_many_zeros(
    spec: InitSpec, sparsity: float, std: Any, rows: int, notes: list[str]
) -> InitSpec:
    zeros = math.ceil(sparsity * rows)
    exact = spec.resolve((rows, 1))
    drawn, _ = exact.distribution.zeros(exact.layout)  # type: ignore[attr-defined]
    if drawn == zeros:
        return spec
    notes.append(
        f"In floating point ceil({sparsity!r} * {rows}) is {zeros}, not {drawn}: a spec with "
        f"{zeros} zeros stands for it."
    )
    if zeros >= rows:
        return InitSpec.zeros()
    return InitSpec.sparse((zeros - 0.5) / rows, std, along="out")


TORCH.no_equal(
    "calculate_gain",
    reason="it returns a number, no weights; pass that number as gain, or name the nonlinearity, "
    "as in kaiming_normal_(nonlinearity='tanh')",
)


def fan_rule(at: WeightShape, family: str, scale: float, gain: Any, mode: str) -> Reading:
    """Return what a rule on torch's fans means; a truncated normal is cut at two, and corrected."""
    axes = _two_axes(at)
    if finite("gain", gain) == 0:
        return Reading(InitSpec.zeros(), axes)
    # A negative gain raises, here and in torch.
    law: Any = TruncatedNormal() if family == "truncated_normal" else family
    return Reading(InitSpec(law, FanRule(scale), gain, mode), axes)


def _two_axes(at: WeightShape) -> Axes:
    if at.rank is not None and at.rank < 2:
        raise ShapeError(
            f"the shape {at.shape} has {at.rank} axes: torch raises here, because its fans and "
            "matrices need two; pass the shape of a weight, such as (512, 256)"
        )
    return OUT_IN


def _ranks(at: WeightShape, name: str, *ranks: int) -> None:
    if at.rank is not None and at.rank not in ranks:
        allowed = ", ".join(map(str, ranks))
        raise ShapeError(
            f"the shape {at.shape} has {at.rank} axes: {name} takes {allowed}; torch raises here"
        )
