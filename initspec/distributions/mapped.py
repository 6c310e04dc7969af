"""A law passed through a function: W = f(X), such as the logarithm of a uniform."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any, ClassVar, Literal

import msgspec

from initspec.axes.fans import Fans
from initspec.axes.layout import Layout
from initspec.distributions import maps
from initspec.distributions.base import Distribution, Elementwise
from initspec.distributions.formula import Formula, RuleFormula, number
from initspec.distributions.log_uniform import LogUniform
from initspec.distributions.normal import Normal
from initspec.distributions.papers import GU_MAMBA
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Array, Primitives
from initspec.distributions.rules import FanRule, Rule
from initspec.distributions.truncated_normal import TruncatedNormal
from initspec.distributions.uniform import Uniform
from initspec.dtypes import FloatType
from initspec.errors import SpecError, shown, unknown
from initspec.numerics.law import Law

PARENTS: tuple[type[Elementwise], ...] = (Normal, Uniform, TruncatedNormal, LogUniform)
"""The families that can be passed through a function."""
_BY_NAME = {family.name(): family for family in PARENTS}
_ENTRY = Layout((1,), ("out",), (1,), Fans(1, 1))


class Mapped(Elementwise, frozen=True, tag="mapped"):
    """Independent entries W = f(X), X of another family: the rule and the gain are those of X.

    What a layer passes through a function is initialized by the inverse of it: the step sizes of
    Mamba, softplus(W), by `through="inverse_softplus"`; its decay -exp(W) by `through="log"`.
    Gu & Dao (2023), "Mamba: Linear-Time Sequence Modeling with Selective State Spaces", sec. 3.6.

    Args:
        of: the law of X: a normal, uniform, truncated normal or log-uniform.
        through: f: "exp", "log", or "inverse_softplus", which is log(exp(x) - 1).

    Raises:
        SpecError: the family cannot be passed through a function, or the function is unknown.
    """

    of: Normal | Uniform | TruncatedNormal | LogUniform
    through: Literal["exp", "log", "inverse_softplus"]

    parents: ClassVar[tuple[type[Distribution], ...]] = PARENTS
    passes: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not isinstance(self.through, str) or self.through not in maps.MAPS:
            raise SpecError(unknown("value of through", self.through, maps.MAPS))
        msgspec.structs.force_setattr(self, "through", str(self.through))
        msgspec.structs.force_setattr(self, "of", _parent(self.of))
        if not self.rules:
            self.check_law(Parameters(_ENTRY, 1.0, 0.0, 0.0))

    @property
    def rules(self) -> tuple[type[Rule], ...]:  # type: ignore[override]
        return self.of.rules

    @property
    def takes_gain(self) -> bool:  # type: ignore[override]
        return self.of.takes_gain

    @property
    def paper(self) -> str | None:  # type: ignore[override]
        steps = isinstance(self.of, LogUniform) and self.through == "inverse_softplus"
        return f"{GU_MAMBA}, section 3.6" if steps else self.of.paper

    @property
    def spread(self) -> float:
        return self.of.spread

    @property
    def sigma_is_std(self) -> bool:
        return False

    @property
    def std_note(self) -> str:
        return f" after {self.through}" + (", sigma is that of X" if self.rules else "")

    @property
    def map(self) -> maps.Map:
        """The function."""
        return maps.MAPS[self.through]

    def check_rule(self, rule: Rule, gain: float) -> None:
        self.of.check_rule(rule, gain)
        if not rule.takes_mode:
            scale = rule.sigma(gain, Fraction(1)) / self.spread
            self.check_law(Parameters(_ENTRY, gain, rule.center(), scale, rule.support(gain)))

    def check_law(self, parameters: Parameters) -> None:
        """Raise SpecError where X leaves the domain of the function, or W leaves float64."""
        if math.isnan(parameters.scale):  # a weight without elements
            return
        parent = self.of.law(parameters)
        between = f"X reaches from {number(parent.low)} to {number(parent.high)}"
        if self.map.positive and parent.low <= 0:
            raise SpecError(
                f"{self.of.name()} through={self.through}: {between}, and {self.map.symbol} needs "
                f"X > 0; raise the lower end above 0, as in uniform(low=1.0, high=16.0, "
                f"through={self.through})"
            )
        ends = [self.map(end) for end in (parent.low, parent.high) if math.isfinite(end)]
        if not all(map(math.isfinite, ends)):
            raise SpecError(
                f"{self.of.name()} through={self.through}: {between}, and {self.map.symbol} is "
                "beyond float64 there; lower the ends"
            )
        if not self.map.positive and self.map(self.of.reach(parameters)[1]) == 0:
            raise SpecError(
                f"{self.of.name()} through={self.through}: {self.map.symbol} is 0 in float64 for "
                "all X; raise the mean or the ends above -745"
            )

    def law(self, parameters: Parameters) -> Law:
        return _law(self, parameters.mean, parameters.scale, parameters.support)

    def reach(self, parameters: Parameters) -> tuple[float, float]:
        low, high = self.of.reach(parameters)
        return self.map(low), self.map(high)

    def require(self, parameters: Parameters, kind: FloatType) -> None:
        self.of.require(parameters, kind.working)
        low, high = self.reach(parameters)
        least = min(abs(low), abs(high)) if low * high > 0 else max(abs(low), abs(high))
        most = max(abs(low), abs(high))
        remedy = f"narrow or move the law of X, which is {self.of.name()}"
        kind.require_sizes(least, most, self.map.symbol, remedy)

    def sample(self, parameters: Parameters, draw: Primitives) -> Array:
        ends = self.of.law(parameters)
        low, high = self.map(ends.low), self.map(ends.high)
        return self.of.sample(parameters, maps.mapped(draw, self.map, low, high))

    def formula(self, rule: RuleFormula) -> Formula:
        parent = self.of.formula(rule)
        law = parent.law.replace("log W", "log X").replace("W ~", "X ~")
        return Formula(f"W = {self.map.symbol}, {law}", f"{self.through} of {parent.short}")

    def short_call(self, rule: Rule | None, gain: float, mode: str | None) -> str | None:
        short = None if isinstance(rule, FanRule) else self.of.short_call(rule, gain, mode)
        return short and f"{short.removesuffix(')')}, through={self.through})"

    def contrast(self, other: Distribution) -> str:
        return f"passed through {self.through}"


def _parent(family: Any) -> Elementwise:
    if isinstance(family, type) and issubclass(family, Distribution):
        family = family.name()
    if isinstance(family, str) and family in _BY_NAME:
        try:
            return _BY_NAME[family]()
        except TypeError as error:
            kind = _BY_NAME[family].__name__
            raise SpecError(f"of={family!r}: {error}; pass the object, {kind}(...)") from None
    if isinstance(family, PARENTS):
        return family
    if isinstance(family, Distribution):
        raise SpecError(
            f"{family.name()} cannot be passed through a function: pass one of "
            f"{', '.join(_BY_NAME)}"
        )
    raise SpecError(unknown("distribution to pass through a function", shown(family), _BY_NAME))


@lru_cache(maxsize=256)
def _law(family: Mapped, mean: float, scale: float, support: tuple[float, float] | None) -> Law:
    parent = family.of.law(Parameters(_ENTRY, 1.0, mean, scale, support))
    return maps.law_of(parent, family.map)


def passed(family: Elementwise, through: str | None) -> Elementwise:
    """Return the family, passed through a function unless that is None."""
    return family if through is None else Mapped(family, through)  # type: ignore[arg-type]
