"""The identity matrix."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from initspec.axes import Axes
from initspec.axes.layout import Layout
from initspec.distributions.base import Structured, Weights, exactly
from initspec.distributions.formula import Formula, RuleFormula, number
from initspec.distributions.papers import LE
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Array, Primitives
from initspec.distributions.rules import Rule
from initspec.distributions.short_calls import call
from initspec.dtypes import FloatType
from initspec.errors import ShapeError
from initspec.numerics.law import Law


class Identity(Structured, frozen=True, tag="identity"):
    """gain times the identity, rectangular too: W[i, j] = gain if i == j, else 0.

    Le, Jaitly & Hinton (2015), "A Simple Way to Initialize Recurrent Networks of Rectified Linear
    Units", section 3. It has no kernel axis; `dirac` is the identity of a convolution.
    """

    needs_axes: ClassVar[str] = "the identity needs an out and an in axis, and no other"
    least_axes: ClassVar[str] = "two axes"
    random: ClassVar[bool] = False
    paper: ClassVar[str | None] = f"{LE}, section 3"

    def check(self, layout: Layout, axes: Axes | None) -> None:
        if layout.kernel:
            raise ShapeError(
                f"identity on the shape {layout.shape} with axes '{axes}': it has no kernel axis; "
                "use dirac, the identity of a convolution"
            )

    def formula(self, rule: RuleFormula) -> Formula:
        law = f"W[i, j] = {number(rule.gain)} if i == j else 0"
        return Formula(law, law)

    def short_call(self, rule: Rule | None, gain: float, mode: str | None) -> str | None:
        return call("identity", gain=(gain, 1.0))

    def law(self, parameters: Parameters) -> Law:
        return share_of_ones(parameters)

    def sample(self, parameters: Parameters, draw: Primitives) -> Array:
        layout = parameters.layout
        return draw.weight(draw.eye(layout.stack, layout.out, layout.in_) * parameters.gain)

    def defects(self, parameters: Parameters, weights: Weights, kind: FloatType) -> Iterator[str]:
        expected = np.zeros_like(weights)
        if not weights.size:
            return
        expected[..., parameters.layout.centre] = parameters.gain * np.eye(
            parameters.layout.out, parameters.layout.in_
        )
        yield from exactly(expected, weights, kind)


def share_of_ones(parameters: Parameters) -> Law:
    """Return the law of an entry of gain times an identity: mean over the places, no randomness."""
    layout = parameters.layout
    places = layout.out * layout.columns
    ones = min(layout.out, layout.in_)
    mean = parameters.gain * ones / places if places else math.nan
    low = parameters.gain if ones == places else 0.0
    return Law(mean, 0.0, low, parameters.gain, math.nan)
