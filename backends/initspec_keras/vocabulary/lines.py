"""The line of keras.initializers that draws a spec."""

from __future__ import annotations

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
from initspec.translate.authors import (
    SWAPPED,
    LineRequest,
    Lines,
    Written,
    built_in,
    call,
    gain_argument,
    is_square,
    none,
    scale_of,
    uncut,
)
from initspec_keras.vocabulary.functions import REPEATED_DRAWS

_NAMED = {
    (1.0, "fan_avg", "uniform"): "GlorotUniform",
    (1.0, "fan_avg", "truncated_normal"): "GlorotNormal",
    (1.0, "fan_in", "uniform"): "LecunUniform",
    (1.0, "fan_in", "truncated_normal"): "LecunNormal",
    (2.0, "fan_in", "uniform"): "HeUniform",
    (2.0, "fan_in", "truncated_normal"): "HeNormal",
}
_OUTSIDE = "On the PyTorch backend of Keras a few values in a million lie outside the bounds."
_NO_POWER = "Keras divides the variance by the fan, to no other power"
_TWO_SIGMAS = "Keras cuts at two parent standard deviations only"
_OTHER_AXES = "Keras has no argument for these axes"


def _constant(request: LineRequest) -> Written:
    value = request.family.value
    if value in (0.0, 1.0):
        return built_in(f"keras.initializers.{'Ones' if value else 'Zeros'}()")
    return built_in(call("keras.initializers.Constant", value))


def _elementwise(request: LineRequest) -> Written:
    spec, family = request.spec, request.family
    cut = isinstance(family, TruncatedNormal) and not uncut(family)
    if cut and (family.lower, family.upper) != (-2, 2):
        return none(_TWO_SIGMAS)
    return _fan_rule(spec, request.roles) if isinstance(spec.variance, FanRule) else _fixed(spec)


def _orthogonal(request: LineRequest) -> Written:
    if request.roles is None or not _is_matrix(request.roles):
        return none(_OTHER_AXES)
    return built_in(
        call("keras.initializers.Orthogonal", *gain_argument(request.spec)), REPEATED_DRAWS
    )


def _identity(request: LineRequest) -> Written:
    if request.family.noise:
        return none("Keras adds no noise to an identity")
    if not is_square(request.roles):
        return none(_OTHER_AXES)
    return built_in(call("keras.initializers.Identity", *gain_argument(request.spec)))


def _delta_orthogonal(_request: LineRequest) -> Written:
    return none("Keras has no orthogonal kernel of one tap")


def _dirac(_request: LineRequest) -> Written:
    return none("Keras has no identity of a convolution: its Identity takes 2 axes")


def _fixed(spec: InitSpec) -> Written:
    family, resolved = spec.distribution, spec.resolve((1,))
    if isinstance(family, Uniform):
        law = resolved.law
        return built_in(call("keras.initializers.RandomUniform", law.low, law.high), REPEATED_DRAWS)
    cut = isinstance(family, TruncatedNormal) and not uncut(family)
    name = "TruncatedNormal" if cut else "RandomNormal"
    code = call(f"keras.initializers.{name}", mean=resolved.mean or None, stddev=resolved.scale)
    return built_in(code, *((_OUTSIDE,) if cut else ()), REPEATED_DRAWS)


def _fan_rule(spec: InitSpec, roles: tuple[str, ...] | None) -> Written:
    if not (isinstance(spec.variance, FanRule) and spec.variance.is_usual):
        return none(_NO_POWER)
    family, scale, mode = spec.distribution, scale_of(spec), str(spec.mode)
    if mode == "fan_geo_avg":
        return none("Keras has no geometric mean of the fans")
    name = {"normal": "untruncated_normal"}.get(family.name(), family.name())
    notes: tuple[str, ...] = (REPEATED_DRAWS,)
    if isinstance(family, TruncatedNormal) and not uncut(family):
        # Keras' VarianceScaling always corrects for the cut.
        scale *= 1.0 if family.corrected else family.variate.std**2
        notes = (_OUTSIDE, REPEATED_DRAWS)
    elif isinstance(family, TruncatedNormal):
        name = "untruncated_normal"
    input_axes = output_axes = None
    if roles is None:
        return none(_OTHER_AXES)
    if _open(roles) == ("kernel...", "out", "in"):
        mode = SWAPPED[mode]
    elif _open(roles) != ("kernel...", "in", "out"):
        if "kernel..." in roles:
            return none(f"{_OTHER_AXES} for every rank; give the shape")
        input_axes = [i for i, role in enumerate(roles) if role in ("in", "kernel")]
        output_axes = [i for i, role in enumerate(roles) if role in ("out", "kernel")]
    counted = {"input_axes": input_axes, "output_axes": output_axes}
    usual = _NAMED.get((scale, mode, name))
    if usual:
        return built_in(call(f"keras.initializers.{usual}", **counted), *notes)
    code = call(
        "keras.initializers.VarianceScaling", scale=scale, mode=mode, distribution=name, **counted
    )
    return built_in(code, *notes)


def _open(roles: tuple[str, ...]) -> tuple[str, ...]:
    """Return roles with all kernel axes in front as one open item."""
    *kernel, first, last = roles if len(roles) > 1 else ("", "", "")
    if set(kernel) <= {"kernel", "kernel..."}:
        return ("kernel...", first, last)
    return roles


def _is_matrix(roles: tuple[str, ...]) -> bool:
    """Return whether all axes but the last are one side of the matrix out x (in * kernel)."""
    others = {role.removesuffix("...") for role in roles[:-1]}
    if roles[-1:] == ("out",):
        return bool(others) and others <= {"in", "kernel"}
    return roles[-1:] == ("in",) and others == {"out"}


LINES: Lines = {
    Constant: _constant,
    Normal: _elementwise,
    Uniform: _elementwise,
    TruncatedNormal: _elementwise,
    Orthogonal: _orthogonal,
    DeltaOrthogonal: _delta_orthogonal,
    Identity: _identity,
    Dirac: _dirac,
}
"""What writes the line of each family."""
