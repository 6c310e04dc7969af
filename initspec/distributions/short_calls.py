"""The canonical call of a named constructor: two specs of one meaning have one text."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from initspec.distributions.rules import USUAL_POWER, FanRule, Rule, exact_root

_REQUIRED = object()


def call(name: str, **arguments: Any) -> str:
    """Write a call; an argument given as (value, default) is left out where they are equal.

    >>> call("normal", std=0.02, mean=(0.0, 0.0))
    'normal(std=0.02)'
    """
    words = []
    for key, argument in arguments.items():
        value, default = argument if isinstance(argument, tuple) else (argument, _REQUIRED)
        if value != default:
            words.append(f"{key}={value}")
    return f"{name}({', '.join(words)})" if words else name


def fan_call(
    family: str,
    rule: Rule | None,
    gain: float,
    mode: str | None,
    has_names: bool = True,
    **arguments: Any,
) -> str | None:
    """Write a fan rule: lecun_, glorot_ or he_ and the family, or variance_scaling.

    Args:
        family: the family's name.
        rule: the spec's rule; None is returned for any but a fan rule.
        gain: the spec's gain.
        mode: the spec's mode.
        has_names: whether lecun_, glorot_ and he_ constructors make this very family.
        arguments: the family's own, as for `call`.
    """
    if not isinstance(rule, FanRule):
        return None
    name, factor = fan(rule, gain, mode)
    common: dict[str, Any] = {"gain": (factor, 1.0), "mode": (mode, usual_mode(name))}
    if isinstance(name, str):
        return call(f"{name}_{family}", **common, **arguments) if has_names else None
    common["power"] = (rule.power, USUAL_POWER)
    distribution = call(family, **arguments)
    return call("variance_scaling", scale=name, distribution=(distribution, "normal"), **common)


def fan(rule: FanRule, gain: float, mode: str | None) -> tuple[str | float, float]:
    """Return the canonical (name or scale, gain) of a fan rule: gain^2 * scale is its meaning.

    The names are those of rules of the usual power.
    """
    product = Fraction(gain) ** 2 * Fraction(rule.scale)
    if rule.is_usual:
        if root := exact_root(product):
            return ("glorot" if mode == "fan_avg" else "lecun"), root
        if root := exact_root(product / 2):
            return "he", root
    scale = _exact(product)
    return (rule.scale, gain) if scale is None else (scale, 1.0)


def usual_mode(name: str | float) -> str:
    """Return the mode that a fan rule has unless one is given."""
    return "fan_avg" if name == "glorot" else "fan_in"


def folded(rule: Rule | None, gain: float) -> Rule | None:
    """Return the fixed rule that means the same with gain 1; None where float64 has none."""
    if rule is None or isinstance(rule, FanRule):
        return None
    values = [_exact(value) for value in rule.meaning(gain)[1:]]
    return None if None in values else type(rule)(*values)


def _exact(value: Fraction) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if Fraction(number) == value else None
