"""A law as a formula, in symbols or with the numbers of one weight in it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from initspec.axes.fans import Fans
from initspec.distributions.rules import FanRule, Range, Rule, Std
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
        """gain^2 * scale, what a fan rule divides by the fan.

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
            case FanRule():
                return self._over_fan(self.scale)
            case Std(std, _):
                return f"{number(self.gain * std)}^2"
            case Range(low, high):
                return f"{number(self.gain * (high - low))}^2 / 12"
        return ""

    @property
    def sigma(self) -> str:
        """The standard deviation of the rule, gain included; "" where there is no rule."""
        match self.rule:
            case FanRule(scale):
                return f"{self.times}sqrt({self._over_fan(scale)})"
            case Std(std, _):
                return f"{self.times}{number(std)}"
            case Range(low, high):
                return f"{self.times}{number(high - low)} / sqrt(12)"
        return ""

    @property
    def bound(self) -> str:
        """The bound of a centred uniform law, sqrt(3) * sigma."""
        if isinstance(self.rule, FanRule):
            return f"sqrt({self._over_fan(3 * self.scale)})"
        return f"sqrt(3) * {self.sigma}"

    def _over_fan(self, scale: float) -> str:
        fan_in, fan_out = ("fan_in", "fan_out") if self.fans is None else map(str, self.fans)
        match self.mode:
            case "fan_in":
                return f"{number(scale)} / {fan_in}"
            case "fan_out":
                return f"{number(scale)} / {fan_out}"
            case "fan_avg":
                return f"{number(2 * scale)} / ({fan_in} + {fan_out})"
        return f"{number(scale)} / sqrt({fan_in} * {fan_out})"


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
