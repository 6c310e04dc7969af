"""The base classes of the families: law, sampler, formula and invariants."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, ClassVar, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from initspec.axes import Axes
from initspec.axes.layout import Layout
from initspec.distributions.formula import Formula, RuleFormula
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Array, Primitives
from initspec.distributions.rules import FanRule, Rule, Std
from initspec.dtypes import FloatType
from initspec.errors import SpecError
from initspec.numerics.law import Law

REACH = 8.0
"""How many standard deviations an unbounded law reaches: beyond lies a mass of 1.2e-15."""

Weights = NDArray[np.float64]
"""A drawn weight in logical order, [stack, out, in, kernel], as float64."""


class Distribution(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    """A family: its law, its sampler in terms of a framework's primitives, and its invariants.

    Attributes:
        rules: the variance rules that go with it; none for structured families.
        takes_gain: whether a gain goes with it.
        parents: the families that it can be made of, whose rules and gain then are its own.
        needs_axes: what in it needs which axes, as a sentence; "" where nothing does.
        least_axes: the shape in which a convention finds these axes, in words.
        paper: where the family comes from; None where its variance rule does.
        glorot_equation: the equation of Glorot & Bengio (2010) that has it under fan_avg.
        passes: whether its numbers pass through a function.
        truncates: whether it cuts the tails of another law.
        keeps_norm: whether a layer of it keeps the norm of its inputs.
        random: whether it draws random numbers.
        computed: whether each entry is computed from its place, by the primitive of that name.
        exact: whether the portable stream has the same bits of it on every machine.
    """

    rules: ClassVar[tuple[type[Rule], ...]] = (FanRule, Std)
    takes_gain: ClassVar[bool] = True
    parents: ClassVar[tuple[type[Distribution], ...]] = ()
    needs_axes: ClassVar[str] = ""
    least_axes: ClassVar[str] = "two axes or more"
    paper: ClassVar[str | None] = None
    glorot_equation: ClassVar[int] = 12
    passes: ClassVar[bool] = False
    truncates: ClassVar[bool] = False
    keeps_norm: ClassVar[bool] = False
    random: ClassVar[bool] = True
    computed: ClassVar[bool] = False
    exact: ClassVar[bool] = True

    @classmethod
    def name(cls) -> str:
        """Return the name that texts and documents use."""
        return str(cls.__struct_config__.tag)

    @property
    def spread(self) -> float:
        """The standard deviation of the standard variate that sigma stands for."""
        return 1.0

    @property
    def sigma_is_std(self) -> bool:
        """Whether sigma is the standard deviation of the weights, not of a parent law."""
        return True

    @property
    def std_note(self) -> str:
        """What the std of the weights is, where it differs from sigma; "" where it does not."""
        return ""

    def scaled_by(self, factor: float) -> Self:
        """Return the family with its numbers in units of the weight multiplied by a factor."""
        return self

    def formula(self, rule: RuleFormula) -> Formula:
        """Return the law in symbols."""
        raise NotImplementedError(f"{self.name()} has no formula: write one in its class")

    def short_call(self, rule: Rule | None, gain: float, mode: str | None) -> str | None:
        """Return the named constructor that makes a spec of this family; None where none does."""
        return None

    def contrast(self, other: Distribution) -> str:
        """Return, in a few words, what this family is beside another one."""
        return self.name().replace("_", " ") if type(self) is not type(other) else str(self)

    def density(self, parameters: Parameters) -> tuple[Law, float] | None:
        """Return the law of the random entries and the share of exact zeros; None without a law."""
        return None

    def check_rule(self, rule: Rule, gain: float) -> None:
        """Raise SpecError where the variance rule and the gain do not go with this family."""
        if not isinstance(rule, self.rules):
            allowed = ", ".join(kind.__name__ for kind in self.rules)
            remedy = (
                f"pass one of {allowed}" if allowed else "it takes no variance rule; leave it out"
            )
            raise SpecError(f"variance={rule!r} with {self.name()}: {remedy}")

    @classmethod
    def rule_schema(cls) -> tuple[dict[str, Any], ...]:
        """Return the JSON Schema of what `check_rule` checks beyond `rules`."""
        return ()

    def check(self, layout: Layout, axes: Axes | None) -> None:
        """Raise ShapeError where the family cannot fill the layout."""

    def check_law(self, parameters: Parameters) -> None:
        """Raise SpecError where the family has no law of these numbers."""

    def require(self, parameters: Parameters, kind: FloatType) -> None:
        """Raise DtypeError where the dtype cannot hold the values."""
        law, (low, high) = self.law(parameters), self.reach(parameters)
        largest = max(abs(low), abs(high))
        # Structured families have no scale: their size is that of an entry.
        kind.require(largest, parameters.scale or law.std or largest)
        if math.isfinite(law.low) and math.isfinite(law.high):
            # A bounded law is drawn from its width, in float32 or wider.
            kind.working.require(high - low, 0.0)

    def drawn(self, layout: Layout) -> Layout:
        """Return the layout of what is drawn of a weight; its fans are those of the law."""
        return layout

    def law(self, parameters: Parameters) -> Law:
        """Return the law of one entry of the weight."""
        raise NotImplementedError

    def reach(self, parameters: Parameters) -> tuple[float, float]:
        """Return the ends between which all entries lie but for a share of 1.2e-15."""
        law = self.law(parameters)
        if not parameters.scale:
            return law.low, law.high
        wide = REACH * parameters.scale
        return max(law.low, parameters.mean - wide), min(law.high, parameters.mean + wide)

    def sample(self, parameters: Parameters, draw: Primitives) -> Array:
        """Draw the weight with a framework's primitives, in its own shape and dtype."""
        raise NotImplementedError

    def independent(self, parameters: Parameters, weights: Weights) -> tuple[Weights, Law | None]:
        """Return the entries that are independent draws of one law, flat, and that law."""
        raise NotImplementedError

    def defects(self, parameters: Parameters, weights: Weights, kind: FloatType) -> Iterator[str]:
        """Say, a sentence each, which of the family's invariants drawn weights break."""
        yield from ()


