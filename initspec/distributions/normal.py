"""The normal distribution."""

from __future__ import annotations

from initspec.distributions.base import Distribution, Elementwise
from initspec.distributions.formula import Formula, RuleFormula, independent, number
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Array, Primitives
from initspec.distributions.rules import Rule, Std
from initspec.distributions.short_calls import call, fan_call, folded
from initspec.numerics.law import NORMAL, Law


class Normal(Elementwise, frozen=True, tag="normal"):
    """Independent N(mean, sigma^2) entries, untruncated: Y ~ N(0, 1).

    With scale 2 and fan_in it is the initialization of He et al. (2015), "Delving Deep into
    Rectifiers", eq. 10, as the paper and torch have it; Keras and JAX truncate theirs.
    """

    @property
    def variate(self) -> Law:
        return NORMAL

    def sample(self, parameters: Parameters, draw: Primitives) -> Array:
        return draw.normal(parameters.mean, parameters.scale)

    def formula(self, rule: RuleFormula) -> Formula:
        law = f"N({number(rule.mean)}, sigma^2)"
        return independent(law, f"sigma = {rule.sigma}", f"N({number(rule.mean)}, {rule.variance})")

    def short_call(self, rule: Rule | None, gain: float, mode: str | None) -> str | None:
        match folded(rule, gain):
            case Std(std, mean):
                return call("normal", std=std, mean=(mean, 0.0))
        return fan_call("normal", rule, gain, mode)

    def contrast(self, other: Distribution) -> str:
        return "not cut" if other.truncates else "normal"
