"""Fans: the number of inputs of a unit, and the number of units that read one input."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

from initspec.errors import SpecError, unknown

MODES = ("fan_in", "fan_out", "fan_avg", "fan_geo_avg")


class Fans(NamedTuple):
    """The fans of a weight, counted per unit of one stack member.

    Attributes:
        fan_in: inputs of one output: prod(in) * prod(kernel).
        fan_out: outputs of one input: prod(out) * prod(kernel).
    """

    fan_in: int
    fan_out: int

    def squared(self, mode: str) -> Fraction:
        """Return the square of the fan that `mode` names, exactly.

        The square, because sqrt(fan_in * fan_out) is not rational.

        >>> Fans(2, 8).squared("fan_geo_avg"), Fans(2, 8).squared("fan_avg")
        (Fraction(16, 1), Fraction(25, 1))
        """
        match mode:
            case "fan_in":
                return Fraction(self.fan_in**2)
            case "fan_out":
                return Fraction(self.fan_out**2)
            case "fan_avg":
                return Fraction(self.fan_in + self.fan_out, 2) ** 2
            case "fan_geo_avg":
                return Fraction(self.fan_in * self.fan_out)
        raise SpecError(unknown("mode", mode, MODES))

    def of(self, mode: str) -> float:
        """Return the fan that `mode` names.

        >>> Fans(256, 512).of("fan_avg")
        384.0
        """
        return math.sqrt(self.squared(mode))
