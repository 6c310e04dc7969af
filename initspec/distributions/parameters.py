"""The numbers that a family needs to draw one weight."""

from __future__ import annotations

from dataclasses import dataclass

from initspec.axes.layout import Layout


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a family is drawn from: W = mean + scale * Y, on the layout of one weight.

    Attributes:
        layout: the shape with the role of each axis.
        gain: the spec's gain; what a structured family multiplies its matrix with.
        mean: the mean of the parent law.
        scale: what the standard variate Y is multiplied with.
        support: the exact ends, where the rule fixes them.
    """

    layout: Layout
    gain: float
    mean: float
    scale: float
    support: tuple[float, float] | None = None
