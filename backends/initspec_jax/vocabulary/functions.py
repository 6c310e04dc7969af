"""What a line of jax.nn.initializers means: JAX 0.10, jax/_src/nn/initializers.py."""

# ruff: noqa: ARG001 - the signatures are the framework's own
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from initspec import FanRule, InitSpec, TruncatedNormal
from initspec.backend import (
    IN_OUT,
    MODES,
    OUT_IN,
    Axes,
    AxesError,
    ShapeError,
    SpecError,
    finite,
    unknown,
)
from initspec.translate.authors import (
    IGNORED,
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
from initspec_jax.vocabulary.counting import axis_number, counted

_FLAX = (
    *("nn.initializers", "nnx.initializers", "linen.initializers", "initializers"),
    *("flax.linen.initializers", "flax.nnx.initializers"),
)
"""What flax exports JAX' own under, and functions beside them."""

FLAX = Vocabulary("jax", "flax", "flax.linen.initializers", _FLAX, IN_OUT)
JAX = Vocabulary(
    "jax",
    "JAX",
    "jax.nn.initializers",
    (*_FLAX, "jnn.initializers", "jax_nn.initializers", "jinit"),
    IN_OUT,
    order=3,
)

EXACT_UP_TO = 5.0
"""Parent sigmas up to which JAX' sampler is exact: beyond 5.4, erf of a bound is 1 in float32, and
one draw in 2^23 is that bound itself."""

_CUT = "It is cut at two parent standard deviations, and its variance corrected for that."
_FAMILIES = ("truncated_normal", "normal", "uniform")


@JAX.line("variance_scaling", topic="variance_scaling")
def _variance_scaling(
    at: WeightShape,
    /,
    scale: Any,
    mode: Any,
    distribution: Any,
    in_axis: Any = -2,
    out_axis: Any = -1,
    batch_axis: Any = (),
    dtype: Any = None,
) -> Reading:
    if distribution not in _FAMILIES:
        raise SpecError(unknown("distribution", distribution, _FAMILIES))
    if mode not in MODES:
        raise SpecError(unknown("mode", mode, MODES))
    notes = _dtype(dtype)
    axes, surprises = counted(at, in_axis, out_axis, batch_axis)
    if finite("scale", scale) == 0:
        return Reading(InitSpec.zeros(), axes, notes)
    family: Any = distribution
    if distribution == "truncated_normal":
        family, notes = TruncatedNormal(), (_CUT, *notes)
    spec = InitSpec(family, FanRule(scale), mode=mode)
    return Reading(spec, axes, (*surprises, *notes))


def _named(scale: float, mode: str, distribution: str) -> Callable[..., Reading]:
    def reader(
        at: WeightShape,
        /,
        in_axis: Any = -2,
        out_axis: Any = -1,
        batch_axis: Any = (),
        dtype: Any = None,
    ) -> Reading:
        return _variance_scaling(
            at, scale, mode, distribution, in_axis, out_axis, batch_axis, dtype
        )

    return reader


for _names, _rule in {
    ("glorot_uniform", "xavier_uniform"): (1.0, "fan_avg", "uniform"),
    ("glorot_normal", "xavier_normal"): (1.0, "fan_avg", "truncated_normal"),
    ("lecun_uniform",): (1.0, "fan_in", "uniform"),
    ("lecun_normal",): (1.0, "fan_in", "truncated_normal"),
    ("he_uniform", "kaiming_uniform"): (2.0, "fan_in", "uniform"),
    ("he_normal", "kaiming_normal"): (2.0, "fan_in", "truncated_normal"),
}.items():
    JAX.line(*_names, topic=_names[0])(_named(*_rule))


@JAX.line("normal", topic="normal")
def _normal(at: WeightShape, /, stddev: Any = 1e-2, dtype: Any = None) -> Reading:
    # JAX multiplies, so that a negative stddev is a mirror image of a law that is its own.
    return Reading(normal(abs(finite("stddev", stddev))), IN_OUT, _dtype(dtype))


@JAX.line("uniform", topic="uniform")
def _uniform(at: WeightShape, /, scale: Any = 1e-2, dtype: Any = None) -> Reading:
    ends = sorted((0.0, finite("scale", scale)))
    note = (
        f"It is not centred: it lies between 0 and scale, and its mean is {number(sum(ends) / 2)}."
    )
    return Reading(uniform(*ends), IN_OUT, (note, *_dtype(dtype)) if any(ends) else ())


@JAX.line("truncated_normal", topic="truncated_normal")
def _truncated_normal(
    at: WeightShape,
    /,
    stddev: Any = 1e-2,
    dtype: Any = None,
    lower: Any = -2.0,
    upper: Any = 2.0,
) -> Reading:
    parent = finite("stddev", stddev)
    if parent == 0:
        return Reading(InitSpec.zeros(), IN_OUT)
    ends = finite("lower", lower), finite("upper", upper)
    if parent < 0:
        ends = -ends[1], -ends[0]
    spec = InitSpec.truncated_normal(abs(parent), lower=ends[0], upper=ends[1], corrected=False)
    notes: tuple[str, ...] = (
        "stddev is that of the normal before the cut, and the bounds count in it: the weights' own "
        f"is {number(spec.std())}.",
    )
    if uncut(spec.distribution):
        notes = (f"Nothing is cut that far out: the line is {InitSpec.normal(abs(parent))}.",)
    if max(map(abs, ends)) > EXACT_UP_TO:
        notes += (
            "Where a bound is more than 5.4 standard deviations off, JAX in float32 returns that "
            "bound itself about once in 8 million draws (measured at the lower one): "
            "jax.nn.initializers.normal does not.",
        )
    return Reading(spec, IN_OUT, notes + _dtype(dtype))


@JAX.line("orthogonal", topic="orthogonal")
def orthogonal(
    at: WeightShape, /, scale: Any = 1.0, column_axis: Any = -1, dtype: Any = None
) -> Reading:
    """Return a Haar matrix whose columns are an axis."""
    if at.rank is not None and at.rank < 2:
        raise ShapeError(f"the shape {at.shape} has {at.rank} axes: JAX' orthogonal needs two")
    column = axis_number("column_axis", column_axis)
    if at.rank is not None and not -at.rank <= column < at.rank:
        raise AxesError(f"column_axis={column} on the shape {at.shape}: it has no such axis")
    return Reading(centred("scale", scale, InitSpec.orthogonal), _column(column), _dtype(dtype))


@JAX.line("delta_orthogonal", topic="delta_orthogonal")
def _delta_orthogonal(
    at: WeightShape, /, scale: Any = 1.0, column_axis: Any = -1, dtype: Any = None
) -> Reading:
    if at.rank not in (None, 3, 4, 5):
        raise ShapeError(
            f"the shape {at.shape} has {at.rank} axes: JAX' delta_orthogonal takes 3, 4 or 5"
        )
    # It fills shape[-2:] whatever the column: a Haar matrix turned on its side is one again.
    if axis_number("column_axis", column_axis) not in (-2, -1, 0, 1):
        raise AxesError(f"column_axis={column_axis}: JAX takes it of a matrix; pass -1 or -2")
    return Reading(centred("scale", scale, InitSpec.delta_orthogonal), IN_OUT, _dtype(dtype))


@JAX.line("constant", topic="constant")
def _constant(at: WeightShape, /, value: Any, dtype: Any = None) -> Reading:
    return Reading(InitSpec.constant(value), IN_OUT, _dtype(dtype))


@JAX.line("zeros", topic="zeros")
def _zeros(
    at: WeightShape,
    /,
    key: Any = IGNORED,
    shape: Any = IGNORED,
    dtype: Any = None,
    out_sharding: Any = None,
) -> Reading:
    return Reading(InitSpec.zeros(), IN_OUT)


@JAX.line("ones", topic="ones")
def _ones(
    at: WeightShape,
    /,
    key: Any = IGNORED,
    shape: Any = IGNORED,
    dtype: Any = None,
    out_sharding: Any = None,
) -> Reading:
    return Reading(InitSpec.ones(), IN_OUT)


@FLAX.line("zeros_init", topic="zeros")
def _zeros_init(at: WeightShape, /) -> Reading:
    return Reading(InitSpec.zeros(), IN_OUT)


@FLAX.line("ones_init", topic="ones")
def _ones_init(at: WeightShape, /) -> Reading:
    return Reading(InitSpec.ones(), IN_OUT)


JAX.no_equal(
    "Initializer",
    reason="it is the protocol that the initializers follow, and so does InitSpec.to_jax(); "
    "name an initializer, such as he_normal",
)


def _dtype(dtype: Any) -> tuple[str, ...]:
    name = str(dtype)
    if "complex" in name:
        raise NoEqualError(
            f"dtype={dtype} has no equal: a spec is of real weights; draw the real and the "
            "imaginary part each with half the variance"
        )
    if "float16" in name:
        return (
            f"JAX draws in {name} itself: 128 distinct values in bfloat16, and a mean that "
            "is off. A spec is drawn in float32 and cast last; dtype goes into the call.",
        )
    return () if dtype is None else ("dtype goes into the call of the initializer.",)


def _column(column: int) -> Axes:
    """Return the axes of an orthogonal weight whose column axis is the output."""
    if column == -1:
        return IN_OUT
    if column == 0:
        return OUT_IN
    if column > 0:
        return Axes(" ".join(["in"] * column + ["out", "kernel..."]))
    return Axes(" ".join(["kernel...", "out"] + ["in"] * (-column - 1)))
