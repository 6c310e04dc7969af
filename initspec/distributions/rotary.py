"""The frequencies of rotary position embeddings."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from initspec.axes import Axes
from initspec.axes.layout import Layout
from initspec.distributions.computed import Computed, number_of, only_role, size_of
from initspec.distributions.formula import Formula, RuleFormula
from initspec.distributions.papers import SU
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Entries, Places
from initspec.distributions.rules import LARGEST, Rule
from initspec.distributions.short_calls import call
from initspec.errors import SpecError
from initspec.numerics.validation import finite

Base = Annotated[float, msgspec.Meta(gt=1, le=LARGEST)]


class Rotary(Computed, frozen=True, tag="rotary"):
    """The angles by which rotary embeddings turn a pair from one position to the next.

    Entry i of d/2 is base^(-2i/d). Su et al. (2021), "RoFormer: Enhanced Transformer with Rotary
    Position Embedding", eq. 15.

    Args:
        base: what the last frequency is about one over; above 1.
    """

    base: Base = 10000.0

    paper: ClassVar[str | None] = f"{SU}, eq. 15"

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "base", checked_base(self.base))

    def check(self, layout: Layout, axes: Axes | None) -> None:
        remedy = "the d/2 frequencies of rotary embeddings are a vector; pass the shape (d/2,)"
        only_role("rotary", layout, axes, remedy)

    def entries(self, parameters: Parameters) -> Entries:
        layout = parameters.layout
        role = layout.roles[0]
        pairs = size_of(layout, role)

        def values(members: Places, rows: Places, columns: Places) -> NDArray[np.float64]:
            return frequencies(self.base, number_of(role, layout, members, rows, columns), pairs)

        return values

    def short_call(self, rule: Rule | None, gain: float, mode: str | None) -> str | None:
        return call("rotary", base=(self.base, 10000.0))

    def formula(self, rule: RuleFormula) -> Formula:
        values = f"{self.base:g}^(-2i / d)"
        return Formula(f"W = {values}, i = 0 ... d/2 - 1", values)


def checked_base(base: object) -> float:
    """Return a base as a float; raise SpecError where it is not above 1."""
    value = finite("base", base)
    if value <= 1:
        raise SpecError(f"base={value!r}: pass a number above 1, such as 10000.0")
    return value


def frequencies(base: float, i: Places, steps: int) -> NDArray[np.float64]:
    """Return base^(-i / steps), by operations that are the same on every machine."""
    from initspec.numerics.elementary import exp, log  # its tables take longer than it does

    return exp(-(i * log(base) / steps))
