"""The constant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Self

import msgspec
import numpy as np

from initspec.distributions.base import Structured, Weights, exactly
from initspec.distributions.formula import Formula, RuleFormula, fixed_matrix, number
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Array, Primitives
from initspec.distributions.rules import Finite, Rule
from initspec.distributions.short_calls import call
from initspec.dtypes import FloatType
from initspec.numerics.law import Law, point
from initspec.numerics.validation import finite


class Constant(Structured, frozen=True, tag="constant"):
    """Every entry is `value`: the usual choice for biases and for the scale of a normalisation.

    Args:
        value: a finite number, in units of the weight.
    """

    value: Finite

    takes_gain: ClassVar[bool] = False
    random: ClassVar[bool] = False

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "value", finite("value", self.value))

    def scaled_by(self, factor: float) -> Self:
        return msgspec.structs.replace(self, value=self.value * factor)

    def formula(self, rule: RuleFormula) -> Formula:
        return fixed_matrix(number(self.value))

    def short_call(self, rule: Rule | None, gain: float, mode: str | None) -> str | None:
        if self.value in (0, 1):
            return "ones" if self.value else "zeros"
        return call("constant", value=self.value)

    def law(self, parameters: Parameters) -> Law:
        return point(self.value)

    def sample(self, parameters: Parameters, draw: Primitives) -> Array:
        return draw.full(self.value)

    def defects(self, parameters: Parameters, weights: Weights, kind: FloatType) -> Iterator[str]:
        yield from exactly(np.full_like(weights, self.value), weights, kind)
