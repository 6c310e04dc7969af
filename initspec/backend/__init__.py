"""All that the author of a backend imports, and what the core sees of a backend.

A backend is a package with an entry point in the group `initspec.backends`; see docs/backends.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from initspec.axes import (
    IN_OUT,
    MODES,
    OUT_IN,
    Axes,
    Layout,
    Part,
    UnequalLayout,
    axes_of,
    check_shape,
)
from initspec.backend.base import BaseBackend
from initspec.backend.protocol import (
    QUIET,
    Adjust,
    Backend,
    HasBuiltins,
    HasCheckpoints,
    HasEngines,
    HasFiles,
    HasGain,
    HasInitializers,
    HasLayers,
    HasModels,
    HasNative,
    HasOutputs,
    HasPoison,
    HasRandomState,
    HasValues,
    HasVocabulary,
    known_deviations,
    optional,
)
from initspec.backend.registry import GROUP, Status, backends, load, missing, registered, usable
from initspec.backend.shared_names import Filled, SharedNames, returned
from initspec.distributions import Distribution
from initspec.distributions.primitives import (
    Entries,
    MapPrimitives,
    PartPrimitives,
    Primitives,
    Repetition,
)
from initspec.dtypes import FLOATS, FloatType, float_type, numpy_dtype
from initspec.errors import (
    AxesError,
    BackendError,
    DtypeError,
    FormatError,
    InitSpecError,
    InitSpecWarning,
    SeedError,
    ShapeError,
    SpecError,
    TargetError,
    nearest,
    shown,
    unknown,
    with_article,
)
from initspec.numerics import gaussian
from initspec.numerics.validation import finite
from initspec.spec.resolve import Resolved, resolve
from initspec.spec.slips import check_call
from initspec.spec.value import Spec
from initspec.stream import check_name

if TYPE_CHECKING:
    from initspec.backend.blocks import Block, common_block
    from initspec.backend.builtins import Builtin
    from initspec.backend.engines import Engine, read_engines
    from initspec.backend.layers import (
        ROLES,
        Layer,
        LayerParameter,
        LayerTable,
        LayerWeight,
        einsum_axes,
        is_mixer,
        norm_role,
        read_layers,
    )
    from initspec.backend.memory import aligned
    from initspec.backend.native import read_native
    from initspec.backend.parameter import Declared, Filling, Parameter, Place
    from initspec.backend.poison import Memory
    from initspec.stream.draw import compute, draw, fill

__all__ = [
    "FLOATS",
    "GROUP",
    "IN_OUT",
    "MODES",
    "OUT_IN",
    "QUIET",
    "ROLES",
    "Adjust",
    "Axes",
    "AxesError",
    "Backend",
    "BackendError",
    "BaseBackend",
    "Block",
    "Builtin",
    "Declared",
    "Distribution",
    "DtypeError",
    "Engine",
    "Entries",
    "Filled",
    "Filling",
    "FloatType",
    "FormatError",
    "HasBuiltins",
    "HasCheckpoints",
    "HasEngines",
    "HasFiles",
    "HasGain",
    "HasInitializers",
    "HasLayers",
    "HasModels",
    "HasNative",
    "HasOutputs",
    "HasPoison",
    "HasRandomState",
    "HasValues",
    "HasVocabulary",
    "InitSpecError",
    "InitSpecWarning",
    "Layer",
    "LayerParameter",
    "LayerTable",
    "LayerWeight",
    "Layout",
    "MapPrimitives",
    "Memory",
    "Parameter",
    "Part",
    "PartPrimitives",
    "Place",
    "Primitives",
    "Repetition",
    "Resolved",
    "SeedError",
    "ShapeError",
    "SharedNames",
    "Spec",
    "SpecError",
    "Status",
    "TargetError",
    "UnequalLayout",
    "aligned",
    "axes_of",
    "backends",
    "check_call",
    "check_name",
    "check_shape",
    "common_block",
    "compute",
    "draw",
    "einsum_axes",
    "fill",
    "finite",
    "float_type",
    "gaussian",
    "is_mixer",
    "known_deviations",
    "load",
    "missing",
    "nearest",
    "norm_role",
    "numpy_dtype",
    "optional",
    "read_engines",
    "read_layers",
    "read_native",
    "registered",
    "resolve",
    "returned",
    "shown",
    "unknown",
    "usable",
    "with_article",
]


_FETCHED = {
    "Block": "backend.blocks",
    "Builtin": "backend.builtins",
    "Declared": "backend.parameter",
    "Engine": "backend.engines",
    "Filling": "backend.parameter",
    "Layer": "backend.layers",
    "LayerParameter": "backend.layers",
    "LayerTable": "backend.layers",
    "LayerWeight": "backend.layers",
    "Memory": "backend.poison",
    "Parameter": "backend.parameter",
    "Place": "backend.parameter",
    "ROLES": "backend.layers",
    "aligned": "backend.memory",
    "common_block": "backend.blocks",
    "compute": "stream.draw",
    "draw": "stream.draw",
    "einsum_axes": "backend.layers",
    "fill": "stream.draw",
    "is_mixer": "backend.layers",
    "norm_role": "backend.layers",
    "read_engines": "backend.engines",
    "read_layers": "backend.layers",
    "read_native": "backend.native",
}
"""What `import initspec` does not need, with its module: half of what the import would cost."""


def __getattr__(name: str) -> Any:
    """Fetch a name of `_FETCHED` when it is asked for."""
    if name not in _FETCHED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"initspec.{_FETCHED[name]}"), name)
