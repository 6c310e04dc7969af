"""The models of JAX: their parameters, and how these are filled."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

_KINDS = (
    ("nnx", "flax.nnx", "Module"),
    ("linen", "flax.linen", "Module"),
    ("trees", "equinox", "Module"),
)
"""Each kind of model: the file here, and the module and the class of such models."""


def kind_of(model: Any) -> str | None:
    """Return the file here that a model is for; None where it is not one of JAX.

    No library is imported: without it there are no models of it.
    """
    for kind, module, name in _KINDS:
        if isinstance(model, getattr(sys.modules.get(module), name, ())):
            return kind
    jax = sys.modules.get("jax")
    containers = (*_dicts(), list, tuple)
    if jax is None or not isinstance(model, containers) or not model:
        return None
    # A list of arrays alone is no model yet: that of the outputs of one, more likely.
    if isinstance(model, list | tuple) and not any(isinstance(node, containers) for node in model):
        return None
    arrays = (np.ndarray, jax.Array, jax.ShapeDtypeStruct, *boxes())
    return "trees" if _is_tree(model, arrays) else None


def boxes() -> tuple[type, ...]:
    """Return the class of what linen puts around a partitioned parameter, where linen is there."""
    meta = sys.modules.get("flax.core.meta")
    return () if meta is None else (meta.AxisMetadata,)


def models_of(model: object) -> Any:
    """Return the module here that a model is for."""
    return import_module(f"{__name__}.{kind_of(model)}")


def _dicts() -> tuple[type, ...]:
    return dict, getattr(sys.modules.get("flax.core"), "FrozenDict", dict)


def _is_tree(node: Any, arrays: tuple[type, ...]) -> bool:
    """Return whether all in a node of dicts, lists and tuples is an array or None."""
    if isinstance(node, Mapping) and isinstance(node, _dicts()):
        node = list(node.values())
    if isinstance(node, list | tuple):
        return all(_is_tree(child, arrays) for child in node)
    return node is None or isinstance(node, arrays)
