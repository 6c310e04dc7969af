"""The constant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import msgspec
import numpy as np

from initspec.distributions.base import Structured, Weights, exactly
from initspec.dtypes import FloatType
from initspec.fields import finite
from initspec.law import Law, point
from initspec.plan import Plan
from initspec.primitives import Array, Primitives
from initspec.variance import Finite


class Constant(Structured, frozen=True, tag="constant"):
    """Every entry is `value`: the usual choice for biases and for the scale of a normalisation.

    Args:
        value: a finite number, in units of the weight.
    """

    value: Finite

    takes_gain: ClassVar[bool] = False

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "value", finite("value", self.value))

    def law(self, plan: Plan) -> Law:
        return point(self.value)

    def sample(self, plan: Plan, draw: Primitives) -> Array:
        return draw.full(self.value)

    def defects(self, plan: Plan, weights: Weights, kind: FloatType) -> Iterator[str]:
        yield from exactly(np.full_like(weights, self.value), weights, kind)