class Elementwise(Distribution, frozen=True):
    """Families whose entries are independent and identically distributed, W = mean + scale * Y."""

    @property
    def variate(self) -> Law:
        """The law of the standard variate Y."""
        raise NotImplementedError

    def law(self, parameters: Parameters) -> Law:
        return self.variate.affine(parameters.mean, parameters.scale)

    def independent(self, parameters: Parameters, weights: Weights) -> tuple[Weights, Law | None]:
        return weights.ravel(), self.law(parameters)

    def density(self, parameters: Parameters) -> tuple[Law, float]:
        return self.law(parameters), 0.0

    def defects(self, parameters: Parameters, weights: Weights, kind: FloatType) -> Iterator[str]:
        law = self.law(parameters)
        # The ends themselves are rounded to the dtype, and so is each step on the way to them.
        slack = 4 * kind.eps * max(abs(law.low), abs(law.high)) if law.low > -np.inf else 0.0
        outside = int(np.sum((weights < law.low - slack) | (weights > law.high + slack)))
        if outside:
            yield f"{outside} values outside [{law.low:.6g}, {law.high:.6g}]"


class Structured(Distribution, frozen=True):
    """Families that fill each stack member with a matrix of a given structure: a gain, no rule."""

    rules: ClassVar[tuple[type[Rule], ...]] = ()

    def independent(self, parameters: Parameters, weights: Weights) -> tuple[Weights, Law | None]:
        return np.empty(0), None


def scaled(matrix: Array, gain: float) -> Array:
    """Return gain * matrix; at gain 1 the matrix itself, without a pass over it."""
    return matrix if gain == 1 else matrix * gain


def exactly(expected: Weights, weights: Weights, kind: FloatType) -> Iterator[str]:
    """Say where weights that should be fixed are not, beyond the rounding of their dtype."""
    rounding = np.maximum(kind.eps * np.abs(expected), kind.smallest) / 2
    wrong = int(np.sum(np.abs(weights - expected) > rounding))
    if wrong:
        yield f"{wrong} values are not the fixed ones of this family"
