"""Orthogonal convolutions."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np

from initspec.axes import Axes
from initspec.axes.layout import Layout
from initspec.distributions.base import Weights, scaled
from initspec.distributions.formula import Formula, RuleFormula, fixed_matrix
from initspec.distributions.orthogonal import Orthogonal, not_orthonormal, unit_vector
from initspec.distributions.papers import XIAO
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Array, Primitives
from initspec.distributions.rules import Rule
from initspec.distributions.short_calls import call
from initspec.dtypes import FloatType
from initspec.errors import ShapeError
from initspec.numerics.law import Law


class DeltaOrthogonal(Orthogonal, frozen=True, tag="delta_orthogonal"):
    """A Haar orthogonal [out, in] matrix at the centre of the receptive field, 0 elsewhere.

    Xiao et al. (2018), "Dynamical Isometry and a Mean Field Theory of CNNs", algorithm 1: the
    convolution keeps norms, which needs out >= in. The centre is (size - 1) // 2 on each axis.
    """

    needs_axes = "a delta-orthogonal kernel needs an out, an in and a kernel axis"
    least_axes = "three axes or more"
    paper = f"{XIAO}, algorithm 1"

    def check(self, layout: Layout, axes: Axes | None) -> None:
        weight = f"delta_orthogonal on the shape {layout.shape} with axes '{axes}'"
        if not layout.kernel:
            raise ShapeError(f"{weight}: it needs a kernel axis; use orthogonal without one")
        if layout.out < layout.in_:
            raise ShapeError(
                f"{weight}: it needs at least as many outputs as inputs, and has {layout.out} "
                f"outputs and {layout.in_} inputs; use orthogonal with fewer"
            )

    def formula(self, rule: RuleFormula) -> Formula:
        where = "at the centre of the receptive field"
        return fixed_matrix(f"{rule.times}Q {where}, Q Haar orthogonal [out, in]")

    def short_call(self, rule: Rule | None, gain: float, mode: str | None) -> str | None:
        return call("delta_orthogonal", gain=(gain, 1.0))

    def law(self, parameters: Parameters) -> Law:
        # All but one tap in `taps` is 0, which divides the variance and multiplies the kurtosis.
        centre, taps = unit_vector(parameters.gain, parameters.layout.out), parameters.layout.taps
        return dataclasses.replace(
            centre,
            std=centre.std / math.sqrt(taps) if taps else math.nan,
            kurtosis=centre.kurtosis * taps,
        )

    def sample(self, parameters: Parameters, draw: Primitives) -> Array:
        layout = parameters.layout
        matrix = scaled(draw.haar(layout.stack, layout.out, layout.in_), parameters.gain)
        return draw.weight(draw.at(matrix, layout.centre, layout.taps))

    def defects(self, parameters: Parameters, weights: Weights, kind: FloatType) -> Iterator[str]:
        if not weights.size:
            return
        centre = weights[..., parameters.layout.centre]
        yield from not_orthonormal(centre / parameters.gain, kind)
        others = int(np.sum(weights != 0) - np.sum(centre != 0))
        if others:
            yield f"{others} values off the centre of the receptive field are not 0"
