"""A spec as a formula, in symbols or with the numbers of one weight in it."""

from __future__ import annotations

from fractions import Fraction

from initspec.api import InitSpec
from initspec.axes.fans import Fans
from initspec.distributions import (
    Constant,
    DeltaOrthogonal,
    Dirac,
    Identity,
    Orthogonal,
    Sparse,
    TruncatedNormal,
    Uniform,
)
from initspec.distributions.rules import FanRule, Range, Std
from initspec.errors import SpecError


def number(value: float) -> str:
    """Return a number in as few digits as a reader needs: 4, and no trailing zeros.

    >>> number(2.0), number(1 / 3), number(-2e-9)
    ('2', '0.3333', '-2e-09')
    """
    return f"{value:.4g}"


def scale_of(spec: InitSpec) -> float:
    """Return gain^2 * scale, what a fan rule divides by the fan.

    Raises:
        SpecError: float64 cannot hold it.
    """
    assert isinstance(spec.variance, FanRule)
    try:
        return float(Fraction(spec.gain) ** 2 * Fraction(spec.variance.scale))
    except OverflowError:
        raise SpecError(
            f"'{spec}': gain^2 * scale is beyond float64; pass a smaller gain"
        ) from None


def variance(spec: InitSpec, fans: Fans | None = None) -> str:
    """Return the variance that a spec's rule asks for, gain included; "" where it has no rule.

    >>> variance(InitSpec.glorot_normal()), variance(InitSpec.glorot_normal(), Fans(3, 5))
    ('2 / (fan_in + fan_out)', '2 / (3 + 5)')
    """
    match spec.variance:
        case FanRule():
            return _over_fan(scale_of(spec), str(spec.mode), fans)
        case Std(std, _):
            return f"{number(spec.gain * std)}^2"
        case Range(low, high):
            return f"{number(spec.gain * (high - low))}^2 / 12"
    return ""


def sigma(spec: InitSpec, fans: Fans | None = None) -> str:
    """Return the standard deviation that a spec's rule asks for, as an expression.

    >>> sigma(InitSpec.he_normal(gain=1.5)), sigma(InitSpec.he_normal(), Fans(256, 512))
    ('1.5 * sqrt(2 / fan_in)', 'sqrt(2 / 256)')
    """
    gain = "" if spec.gain == 1 else f"{number(spec.gain)} * "
    match spec.variance:
        case FanRule(scale):
            return f"{gain}sqrt({_over_fan(scale, str(spec.mode), fans)})"
        case Std(std, _):
            return f"{gain}{number(std)}"
        case Range(low, high):
            return f"{gain}{number(high - low)} / sqrt(12)"
    return ""


def law(spec: InitSpec) -> str:
    """Return a spec's law in symbols, one sentence.

    >>> law(InitSpec.he_normal())
    'W ~ N(0, sigma^2), independent entries, sigma = sqrt(2 / fan_in)'
    """
    family, gain = spec.distribution, number(spec.gain)
    times = "" if spec.gain == 1 else f"{gain} * "
    match family:
        case DeltaOrthogonal():
            return f"W = {times}Q at the centre of the receptive field, Q Haar orthogonal [out, in]"
        case Orthogonal():
            return f"W = {times}Q, Q Haar orthogonal [out, in * kernel]"
        case Dirac():
            return f"W = {times}the identity [out, in] at the centre of the receptive field"
        case Identity():
            return f"W[i, j] = {gain} if i == j else 0"
        case Constant(value):
            return f"W = {number(value)}"
        case Sparse():
            return f"W ~ N(0, sigma^2) with {_zeros(family)}, sigma = {sigma(spec)}"
    return f"W ~ {_elementwise(spec)}, independent entries, {_scale(spec)}"


def short(spec: InitSpec) -> str:
    """Return a spec's law in a few words, for a table.

    >>> short(InitSpec.he_normal()), short(InitSpec.he_uniform())
    ('N(0, 2 / fan_in)', 'U(-b, b), b = sqrt(6 / fan_in)')
    """
    match spec.distribution:
        case Uniform() if not isinstance(spec.variance, Range):
            return f"U(-b, b), b = {bound(spec)}"
        case Uniform():
            return _elementwise(spec)
        case TruncatedNormal(lower, upper, corrected):
            assert spec.variance is not None
            center = number(spec.variance.center())
            whose = "" if corrected else " before the cut"
            return f"N({center}, {variance(spec)}){whose}, cut at {number(lower)}, {number(upper)}"
        case Sparse() as family:
            return f"N(0, {variance(spec)}), {_zeros(family)}"
        case Orthogonal() | Identity() | Constant():
            return law(spec).removeprefix("W = ")
    assert spec.variance is not None
    return f"N({number(spec.variance.center())}, {variance(spec)})"


def bound(spec: InitSpec, fans: Fans | None = None) -> str:
    """Return the bound of a centred uniform law, sqrt(3) * sigma."""
    if isinstance(spec.variance, FanRule):
        return f"sqrt({_over_fan(3 * scale_of(spec), str(spec.mode), fans)})"
    return f"sqrt(3) * {sigma(spec)}"


def _elementwise(spec: InitSpec) -> str:
    family, rule = spec.distribution, spec.variance
    assert rule is not None
    mean = number(rule.center())
    if isinstance(family, TruncatedNormal):
        ends = [_moved(rule.center(), bound) for bound in (family.lower, family.upper)]
        return f"N({mean}, s^2) kept between {ends[0]} and {ends[1]}"
    if isinstance(family, Uniform):
        support = rule.support(spec.gain)
        if support is not None:
            return f"U({number(support[0])}, {number(support[1])})"
        return "U(-b, b)" if rule.center() == 0 else f"U({mean} - b, {mean} + b)"
    return f"N({mean}, sigma^2)"


def _moved(mean: float, bound: float) -> str:
    """Return mean + bound * s as one writes it.

    >>> _moved(3.0, -1.0), _moved(0.5, 2.0), _moved(0.0, -2.0), _moved(3.0, 0.0), _moved(0.0, 1.0)
    ('3 - s', '0.5 + 2 s', '-2 s', '3', 's')
    """
    size = "s" if abs(bound) == 1 else f"{number(abs(bound))} s"
    if mean == 0:
        return "0" if bound == 0 else f"{'-' if bound < 0 else ''}{size}"
    return number(mean) if bound == 0 else f"{number(mean)} {'-' if bound < 0 else '+'} {size}"


def _scale(spec: InitSpec) -> str:
    family = spec.distribution
    if isinstance(family, TruncatedNormal):
        by = f" / {number(family.spread)}" if family.corrected else ""
        return f"s = sigma{by}, sigma = {sigma(spec)}"
    if isinstance(family, Uniform) and not isinstance(spec.variance, Range):
        return f"b = sqrt(3) * sigma = {bound(spec)}, sigma = {sigma(spec)}"
    return f"sigma = {sigma(spec)}"


def _zeros(family: Sparse) -> str:
    along = "row" if family.along == "in" else "column"
    share = "0" if family.sparsity == 0 else f"ceil({number(family.sparsity)} n)"
    return f"{share} zeros in each {along} of n"


def _over_fan(scale: float, mode: str, fans: Fans | None) -> str:
    fan_in, fan_out = ("fan_in", "fan_out") if fans is None else map(str, fans)
    match mode:
        case "fan_in":
            return f"{number(scale)} / {fan_in}"
        case "fan_out":
            return f"{number(scale)} / {fan_out}"
        case "fan_avg":
            return f"{number(2 * scale)} / ({fan_in} + {fan_out})"
    return f"{number(scale)} / sqrt({fan_in} * {fan_out})"
