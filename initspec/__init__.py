"""initspec: say once what a network's initial weights should be, and get exactly that everywhere.

>>> import numpy as np
>>> spec = InitSpec.he_normal()
>>> weight = spec.to_numpy()((512, 256), rng=np.random.default_rng(0))
>>> weight.shape, spec.fans((512, 256)).fan_in
((512, 256), 256)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from initspec.activations.gains import gain
from initspec.api import InitSpec
from initspec.axes import Axes
from initspec.axes.fans import Fans
from initspec.backend import Backend, backends
from initspec.distributions import (
    Constant,
    DeltaOrthogonal,
    Dirac,
    Identity,
    Normal,
    Orthogonal,
    Sparse,
    TruncatedNormal,
    Uniform,
)
from initspec.distributions.rules import FanRule, Range, Std
from initspec.errors import InitSpecError, InitSpecWarning
from initspec.notebook import HtmlRepr

if TYPE_CHECKING:
    from initspec.propagation import propagate

__version__ = "0.1.0"

__all__ = [
    "Axes",
    "Backend",
    "Constant",
    "DeltaOrthogonal",
    "Dirac",
    "FanRule",
    "Fans",
    "Identity",
    "InitSpec",
    "InitSpecError",
    "InitSpecWarning",
    "Normal",
    "Orthogonal",
    "Range",
    "Sparse",
    "Std",
    "TruncatedNormal",
    "Uniform",
    "backends",
    "gain",
    "propagate",
]


def _to_html(value: object) -> str:
    from initspec.display import to_html  # a notebook's need alone

    return to_html(value)


HtmlRepr._to_html = staticmethod(_to_html)


def __getattr__(name: str) -> Any:
    """Import `propagate` on first use: it would be a third of the cost of the import."""
    if name != "propagate":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from initspec.propagation import propagate

    return propagate
