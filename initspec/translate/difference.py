"""How two specs differ, in words."""

from __future__ import annotations

from initspec.api import InitSpec
from initspec.distributions.rules import Range
from initspec.spec.formula import number, rule_formula


def differences(here: InitSpec, there: InitSpec, fixed: bool = True) -> tuple[str, ...]:
    """Return what `there` has instead of what `here` has; nothing where they are equal.

    Args:
        here: one spec.
        there: the other.
        fixed: whether two fixed rules are compared, too: their numbers are arguments.

    >>> differences(InitSpec.he_normal(), InitSpec.he_truncated_normal())
    ('cut at -2 and 2 parent standard deviations', 'the variance the same')
    """
    if here == there:
        return ()
    changes = []
    if here.distribution != there.distribution:
        changes.append(there.distribution.contrast(here.distribution))
    rules = here.variance, there.variance
    if not fixed and not any(rule is None or rule.takes_mode for rule in rules):
        return tuple(changes)
    ours, theirs = _spread(here), _spread(there)
    if ours == theirs and theirs and changes and there.distribution.sigma_is_std:
        changes.append("the variance the same")
    if ours != theirs and theirs:
        changes.append(f"{theirs} instead of {ours}" if ours else theirs)
    if _center(here) != _center(there):
        changes.append(f"mean {number(_center(there))} instead of {number(_center(here))}")
    if (here.variance is None or there.variance is None) and here.gain != there.gain:
        changes.append(f"gain {number(there.gain)} instead of {number(here.gain)}")
    return tuple(changes)


def _spread(spec: InitSpec) -> str:
    if isinstance(spec.variance, Range):
        law = spec.law((1,))
        return f"from {number(law.low)} to {number(law.high)}"
    size = rule_formula(spec).variance
    return f"variance {size}" if size else ""


def _center(spec: InitSpec) -> float:
    if spec.variance is None or isinstance(spec.variance, Range):
        return 0.0  # the ends say it
    return spec.variance.center()
