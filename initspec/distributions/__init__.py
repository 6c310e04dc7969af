"""The families of distributions, one file each: a new one is a new file and a line in FAMILIES."""

from __future__ import annotations

from initspec.distributions.base import Distribution, Elementwise, Structured
from initspec.distributions.constant import Constant
from initspec.distributions.delta_orthogonal import DeltaOrthogonal
from initspec.distributions.dirac import Dirac
from initspec.distributions.hippo_legs import HippoLegS
from initspec.distributions.identity import Identity
from initspec.distributions.log_uniform import LogUniform
from initspec.distributions.mapped import Mapped
from initspec.distributions.names import meant_by, whole_spec
from initspec.distributions.normal import Normal
from initspec.distributions.orthogonal import Orthogonal
from initspec.distributions.ramp import Ramp
from initspec.distributions.rotary import Rotary
from initspec.distributions.rules import Rule
from initspec.distributions.sinusoidal import Sinusoidal
from initspec.distributions.sparse import Sparse
from initspec.distributions.truncated_normal import TruncatedNormal
from initspec.distributions.uniform import Uniform
from initspec.errors import SpecError, unknown

FAMILIES: dict[str, type[Distribution]] = {
    family.name(): family
    for family in (
        Normal,
        Uniform,
        TruncatedNormal,
        Sparse,
        Orthogonal,
        DeltaOrthogonal,
        Identity,
        Dirac,
        Constant,
        Ramp,
        Sinusoidal,
        Rotary,
        HippoLegS,
        LogUniform,
        Mapped,
    )
}
"""Every family by the name that texts and documents use."""


def distribution_of(distribution: object) -> Distribution:
    """Return the family of a name, a class or an instance.

    Raises:
        SpecError: the name is unknown, or names a family that needs an argument.
    """
    if isinstance(distribution, Distribution):
        return distribution
    if isinstance(distribution, type) and issubclass(distribution, Distribution):
        distribution = distribution.name()
    if not isinstance(distribution, str) or distribution not in FAMILIES:
        if isinstance(distribution, Rule):
            raise SpecError(
                f"{distribution!r} is a variance rule; write InitSpec('normal', {distribution!r})"
            )
        problem = whole_spec(distribution, "distribution")
        meant = meant_by(distribution)
        raise SpecError(problem or unknown("distribution", distribution, FAMILIES, meant))
    family = FAMILIES[distribution]
    try:
        return family()
    except TypeError as error:
        raise SpecError(
            f"distribution={distribution!r}: {error}; pass the object, {family.__name__}(...)"
        ) from None


__all__ = [
    "FAMILIES",
    "Constant",
    "DeltaOrthogonal",
    "Dirac",
    "Distribution",
    "Elementwise",
    "HippoLegS",
    "Identity",
    "LogUniform",
    "Mapped",
    "Normal",
    "Orthogonal",
    "Ramp",
    "Rotary",
    "Sinusoidal",
    "Sparse",
    "Structured",
    "TruncatedNormal",
    "Uniform",
    "distribution_of",
]
