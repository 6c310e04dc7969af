"""The line of torch.nn.init that draws a spec; `w` is the weight, filled in place."""

from __future__ import annotations

import math

from initspec import (
    Constant,
    DeltaOrthogonal,
    Dirac,
    FanRule,
    Identity,
    InitSpec,
    Normal,
    Orthogonal,
    Sparse,
    TruncatedNormal,
    Uniform,
)
from initspec.backend import Axes
from initspec.translate.authors import (
    SWAPPED,
    Code,
    LineRequest,
    Lines,
    Written,
    built_in,
    by_hand,
    call,
    none,
    roles,
    root,
    scale_of,
    slope,
    uncut,
)

_W = Code("w")
_NONLINEARITIES = {1.0: "linear", 25 / 9: "tanh", 9 / 16: "selu"}
"""The scales that torch has by the name of what follows."""

_NO_NOISE = "torch adds no noise to an identity"
_OTHER_AXES = "torch's functions take every weight for 'out in kernel...'"


def _constant(request: LineRequest) -> Written:
    value = request.family.value
    if value in (0.0, 1.0):
        return built_in(call("torch.nn.init.ones_" if value else "torch.nn.init.zeros_", _W))
    return built_in(call("torch.nn.init.constant_", _W, value))


def _elementwise(request: LineRequest) -> Written:
    if not isinstance(request.spec.variance, FanRule):
        return _fixed(request.spec)
    turned = _turned(request.axes, request.rank)
    return none(_OTHER_AXES) if turned is None else _fan_rule(request.spec, turned)


def _delta_orthogonal(_request: LineRequest) -> Written:
    return none("torch has no orthogonal kernel of one tap")


def _orthogonal(request: LineRequest) -> Written:
    turned = _turned(request.axes, request.rank)
    # A Haar matrix turned on its side is one again; with a kernel the sides differ.
    if turned is None or (turned and request.rank != 2):
        return none(_OTHER_AXES)
    gain = None if request.spec.gain == 1 else request.spec.gain
    half = "In bfloat16 and float16 it raises: torch has no QR in half precision."
    return built_in(call("torch.nn.init.orthogonal_", _W, gain=gain), half)


def _identity(request: LineRequest) -> Written:
    if request.family.noise:
        return none(_NO_NOISE)
    if request.spec.gain != 1:
        return none("torch.nn.init.eye_ takes no gain")
    if _turned(request.axes, request.rank) is None:
        return none(_OTHER_AXES)
    return built_in("torch.nn.init.eye_(w)")


def _turned(axes: Axes, rank: int | None) -> bool | None:
    """Return whether `in` stands before `out`, the kernel last; None for any other axes."""
    order = roles(axes, rank)
    if order is None or not set(order[2:]) <= {"kernel", "kernel..."}:
        return None
    sides: dict[tuple[str, ...], bool] = {("out", "in"): False, ("in", "out"): True}
    return sides.get(order[:2])


def _fixed(spec: InitSpec) -> Written:
    family, law, rule = spec.distribution, spec.law((1,)), spec.variance
    assert rule is not None
    resolved = spec.resolve((1,))
    if isinstance(family, Uniform):
        return built_in(call("torch.nn.init.uniform_", _W, law.low, law.high))
    if isinstance(family, TruncatedNormal) and not uncut(family):
        absolute = "The bounds are absolute there, in units of the weight."
        return built_in(
            call(
                "torch.nn.init.trunc_normal_",
                _W,
                mean=resolved.mean or None,
                std=resolved.scale,
                a=law.low,
                b=law.high,
            ),
            absolute,
        )
    return built_in(
        call("torch.nn.init.normal_", _W, mean=resolved.mean or None, std=resolved.scale)
    )


