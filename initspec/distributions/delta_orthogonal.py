"""Orthogonal convolutions."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np

from initspec.axes import Axes
from initspec.axes.layout import Layout
from initspec.distributions.base import Weights, scaled
from initspec.distributions.orthogonal import Orthogonal, not_orthonormal, unit_vector
from initspec.distributions.primitives import Array, Primitives
from initspec.dtypes import FloatType
from initspec.errors import ShapeError
from initspec.numerics.law import Law
from initspec.spec.resolve import Resolved


class DeltaOrthogonal(Orthogonal, frozen=True, tag="delta_orthogonal"):
    """A Haar orthogonal [out, in] matrix at the centre of the receptive field, 0 elsewhere.

    Xiao et al. (2018), "Dynamical Isometry and a Mean Field Theory of CNNs", algorithm 1: the
    convolution keeps norms, which needs out >= in. The centre is (size - 1) // 2 on each axis.
    """

    needs_axes = "a delta-orthogonal kernel needs an out, an in and a kernel axis"
    least_axes = "three axes or more"

    def check(self, layout: Layout, axes: Axes | None) -> None:
        said = f"delta_orthogonal on the shape {layout.shape} with axes '{axes}'"
        if not layout.kernel:
            raise ShapeError(f"{said}: it needs a kernel axis; use orthogonal without one")
        if layout.out < layout.in_:
            raise ShapeError(
                f"{said}: it needs at least as many outputs as inputs, and has {layout.out} "
                f"outputs and {layout.in_} inputs; use orthogonal with fewer"
            )

    def law(self, resolved: Resolved) -> Law:
        # All but one tap in `taps` is 0, which divides the variance and multiplies the kurtosis.
        centre, taps = unit_vector(resolved.gain, resolved.layout.out), resolved.layout.taps
        return dataclasses.replace(
            centre,
            std=centre.std / math.sqrt(taps) if taps else math.nan,
            kurtosis=centre.kurtosis * taps,
        )

    def sample(self, resolved: Resolved, draw: Primitives) -> Array:
        layout = resolved.layout
        matrix = scaled(draw.haar(layout.stack, layout.out, layout.in_), resolved.gain)
        return draw.weight(draw.at(matrix, layout.centre, layout.taps))

    def defects(self, resolved: Resolved, weights: Weights, kind: FloatType) -> Iterator[str]:
        if not weights.size:
            return
        centre = weights[..., resolved.layout.centre]
        yield from not_orthonormal(centre / resolved.gain, kind)
        others = int(np.sum(weights != 0) - np.sum(centre != 0))
        if others:
            yield f"{others} values off the centre of the receptive field are not 0"
