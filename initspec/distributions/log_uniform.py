"""The log-uniform distribution."""

from __future__ import annotations

import dataclasses
import math
from functools import lru_cache
from typing import ClassVar, Self

import msgspec

from initspec.distributions import maps
from initspec.distributions.base import Elementwise
from initspec.distributions.formula import Formula, RuleFormula, number
from initspec.distributions.papers import GU_S4
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Array, Primitives
from initspec.distributions.rules import Positive, Rule
from initspec.distributions.short_calls import call
from initspec.dtypes import FloatType
from initspec.errors import SpecError
from initspec.numerics.law import UNIFORM, Law
from initspec.numerics.validation import positive

_EXP = maps.MAPS["exp"]
_LOG = maps.MAPS["log"]


class LogUniform(Elementwise, frozen=True, tag="log_uniform"):
    """Independent entries whose logarithm is uniform: equal shares of every decade.

    The step sizes of state space models: of S4, Gu, Goel & Re (2022), "Efficiently Modeling Long
    Sequences with Structured State Spaces", and of Mamba, behind an inverse softplus.

    Args:
        low: the lower end, above 0, kept exactly.
        high: the upper end, above `low`, kept exactly.
    """

    low: Positive
    high: Positive

    rules: ClassVar[tuple[type[Rule], ...]] = ()
    takes_gain: ClassVar[bool] = False
    paper: ClassVar[str | None] = GU_S4

    def __post_init__(self) -> None:
        low, high = positive("low", self.low), positive("high", self.high)
        if low >= high:
            raise SpecError(f"low={low!r}, high={high!r}: low must lie below high")
        msgspec.structs.force_setattr(self, "low", low)
        msgspec.structs.force_setattr(self, "high", high)

    def scaled_by(self, factor: float) -> Self:
        return msgspec.structs.replace(self, low=self.low * factor, high=self.high * factor)

    def law(self, parameters: Parameters) -> Law:
        return _law(self)

    def sample(self, parameters: Parameters, draw: Primitives) -> Array:
        exponential = maps.mapped(draw, _EXP, self.low, self.high)
        return exponential.uniform(_LOG(self.low), _LOG(self.high))

    def require(self, parameters: Parameters, kind: FloatType) -> None:
        kind.require_sizes(self.low, self.high, "this spec", "bring low and high within that")

    def formula(self, rule: RuleFormula) -> Formula:
        ends = f"{number(self.low)} and {number(self.high)}"
        law = f"log W ~ U(log {number(self.low)}, log {number(self.high)})"
        return Formula(f"{law}, independent entries", f"log-uniform between {ends}")

    def short_call(self, rule: Rule | None, gain: float, mode: str | None) -> str | None:
        return call("log_uniform", low=self.low, high=self.high)


@lru_cache(maxsize=256)
def _law(family: LogUniform) -> Law:
    low, high = _LOG(family.low), _LOG(family.high)
    law = UNIFORM.affine((low + high) / 2, (high - low) / math.sqrt(12))
    law = maps.law_of(dataclasses.replace(law, low=low, high=high), _EXP)
    return dataclasses.replace(law, low=family.low, high=family.high)
