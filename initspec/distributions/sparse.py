"""The sparse normal distribution."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

import msgspec
import numpy as np

from initspec.axes.layout import Layout
from initspec.distributions.base import Distribution, Weights
from initspec.distributions.formula import Formula, RuleFormula, number
from initspec.distributions.papers import MARTENS
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Array, Primitives
from initspec.distributions.rules import Rule, Std
from initspec.distributions.short_calls import call, folded
from initspec.dtypes import FloatType
from initspec.errors import SpecError, unknown
from initspec.numerics.law import NORMAL, Law
from initspec.numerics.validation import finite


class Sparse(Distribution, frozen=True, tag="sparse"):
    """Normal entries, with the same number of exact zeros in each slice; sigma is the non-zeros'.

    Martens (2010), "Deep learning via Hessian-free optimization", section 5: each unit keeps the
    same number of incoming connections. A slice of n entries has exactly ceil(sparsity * n) zeros,
    sparsity read as the decimal number that it prints as (0.07 of 100 is 7).

    Args:
        sparsity: the share of zeros, at least 0 and below 1.
        along: "in", each row of the matrix [out, in * kernel] is a slice (as in the paper); "out",
            each column is (what torch's `sparse_` does to a Linear weight).
    """

    sparsity: Annotated[float, msgspec.Meta(ge=0, lt=1)]
    along: Literal["in", "out"] = "in"

    needs_axes: ClassVar[str] = "a sparse law needs an out and an in axis"
    paper: ClassVar[str | None] = f"{MARTENS}, section 5"

    def __post_init__(self) -> None:
        sparsity = finite("sparsity", self.sparsity)
        if not 0 <= sparsity < 1:
            raise SpecError(f"sparsity={sparsity!r}: pass a share of zeros in [0, 1)")
        if self.along not in ("in", "out"):
            raise SpecError(unknown("value of along", self.along, ("in", "out")))
        msgspec.structs.force_setattr(self, "sparsity", sparsity)
        msgspec.structs.force_setattr(self, "along", str(self.along))  # np.str_ is no JSON

    def check_rule(self, rule: Rule, gain: float) -> None:
        super().check_rule(rule, gain)
        if rule.center():
            raise SpecError(f"mean={rule.center()!r} with sparse: its mean is 0; leave it out")

    @classmethod
    def rule_schema(cls) -> tuple[dict[str, Any], ...]:
        return ({"properties": {"mean": {"const": 0}}},)

    def zeros(self, layout: Layout) -> tuple[int, int]:
        """Return how many zeros a slice has, and how many entries."""
        entries = layout.columns if self.along == "in" else layout.out
        # Decimal(repr), because the float 0.07 times 100 is above 7.
        return math.ceil(Fraction(Decimal(repr(self.sparsity))) * entries), entries

    def law(self, parameters: Parameters) -> Law:
        zeros, entries = self.zeros(parameters.layout)
        share = (entries - zeros) / entries if entries else math.nan

        def cdf(x: object) -> Weights:
            parent = NORMAL.affine(0.0, parameters.scale).cdf
            assert parent is not None
            return share * parent(x) + (1 - share) * (np.asarray(x) >= 0)  # type: ignore[arg-type]

        if not share:
            return Law(0.0, 0.0, 0.0, 0.0, math.nan, lambda x: (np.asarray(x) >= 0) * 1.0)
        return Law(0.0, math.sqrt(share) * parameters.scale, -math.inf, math.inf, 3.0 / share, cdf)

    def sample(self, parameters: Parameters, draw: Primitives) -> Array:
        layout = parameters.layout
        zeros, entries = self.zeros(layout)
        rows = layout.out if self.along == "in" else layout.columns
        matrix = draw.sparse(layout.stack, rows, entries, entries - zeros, parameters.scale)
        return draw.weight(matrix if self.along == "in" else draw.transpose(matrix))

    def independent(self, parameters: Parameters, weights: Weights) -> tuple[Weights, Law | None]:
        return weights[weights != 0], NORMAL.affine(0.0, parameters.scale)

    @property
    def std_note(self) -> str:
        return " over all entries, zeros too"

    def formula(self, rule: RuleFormula) -> Formula:
        share = "0" if self.sparsity == 0 else f"ceil({number(self.sparsity)} n)"
        zeros = f"{share} zeros in each {'row' if self.along == 'in' else 'column'} of n"
        law = f"W ~ N(0, sigma^2) with {zeros}, sigma = {rule.sigma}"
        return Formula(law, f"N(0, {rule.variance}), {zeros}")

    def short_call(self, rule: Rule | None, gain: float, mode: str | None) -> str | None:
        match folded(rule, gain):
            case Std(std, _):
                return call("sparse", sparsity=self.sparsity, std=std, along=(self.along, "in"))
        return None

    def density(self, parameters: Parameters) -> tuple[Law, float]:
        # Each kept weight is normal; the share of zeros depends on the shape by a rounding alone.
        return NORMAL.affine(0.0, parameters.scale), self.sparsity

    def defects(self, parameters: Parameters, weights: Weights, kind: FloatType) -> Iterator[str]:
        zeros, entries = self.zeros(parameters.layout)
        axes = (2, 3) if self.along == "in" else (1,)
        wrong = int(np.sum(np.sum(weights == 0, axis=axes) != zeros))
        if wrong:
            yield f"{wrong} slices of {entries} do not have exactly {zeros} zeros"
