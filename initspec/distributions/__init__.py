"""The families of distributions, one file each: a new one is a new file and a line in FAMILIES."""

from __future__ import annotations

from initspec.distributions.base import Distribution, Elementwise, Structured
from initspec.distributions.constant import Constant
from initspec.distributions.delta_orthogonal import DeltaOrthogonal
from initspec.distributions.dirac import Dirac
from initspec.distributions.hippo_legs import HippoLegS
from initspec.distributions.identity import Identity
from initspec.distributions.log_uniform import LogUniform
from initspec.distributions.lookup import FAMILIES, distribution_of
from initspec.distributions.mapped import Mapped
from initspec.distributions.normal import Normal
from initspec.distributions.orthogonal import Orthogonal
from initspec.distributions.ramp import Ramp
from initspec.distributions.repeat import Repeat
from initspec.distributions.rotary import Rotary
from initspec.distributions.sinusoidal import Sinusoidal
from initspec.distributions.sparse import Sparse
from initspec.distributions.truncated_normal import TruncatedNormal
from initspec.distributions.uniform import Uniform

FAMILIES.update(
    (family.name(), family)
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
        Repeat,
    )
)

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
    "Repeat",
    "Rotary",
    "Sinusoidal",
    "Sparse",
    "Structured",
    "TruncatedNormal",
    "Uniform",
    "distribution_of",
]