def _fan_rule(spec: InitSpec, turned: bool) -> Written:
    family, scale = spec.distribution, scale_of(spec)
    mode = SWAPPED[str(spec.mode)] if turned else str(spec.mode)
    if isinstance(family, TruncatedNormal):
        return _truncated(spec, family, mode)
    name = "uniform_" if isinstance(family, Uniform) else "normal_"
    usual = isinstance(spec.variance, FanRule) and spec.variance.is_usual
    if usual and mode == "fan_avg":
        gain = None if scale == 1 else root(scale)
        return built_in(call(f"torch.nn.init.xavier_{name}", _W, gain=gain))
    argument = None if mode == "fan_in" else mode
    kaiming = f"torch.nn.init.kaiming_{name}"
    if usual and mode != "fan_geo_avg":
        for known, follows in _NONLINEARITIES.items():
            if math.isclose(scale, known, rel_tol=4e-16):
                return built_in(call(kaiming, _W, mode=argument, nonlinearity=follows))
        if scale <= 2:
            lean = None if scale == 2 else slope(scale)
            return built_in(call(kaiming, _W, a=lean, mode=argument))
    why = "kaiming_ stops at a scale of 2" if mode != "fan_geo_avg" else "torch has no such mode"
    if not usual:
        why = "torch divides the variance by the fan, to no other power"
    if isinstance(family, Uniform):
        code = f"bound = {_root(spec, mode, 3)}; torch.nn.init.uniform_(w, -bound, bound)"
    else:
        code = f"torch.nn.init.normal_(w, std={_root(spec, mode)})"
    return by_hand(code, f"No one call: {why}.")


def _truncated(spec: InitSpec, family: TruncatedNormal, mode: str) -> Written:
    spread = "" if family.spread == 1 else f" / {family.spread!r}"
    code = (
        f"std = {_root(spec, mode)}{spread}; "
        f"torch.nn.init.trunc_normal_(w, std=std, "
        f"a={family.lower!r} * std, b={family.upper!r} * std)"
    )
    corrects = " and divides by what the cut leaves of the std" if spread else ""
    return by_hand(code, f"torch has no truncated fan rule: the line counts the fan{corrects}.")


def _root(spec: InitSpec, mode: str, times: int = 1) -> str:
    """Return the root of `times` the variance, in terms of `w`."""
    rule, scale = spec.variance, times * scale_of(spec)
    assert isinstance(rule, FanRule)
    if rule.is_usual:
        return f"math.sqrt({scale!r} / {_fan(mode)})"
    return f"math.sqrt({scale!r}) * {_fan(mode)} ** {rule.power!r}"


def _fan(mode: str) -> str:
    """Return the fan of `w` as torch counts it."""
    fan_in, fan_out = "w[0].numel()", "w[:, 0].numel()"
    return {
        "fan_in": fan_in,
        "fan_out": fan_out,
        "fan_avg": f"(({fan_in} + {fan_out}) / 2)",
        "fan_geo_avg": f"math.sqrt({fan_in} * {fan_out})",
    }[mode]


def _sparse(request: LineRequest) -> Written:
    spec, family, turned = request.spec, request.family, _turned(request.axes, request.rank)
    if isinstance(spec.variance, FanRule):
        return none("torch.nn.init.sparse_ takes a fixed std only")
    if turned is None or request.rank not in (None, 2):
        return none("torch.nn.init.sparse_ takes weights [out, in] of 2 axes")
    weight = _W if (family.along == "out") != turned else Code("w.T")
    notes = ["It counts the zeros in floating point: of 100 at 0.07 there are 8, not 7."]
    if weight == "w.T":
        notes.insert(0, "Transposed, because torch thins the columns.")
    std = spec.resolve((2, 2)).scale
    return built_in(
        call("torch.nn.init.sparse_", weight, sparsity=family.sparsity, std=std), *notes
    )


def _dirac(request: LineRequest) -> Written:
    if request.family.noise:
        return none(_NO_NOISE)
    if request.spec.gain != 1:
        return none("torch.nn.init.dirac_ takes no gain")
    odd = "For kernels of odd size: on an even one it takes another tap, size // 2."
    first, *others = request.axes.items
    groups = first.factors[0][1]
    if (
        first.kind == "split"
        and [role for role, _ in first.factors] == ["stack", "out"]
        and groups is not None
        and roles(Axes(" ".join(["out", *map(str, others)])), None) is not None
        and _turned(Axes(" ".join(["out", *map(str, others)])), None) is False
    ):
        return built_in(call("torch.nn.init.dirac_", _W, groups=groups), odd)
    if _turned(request.axes, request.rank) is None:
        return none(_OTHER_AXES)
    return built_in("torch.nn.init.dirac_(w)", odd)


LINES: Lines = {
    Constant: _constant,
    Normal: _elementwise,
    Uniform: _elementwise,
    TruncatedNormal: _elementwise,
    Sparse: _sparse,
    Orthogonal: _orthogonal,
    DeltaOrthogonal: _delta_orthogonal,
    Identity: _identity,
    Dirac: _dirac,
}
"""What writes the line of each family."""
