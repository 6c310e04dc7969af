"""A spec as a formula; each family writes its own."""

from __future__ import annotations

from initspec.axes.fans import Fans
from initspec.distributions.formula import Formula, RuleFormula, number
from initspec.spec.value import Spec

__all__ = ["formula", "number", "rule_formula", "scale_of"]


def formula(spec: Spec) -> Formula:
    """Return a spec's law in symbols.

    >>> from initspec import InitSpec
    >>> formula(InitSpec.he_normal()).law
    'W ~ N(0, sigma^2), independent entries, sigma = sqrt(2 / fan_in)'
    >>> formula(InitSpec.he_uniform()).short
    'U(-b, b), b = sqrt(6 / fan_in)'
    """
    return spec.distribution.formula(rule_formula(spec))


def rule_formula(spec: Spec, fans: Fans | None = None) -> RuleFormula:
    """Return the variance rule of a spec as text, with the numbers of `fans` where given.

    >>> from initspec import InitSpec
    >>> rule_formula(InitSpec.glorot_normal()).variance
    '2 / (fan_in + fan_out)'
    >>> rule_formula(InitSpec.he_normal(gain=1.5), Fans(256, 512)).sigma
    '1.5 * sqrt(2 / 256)'
    """
    return RuleFormula(spec.variance, spec.gain, spec.mode, fans)


def scale_of(spec: Spec) -> float:
    """Return gain^2 * scale, what a fan rule multiplies a power of the fan with.

    Raises:
        SpecError: float64 cannot hold it.
    """
    return rule_formula(spec).scale
