"""The uniform distribution."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from initspec.distributions.base import Elementwise
from initspec.distributions.formula import Formula, RuleFormula, independent, number
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Array, Primitives
from initspec.distributions.rules import FanRule, Range, Rule, Std
from initspec.distributions.short_calls import call, fan_call, folded
from initspec.numerics.law import UNIFORM, Law


class Uniform(Elementwise, frozen=True, tag="uniform"):
    """Independent uniform entries: Y ~ U(-sqrt 3, sqrt 3), so that sigma is their std.

    The bound is sqrt(3) sigma: with scale 1 and fan_avg it is the sqrt(6 / (fan_in + fan_out)) of
    Glorot & Bengio (2010), "Understanding the difficulty of training deep feedforward neural
    networks", eq. 16.
    """

    rules: ClassVar[tuple[type[Rule], ...]] = (FanRule, Std, Range)
    glorot_equation: ClassVar[int] = 16

    @property
    def variate(self) -> Law:
        return UNIFORM

    def law(self, parameters: Parameters) -> Law:
        law = super().law(parameters)
        if parameters.support is None:
            return law
        low, high = parameters.support  # exactly low and high as given, not rounded by sqrt(3)
        return dataclasses.replace(law, low=low, high=high)

    def sample(self, parameters: Parameters, draw: Primitives) -> Array:
        law = self.law(parameters)
        return draw.uniform(law.low, law.high)

    def formula(self, rule: RuleFormula) -> Formula:
        if isinstance(rule.rule, Range):
            law = f"U({', '.join(map(number, rule.rule.support(rule.gain)))})"
            return independent(law, f"sigma = {rule.sigma}", law)
        bound = f"b = {rule.bound}"
        ends = "-b, b" if rule.mean == 0 else f"{number(rule.mean)} - b, {number(rule.mean)} + b"
        scale = f"b = sqrt(3) * sigma = {rule.bound}, sigma = {rule.sigma}"
        return independent(f"U({ends})", scale, f"U({ends}), {bound}")

    def short_call(self, rule: Rule | None, gain: float, mode: str | None) -> str | None:
        match folded(rule, gain):
            case Range(low, high):
                return call("uniform", low=low, high=high)
        return fan_call("uniform", rule, gain, mode)
