"""The truncated normal distribution."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from initspec.distributions.base import Elementwise
from initspec.distributions.primitives import Array, Primitives
from initspec.distributions.rules import Finite
from initspec.errors import SpecError
from initspec.numerics import gaussian
from initspec.numerics.law import Law
from initspec.numerics.validation import finite
from initspec.spec.resolve import Resolved

LEAST_MASS = 1e-9
"""The least P(lower <= Z <= upper): below it float32 samplers see but a few distinct values."""


class TruncatedNormal(Elementwise, frozen=True, tag="truncated_normal"):
    """A normal conditioned on lying between two bounds: Y ~ N(0, 1) given lower <= Y <= upper.

    The law is never recentred: `mean` is the parent's, and with unequal bounds the weights' own
    mean differs (`InitSpec.mean` gives it).

    Args:
        lower: lower bound in standard deviations of the parent.
        upper: upper bound in standard deviations of the parent.
        corrected: True makes sigma the std of the weights, as `variance_scaling` of Keras and JAX
            does: the parent's std is sigma / sd(Y), sigma / 0.8796 at two sigmas. False makes sigma
            the parent's std, as Keras' `TruncatedNormal` and JAX' `truncated_normal` do.

    Raises:
        SpecError: lower >= upper, or fewer than one normal in a billion lies between them.
    """

    lower: Finite = -2.0
    upper: Finite = 2.0
    corrected: bool = True

    def __post_init__(self) -> None:
        lower, upper = finite("lower", self.lower), finite("upper", self.upper)
        if not isinstance(self.corrected, bool):
            raise SpecError(f"corrected={self.corrected!r}: pass True or False")
        if lower >= upper:
            raise SpecError(f"lower={lower!r}, upper={upper!r}: lower must lie below upper")
        if gaussian.truncated(lower, upper).mass < LEAST_MASS:
            raise SpecError(
                f"lower={lower!r}, upper={upper!r}: less than {LEAST_MASS:g} of a normal law lies "
                "between them, too little to draw from; bring the bounds nearer to 0 or apart"
            )
        msgspec.structs.force_setattr(self, "lower", lower)
        msgspec.structs.force_setattr(self, "upper", upper)

    @property
    def variate(self) -> Law:
        moments = gaussian.truncated(self.lower, self.upper)
        # Above 0 the mirrored tail is measured: there the cdf is near 1, and differences cancel.
        side = -1.0 if self.lower > 0 else 1.0
        below = gaussian.cdf(side * self.lower)

        def cdf(y: ArrayLike) -> NDArray[np.float64]:
            inside = np.clip(np.asarray(y, np.float64), self.lower, self.upper)
            share = side * (gaussian.cdf(side * inside) - below) / moments.mass
            return np.clip(share, 0.0, 1.0)

        return Law(moments.mean, moments.std, self.lower, self.upper, moments.kurtosis, cdf)

    @property
    def spread(self) -> float:
        return gaussian.truncated(self.lower, self.upper).std if self.corrected else 1.0

    def sample(self, resolved: Resolved, draw: Primitives) -> Array:
        return draw.truncated_normal(resolved.mean, resolved.scale, self.lower, self.upper)
