"""initspec: say once what a network's initial weights should be, and get exactly that everywhere.

>>> import numpy as np
>>> from initspec import InitSpec
>>> spec = InitSpec.he_normal()
>>> weight = spec.to_numpy()((512, 256), rng=np.random.default_rng(0))
>>> weight.shape, spec.fans((512, 256)).fan_in
((512, 256), 256)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from initspec.follow import follow
from initspec.notebook import HtmlRepr

if TYPE_CHECKING:
    from initspec.activations.gains import gain
    from initspec.api import InitSpec
    from initspec.axes import Axes
    from initspec.axes.fans import Fans
    from initspec.backend import Backend, backends
    from initspec.backend.layers import register_layer
    from initspec.distributions import (
        Constant,
        DeltaOrthogonal,
        Dirac,
        HippoLegS,
        Identity,
        LogUniform,
        Mapped,
        Normal,
        Orthogonal,
        Ramp,
        Repeat,
        Rotary,
        Sinusoidal,
        Sparse,
        TruncatedNormal,
        Uniform,
    )
    from initspec.distributions.rules import FanRule, Range, Std
    from initspec.errors import InitSpecError, InitSpecWarning
    from initspec.models.calibrate import calibrate
    from initspec.models.companion import Companion
    from initspec.models.coverage import coverage
    from initspec.models.diff import diff
    from initspec.models.initialize import initialize
    from initspec.models.lock import Lock
    from initspec.models.locking import lock
    from initspec.models.owner import parameters
    from initspec.models.recipe import Recipe, recipe
    from initspec.models.rule import Rule
    from initspec.models.shipped import recipes
    from initspec.propagation import propagate

__version__ = "0.1.0"

__all__ = [
    "Axes",
    "Backend",
    "Companion",
    "Constant",
    "DeltaOrthogonal",
    "Dirac",
    "FanRule",
    "Fans",
    "HippoLegS",
    "Identity",
    "InitSpec",
    "InitSpecError",
    "InitSpecWarning",
    "Lock",
    "LogUniform",
    "Mapped",
    "Normal",
    "Orthogonal",
    "Ramp",
    "Range",
    "Recipe",
    "Repeat",
    "Rotary",
    "Rule",
    "Sinusoidal",
    "Sparse",
    "Std",
    "TruncatedNormal",
    "Uniform",
    "backends",
    "calibrate",
    "coverage",
    "diff",
    "gain",
    "initialize",
    "lock",
    "parameters",
    "propagate",
    "recipe",
    "recipes",
    "register_layer",
]

_MODULES = {
    "Axes": "axes",
    "Backend": "backend",
    "Companion": "models.companion",
    "Constant": "distributions",
    "DeltaOrthogonal": "distributions",
    "Dirac": "distributions",
    "FanRule": "distributions.rules",
    "Fans": "axes.fans",
    "HippoLegS": "distributions",
    "Identity": "distributions",
    "InitSpec": "api",
    "InitSpecError": "errors",
    "InitSpecWarning": "errors",
    "Lock": "models.lock",
    "LogUniform": "distributions",
    "Mapped": "distributions",
    "Normal": "distributions",
    "Orthogonal": "distributions",
    "Ramp": "distributions",
    "Rotary": "distributions",
    "Sinusoidal": "distributions",
    "Repeat": "distributions",
    "Range": "distributions.rules",
    "Recipe": "models.recipe",
    "Rule": "models.rule",
    "Sparse": "distributions",
    "Std": "distributions.rules",
    "TruncatedNormal": "distributions",
    "Uniform": "distributions",
    "backends": "backend",
    "calibrate": "models.calibrate",
    "coverage": "models.coverage",
    "diff": "models.diff",
    "gain": "activations.gains",
    "initialize": "models.initialize",
    "lock": "models.locking",
    "parameters": "models.owner",
    "propagate": "propagation",
    "recipe": "models.recipe",
    "recipes": "models.shipped",
    "register_layer": "backend.layers",
}
"""The module of each name, imported on first use: `initspec --help` needs neither it nor NumPy."""


def __getattr__(name: str) -> Any:
    """Import a name of `__all__`, or a module such as `initspec.errors`, on first use."""
    if name in _MODULES:
        globals()[name] = value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        return value
    module = f"{__name__}.{name}"
    try:
        if not name.startswith("_"):
            return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the names that are imported on first use too."""
    return sorted({*globals(), *__all__})


def _to_html(value: object) -> str:
    from initspec.display import to_html  # a notebook's need alone

    return to_html(value)


HtmlRepr._to_html = staticmethod(_to_html)

# A saved Keras model finds its initializers; last, for it may import any of the names above.
follow("keras", "initspec_keras.guarded")
