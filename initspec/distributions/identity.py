"""The identity matrix, and noise added to it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, ClassVar, Self

import msgspec
import numpy as np

from initspec.axes import Axes
from initspec.axes.layout import Layout
from initspec.distributions.base import REACH, Distribution, Structured, Weights, exactly
from initspec.distributions.formula import Formula, RuleFormula, number
from initspec.distributions.papers import LE
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Array, Primitives
from initspec.distributions.rules import LARGEST, Rule
from initspec.distributions.short_calls import call
from initspec.dtypes import FloatType
from initspec.errors import ShapeError, SpecError
from initspec.numerics.law import NORMAL, Law
from initspec.numerics.validation import finite

_NONE = 0.0


class Identity(Structured, frozen=True, tag="identity", omit_defaults=True):
    """gain times the identity, rectangular too: W[i, j] = gain if i == j, else 0.

    Le, Jaitly & Hinton (2015), "A Simple Way to Initialize Recurrent Networks of Rectified Linear
    Units", section 3. It has no kernel axis; `dirac` is the identity of a convolution.

    Args:
        noise: the standard deviation of independent normal noise that is added to every entry, in
            units of the weight: the gain does not multiply it.
    """

    noise: Annotated[float, msgspec.Meta(ge=0, le=LARGEST)] = _NONE

    needs_axes: ClassVar[str] = "the identity needs an out and an in axis, and no other"
    least_axes: ClassVar[str] = "two axes"
    paper: ClassVar[str | None] = f"{LE}, section 3"

    def __post_init__(self) -> None:
        noise = finite("noise", self.noise)
        if noise < 0:
            raise SpecError(f"noise={noise!r}: pass a standard deviation, 0 or above")
        # msgspec omits a default by its identity.
        msgspec.structs.force_setattr(self, "noise", noise or _NONE)

    @property
    def random(self) -> bool:  # type: ignore[override]
        return self.noise > 0

    def check(self, layout: Layout, axes: Axes | None) -> None:
        if layout.kernel:
            raise ShapeError(
                f"identity on the shape {layout.shape} with axes '{axes}': it has no kernel axis; "
                "use dirac, the identity of a convolution"
            )

    def scaled_by(self, factor: float) -> Self:
        return msgspec.structs.replace(self, noise=self.noise * factor)

    def formula(self, rule: RuleFormula) -> Formula:
        law = f"W[i, j] = {number(rule.gain)} if i == j else 0"
        if self.noise:
            law = f"W = {rule.times}I + N(0, {number(self.noise)}^2), independent entries"
        return Formula(law, law)

    def short_call(self, rule: Rule | None, gain: float, mode: str | None) -> str | None:
        return call("identity", gain=(gain, 1.0), noise=(self.noise, 0.0))

    def contrast(self, other: Distribution) -> str:
        if type(self) is not type(other):
            return super().contrast(other)
        return f"with noise of std {number(self.noise)}" if self.noise else "without noise"

    def law(self, parameters: Parameters) -> Law:
        places = share_of_ones(parameters)
        if not self.noise:
            return places
        return Law(places.mean, self.noise, -math.inf, math.inf, math.nan)

    def reach(self, parameters: Parameters) -> tuple[float, float]:
        low, high = share_of_ones(parameters).low, parameters.gain
        return low - REACH * self.noise, high + REACH * self.noise

    def sample(self, parameters: Parameters, draw: Primitives) -> Array:
        layout = parameters.layout
        matrix = draw.eye(layout.stack, layout.out, layout.in_) * parameters.gain
        return draw.weight(self._with_noise(matrix, layout, draw))

    def _with_noise(self, matrix: Array, layout: Layout, draw: Primitives) -> Array:
        if not self.noise:
            return matrix
        return matrix + draw.normals(layout.stack, layout.out, layout.columns, self.noise)

    def independent(self, parameters: Parameters, weights: Weights) -> tuple[Weights, Law | None]:
        if not self.noise:
            return super().independent(parameters, weights)
        # Those beside the diagonal: the others are rounded as numbers of the gain's size are.
        return weights[_identity(parameters, weights) == 0], NORMAL.affine(0.0, self.noise)

    def defects(self, parameters: Parameters, weights: Weights, kind: FloatType) -> Iterator[str]:
        if not weights.size:
            return
        expected = _identity(parameters, weights)
        if not self.noise:
            yield from exactly(expected, weights, kind)
            return
        far = REACH * self.noise + kind.eps * parameters.gain
        wrong = int(np.sum(np.abs(weights - expected)[expected != 0] > far))
        if wrong:
            yield f"{wrong} values of the diagonal are not its gain with noise of {self.noise:g}"


def _identity(parameters: Parameters, weights: Weights) -> Weights:
    layout = parameters.layout
    expected = np.zeros_like(weights)
    expected[..., layout.centre] = parameters.gain * np.eye(layout.out, layout.in_)
    return expected


def share_of_ones(parameters: Parameters) -> Law:
    """Return the law of an entry of gain times an identity: mean over the places, no randomness."""
    layout = parameters.layout
    places = layout.out * layout.columns
    ones = min(layout.out, layout.in_)
    mean = parameters.gain * ones / places if places else math.nan
    low = parameters.gain if ones == places else 0.0
    return Law(mean, 0.0, low, parameters.gain, math.nan)
