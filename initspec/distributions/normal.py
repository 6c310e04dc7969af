"""The normal distribution."""

from __future__ import annotations

from initspec.distributions.base import Elementwise
from initspec.distributions.primitives import Array, Primitives
from initspec.numerics.law import NORMAL, Law
from initspec.spec.resolve import Resolved


class Normal(Elementwise, frozen=True, tag="normal"):
    """Independent N(mean, sigma^2) entries, untruncated: Y ~ N(0, 1).

    With scale 2 and fan_in it is the initialization of He et al. (2015), "Delving Deep into
    Rectifiers", eq. 10, as the paper and torch have it; Keras and JAX truncate theirs.
    """

    @property
    def variate(self) -> Law:
        return NORMAL

    def sample(self, resolved: Resolved, draw: Primitives) -> Array:
        return draw.normal(resolved.mean, resolved.scale)
