"""How two specs differ, in words."""

from __future__ import annotations

from initspec.api import InitSpec
from initspec.distributions.rules import Range
from initspec.spec.formula import number, rule_formula

SAME_VARIANCE = "the variance the same"


def differences(spec: InitSpec, other: InitSpec, fixed: bool = True) -> tuple[str, ...]:
    """Return what `other` has instead of what `spec` has; nothing where they are equal.

    Args:
        spec: the spec to compare with.
        other: the spec to describe.
        fixed: whether two fixed rules are compared, too: their numbers are arguments.

    >>> differences(InitSpec.he_normal(), InitSpec.he_truncated_normal())
    ('cut at -2 and 2 parent standard deviations', 'the variance the same')
    """
    if spec == other:
        return ()
    changes = []
    if spec.distribution != other.distribution:
        changes.append(other.distribution.contrast(spec.distribution))
    rules = spec.variance, other.variance
    if not fixed and not any(rule is None or rule.takes_mode for rule in rules):
        return tuple(changes)
    spread, other_spread = _spread(spec), _spread(other)
    exact = spec.distribution.sigma_is_std and other.distribution.sigma_is_std
    if spread == other_spread and other_spread and changes and exact:
        changes.append(SAME_VARIANCE)
    if spread != other_spread and other_spread:
        changes.append(f"{other_spread} instead of {spread}" if spread else other_spread)
    if _center(spec) != _center(other):
        changes.append(f"mean {number(_center(other))} instead of {number(_center(spec))}")
    if (spec.variance is None or other.variance is None) and spec.gain != other.gain:
        changes.append(f"gain {number(other.gain)} instead of {number(spec.gain)}")
    return tuple(changes)


def _spread(spec: InitSpec) -> str:
    if isinstance(spec.variance, Range):
        law = spec.law((1,))
        return f"from {number(law.low)} to {number(law.high)}"
    size = rule_formula(spec).variance
    return f"variance {size}" if size else ""


def _center(spec: InitSpec) -> float:
    if spec.variance is None or isinstance(spec.variance, Range):
        return 0.0  # the ends give it
    return spec.variance.center()
