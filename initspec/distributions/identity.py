"""The identity matrix."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from initspec.axes import Axes
from initspec.axes.layout import Layout
from initspec.distributions.base import Structured, Weights, exactly
from initspec.distributions.primitives import Array, Primitives
from initspec.dtypes import FloatType
from initspec.errors import ShapeError
from initspec.numerics.law import Law
from initspec.spec.resolve import Resolved


class Identity(Structured, frozen=True, tag="identity"):
    """gain times the identity, rectangular too: W[i, j] = gain if i == j, else 0.

    Le, Jaitly & Hinton (2015), "A Simple Way to Initialize Recurrent Networks of Rectified Linear
    Units", section 3. It has no kernel axis; `dirac` is the identity of a convolution.
    """

    needs_axes: ClassVar[str] = "the identity needs an out and an in axis, and no other"
    least_axes: ClassVar[str] = "two axes"

    def check(self, layout: Layout, axes: Axes | None) -> None:
        if layout.kernel:
            raise ShapeError(
                f"identity on the shape {layout.shape} with axes '{axes}': it has no kernel axis; "
                "use dirac, the identity of a convolution"
            )

    def law(self, resolved: Resolved) -> Law:
        return share_of_ones(resolved)

    def sample(self, resolved: Resolved, draw: Primitives) -> Array:
        layout = resolved.layout
        return draw.weight(draw.eye(layout.stack, layout.out, layout.in_) * resolved.gain)

    def defects(self, resolved: Resolved, weights: Weights, kind: FloatType) -> Iterator[str]:
        expected = np.zeros_like(weights)
        if not weights.size:
            return
        expected[..., resolved.layout.centre] = resolved.gain * np.eye(
            resolved.layout.out, resolved.layout.in_
        )
        yield from exactly(expected, weights, kind)


def share_of_ones(resolved: Resolved) -> Law:
    """Return the law of an entry of gain times an identity: mean over the places, no randomness."""
    layout = resolved.layout
    places = layout.out * layout.columns
    ones = min(layout.out, layout.in_)
    mean = resolved.gain * ones / places if places else math.nan
    low = resolved.gain if ones == places else 0.0
    return Law(mean, 0.0, low, resolved.gain, math.nan)
