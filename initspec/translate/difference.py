"""How two specs differ, in words."""

from __future__ import annotations

from initspec.api import InitSpec
from initspec.distributions import Distribution, Normal, TruncatedNormal, Uniform
from initspec.distributions.rules import Range
from initspec.spec.formula import number, variance


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
    found = []
    if here.distribution != there.distribution:
        found.append(_family(here.distribution, there.distribution))
    rules = here.variance, there.variance
    if not fixed and not any(rule is None or rule.takes_mode for rule in rules):
        return tuple(found)
    ours, theirs = _spread(here), _spread(there)
    if ours == theirs and theirs and found and _keeps(there.distribution):
        found.append("the variance the same")
    if ours != theirs and theirs:
        found.append(f"{theirs} instead of {ours}" if ours else theirs)
    if _center(here) != _center(there):
        found.append(f"mean {number(_center(there))} instead of {number(_center(here))}")
    if (here.variance is None or there.variance is None) and here.gain != there.gain:
        found.append(f"gain {number(there.gain)} instead of {number(here.gain)}")
    return tuple(found)


def _family(here: Distribution, there: Distribution) -> str:
    match there:
        case TruncatedNormal(lower, upper, corrected):
            cut = f"cut at {number(lower)} and {number(upper)} parent standard deviations"
            return cut if corrected else f"{cut}, the std then {number(there.variate.std)} of it"
        case Normal():
            return "not cut" if isinstance(here, TruncatedNormal) else "normal"
        case Uniform():
            return "uniform"
    return there.name().replace("_", " ") if type(here) is not type(there) else str(there)


def _keeps(family: Distribution) -> bool:
    return not isinstance(family, TruncatedNormal) or family.corrected


def _spread(spec: InitSpec) -> str:
    if isinstance(spec.variance, Range):
        law = spec.law((1,))
        return f"from {number(law.low)} to {number(law.high)}"
    said = variance(spec)
    return f"variance {said}" if said else ""


def _center(spec: InitSpec) -> float:
    if spec.variance is None or isinstance(spec.variance, Range):
        return 0.0  # the ends say it
    return spec.variance.center()
