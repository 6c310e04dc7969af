"""The uniform distribution."""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar

import numpy as np

from initspec.distributions.base import Elementwise
from initspec.distributions.primitives import Array, Primitives
from initspec.distributions.rules import FanRule, Range, Rule, Std
from initspec.numerics.law import Law
from initspec.spec.resolve import Resolved

_EDGE = math.sqrt(3.0)
_VARIATE = Law(
    0.0,
    1.0,
    -_EDGE,
    _EDGE,
    1.8,
    lambda y: np.clip((np.asarray(y, np.float64) / _EDGE + 1) / 2, 0.0, 1.0),
)


class Uniform(Elementwise, frozen=True, tag="uniform"):
    """Independent uniform entries: Y ~ U(-sqrt 3, sqrt 3), so that sigma is their std.

    The bound is sqrt(3) sigma: with scale 1 and fan_avg it is the sqrt(6 / (fan_in + fan_out)) of
    Glorot & Bengio (2010), "Understanding the difficulty of training deep feedforward neural
    networks", eq. 16.
    """

    rules: ClassVar[tuple[type[Rule], ...]] = (FanRule, Std, Range)

    @property
    def variate(self) -> Law:
        return _VARIATE

    def law(self, resolved: Resolved) -> Law:
        law = super().law(resolved)
        if resolved.support is None:
            return law
        low, high = resolved.support  # exactly what the caller said, not its image under sqrt(3)
        return dataclasses.replace(law, low=low, high=high)

    def sample(self, resolved: Resolved, draw: Primitives) -> Array:
        law = self.law(resolved)
        return draw.uniform(law.low, law.high)
