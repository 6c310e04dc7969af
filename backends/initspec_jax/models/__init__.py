"""The models of JAX: their parameters, and how these are filled."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

_KINDS = {"nnx": ("flax.nnx", "Module"), "linen": ("flax.linen", "Module")}
"""Each kind of model, a file here: the module and the class of its models."""


def kind_of(model: object) -> Any:
    """Return the module here that a model is for; None where it is not one of JAX.

    No library is imported: without it there are no models of it.
    """
    for kind, (module, name) in _KINDS.items():
        if isinstance(model, getattr(sys.modules.get(module), name, ())):
            return import_module(f"initspec_jax.models.{kind}")
    return None
