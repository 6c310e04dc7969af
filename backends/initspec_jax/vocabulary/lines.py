"""The line of jax.nn.initializers that draws a spec: an initializer, init(key, shape, dtype)."""

from __future__ import annotations

from typing import Any

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
    LineRequest,
    Lines,
    Written,
    built_in,
    by_hand,
    call,
    gain_argument,
    is_square,
    none,
    scale_of,
    uncut,
)
from initspec_jax.vocabulary.functions import EXACT_UP_TO

_NAMED = {
    (1.0, "fan_avg", "uniform"): "glorot_uniform",
    (1.0, "fan_avg", "truncated_normal"): "glorot_normal",
    (1.0, "fan_in", "uniform"): "lecun_uniform",
    (1.0, "fan_in", "truncated_normal"): "lecun_normal",
    (2.0, "fan_in", "uniform"): "he_uniform",
    (2.0, "fan_in", "truncated_normal"): "he_normal",
}
_LAMBDA = "lambda key, shape, dtype=jax.numpy.float32: "
_OTHER_AXES = "JAX has no argument for these axes"
_NO_POWER = "JAX divides the variance by the fan, to no other power"
_TWO_SIGMAS = "JAX' fan rules cut at two parent standard deviations only"


def _constant(request: LineRequest) -> Written:
    value = request.family.value
    if value in (0.0, 1.0):
        return built_in(f"jax.nn.initializers.{'ones' if value else 'zeros'}")
    return built_in(call("jax.nn.initializers.constant", value))


def _elementwise(request: LineRequest) -> Written:
    if isinstance(request.spec.variance, FanRule):
        return _fan_rule(request.spec, request.roles)
    return _fixed(request.spec)


def _delta_orthogonal(request: LineRequest) -> Written:
    roles = request.roles
    if roles is None or roles[-2:] != ("in", "out") or not _all_kernel(roles[:-2]):
        return none(_OTHER_AXES)
    return built_in(call("jax.nn.initializers.delta_orthogonal", *gain_argument(request.spec)))


def _dirac(_request: LineRequest) -> Written:
    return none("JAX has no identity of a convolution")


def _identity(request: LineRequest) -> Written:
    if request.family.noise:
        return none("JAX has no identity, and no noise on one")
    if not is_square(request.roles):
        return none(_OTHER_AXES)
    factor = "".join(f"{size!r} * " for size in gain_argument(request.spec))
    return by_hand(f"{_LAMBDA}{factor}jax.numpy.eye(*shape, dtype=dtype)", "JAX has no identity.")


def _fixed(spec: InitSpec) -> Written:
    family, resolved = spec.distribution, spec.resolve((1,))
    law = resolved.law
    if isinstance(family, Uniform):
        if law.low == 0:
            return built_in(call("jax.nn.initializers.uniform", law.high))
        code = f"jax.random.uniform(key, shape, dtype, {law.low!r}, {law.high!r})"
        return by_hand(_LAMBDA + code, "jax.nn.initializers.uniform starts at 0.")
    plus = f"{resolved.mean!r} + " if resolved.mean else ""
    code = call("jax.nn.initializers.normal", resolved.scale)
    if isinstance(family, TruncatedNormal) and not uncut(family):
        ends = family.lower, family.upper
        if max(map(abs, ends)) > EXACT_UP_TO:
            return none("a bound that far out JAX draws itself, about once in 8 million draws")
        lower, upper = (None, None) if ends == (-2, 2) else ends
        code = call(
            "jax.nn.initializers.truncated_normal", resolved.scale, lower=lower, upper=upper
        )
    if not plus:
        return built_in(code)
    return by_hand(f"{_LAMBDA}{plus}{code}(key, shape, dtype)", "JAX' normals have no mean.")


def _fan_rule(spec: InitSpec, roles: tuple[str, ...] | None) -> Written:
    if not (isinstance(spec.variance, FanRule) and spec.variance.is_usual):
        return none(_NO_POWER)
    family, scale = spec.distribution, scale_of(spec)
    name = family.name()
    if isinstance(family, TruncatedNormal):
        if uncut(family):
            name = "normal"
        elif (family.lower, family.upper) != (-2, 2):
            return none(_TWO_SIGMAS)
        else:
            # JAX' variance_scaling always corrects for the cut.
            scale *= 1.0 if family.corrected else family.variate.std**2
    counted = None if roles is None else _axis_arguments(roles)
    if counted is None:
        return none(_OTHER_AXES)
    usual = _NAMED.get((scale, str(spec.mode), name))
    if usual:
        return built_in(call(f"jax.nn.initializers.{usual}", **counted))
    return built_in(call("jax.nn.initializers.variance_scaling", scale, spec.mode, name, **counted))


def _axis_arguments(roles: tuple[str, ...]) -> dict[str, Any] | None:
    """Return in_axis, out_axis and batch_axis, what JAX assumes left out."""
    if roles[-2:] == ("in", "out") and _all_kernel(roles[:-2]):
        return {}
    after = roles.index("kernel...") if "kernel..." in roles else len(roles)
    arguments: dict[str, Any] = {}
    for role, name in (("in", "in_axis"), ("out", "out_axis"), ("stack", "batch_axis")):
        places = tuple(
            i if i < after else i - len(roles) for i, part in enumerate(roles) if part == role
        )
        if role != "stack" or places:
            arguments[name] = places[0] if len(places) == 1 else places
    return arguments


def _orthogonal(request: LineRequest) -> Written:
    roles = request.roles
    if roles is None or "stack" in roles or roles.count("out") != 1:
        return none(_OTHER_AXES)
    place = roles.index("out")
    column: int | None = place
    if "kernel..." in roles and place > roles.index("kernel..."):
        column = place - len(roles)
    if column in (-1, len(roles) - 1) and "kernel..." not in roles[place:]:
        column = None
    code = call("jax.nn.initializers.orthogonal", *gain_argument(request.spec), column_axis=column)
    return built_in(code)


def _all_kernel(roles: tuple[str, ...]) -> bool:
    return set(roles) <= {"kernel", "kernel..."}


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
