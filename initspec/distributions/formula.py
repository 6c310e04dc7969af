"""A law as a formula, in symbols or with the numbers of one weight in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from initspec.axes.fans import Fans
from initspec.distributions.rules import FanRule, Range, Rule, Std, fraction
from initspec.errors import SpecError


@dataclass(frozen=True, slots=True)
class Formula:
    """A law in words and symbols.

    Attributes:
        law: one sentence, such as "W ~ N(0, sigma^2), independent entries".
        short: a few words, for a table.
    """

    law: str
    short: str


@dataclass(frozen=True, slots=True)
class RuleFormula:
    """The variance rule of a spec as text.

    Attributes:
        rule: the rule; None where the family takes none.
        gain: the spec's gain.
        mode: the fan that the rule takes.
        fans: the numbers to write for the fans; None writes their names.
    """

    rule: Rule | None
    gain: float
    mode: str | None
    fans: Fans | None = None

    @property
    def mean(self) -> float:
        """The mean of the parent law."""
        return 0.0 if self.rule is None else self.rule.center()

    @property
    def times(self) -> str:
        """The gain as a factor: "" at gain 1."""
        return "" if self.gain == 1 else f"{number(self.gain)} * "

    @property
    def scale(self) -> float:
        """gain^2 * scale, what a fan rule multiplies a power of the fan with.

        Raises:
            SpecError: float64 cannot hold it.
        """
        assert isinstance(self.rule, FanRule)
        try:
            return float(Fraction(self.gain) ** 2 * Fraction(self.rule.scale))
        except OverflowError:
            raise SpecError(
                f"gain={self.gain!r}: gain^2 * scale is beyond float64; pass a smaller gain"
            ) from None

    @property
    def variance(self) -> str:
        """The variance of the rule, gain included; "" where there is no rule."""
        match self.rule:
            case FanRule(_, power):
                return self._fan_to(2 * power, self.scale)
            case Std(std, _):
                return f"{number(self.gain * std)}^2"
            case Range(low, high):
                return f"{number(self.gain * (high - low))}^2 / 12"
        return ""

    @property
    def sigma(self) -> str:
        """The standard deviation of the rule, gain included; "" where there is no rule."""
        match self.rule:
            case FanRule(scale) if self.rule.is_usual:
                return f"{self.times}sqrt({self._fan_to(-1, scale)})"
            case FanRule(scale, power):
                return f"{self.times}{self._fan_to(power, math.sqrt(scale))}"
            case Std(std, _):
                return f"{self.times}{number(std)}"
            case Range(low, high):
                return f"{self.times}{number(high - low)} / sqrt(12)"
        return ""

    @property
    def bound(self) -> str:
        """The bound of a centred uniform law, sqrt(3) * sigma."""
        if isinstance(self.rule, FanRule) and self.rule.is_usual:
            return f"sqrt({self._fan_to(-1, 3 * self.scale)})"
        if isinstance(self.rule, FanRule):
            return self._fan_to(self.rule.power, math.sqrt(3 * self.scale))
        return f"sqrt(3) * {self.sigma}"

    def _fan_to(self, power: float, factor: float) -> str:
        """Return factor * fan^power as one writes it, the 2 of a mean in the factor."""
        fan_in, fan_out = ("fan_in", "fan_out") if self.fans is None else map(str, self.fans)
        match self.mode:
            case "fan_in":
                fan = fan_in
            case "fan_out":
                fan = fan_out
            case "fan_avg":
                fan, factor = f"({fan_in} + {fan_out})", factor * 2**-power
            case _:
                fan = f"sqrt({fan_in} * {fan_out})"
        size = abs(power)
        if self.mode == "fan_geo_avg" and size == 2:
            fan, size = f"({fan_in} * {fan_out})", 1
        raised, times = _raised(fan, size), number(factor)
        if power < 0:
            return f"{times} / {raised}"
        return raised if times == "1" else f"{times} * {raised}"


def _raised(fan: str, power: float) -> str:
    """Return a fan to a positive power.

    >>> _raised("fan_in", 1.5), _raised("(fan_in + fan_out)", 1 / 3)
    ('fan_in^1.5', '(fan_in + fan_out)^(1/3)')
    """
    if power == 1:
        return fan
    exact = fraction(power)
    decimal = 100 % exact.denominator == 0
    return f"{fan}^{number(power) if decimal else f'({exact})'}"


def number(value: float) -> str:
    """Return a number in as few digits as a reader needs: 4, and no trailing zeros.

    >>> number(2.0), number(1 / 3), number(-2e-9)
    ('2', '0.3333', '-2e-09')
    """
    return f"{value:.4g}"


def independent(law: str, scale: str, short: str) -> Formula:
    """Return the formula of independent entries: their law, and what its scale is."""
    return Formula(f"W ~ {law}, independent entries, {scale}", short)


def fixed_matrix(matrix: str) -> Formula:
    """Return the formula of a family that has a gain and no rule."""
    return Formula(f"W = {matrix}", matrix)
