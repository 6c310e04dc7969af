"""What the parameters of a torch model start as, where it is not as their layer's class says."""

from __future__ import annotations

from typing import Any

import torch

from initspec import InitSpec
from initspec.backend import OUT_IN, Declared
from initspec_torch.models import Slot, tied_slots


def starts(model: torch.nn.Module) -> dict[str, Declared | None]:
    """Return what `initspec.backend.HasInitializers` does.

    Of what a method that is not torch's resets nothing is known, and torch.nn.Transformer fills the
    matrices of all its layers anew.
    """
    stated: dict[str, Declared | None] = {}
    for group in tied_slots(model):
        if not all(map(_is_known, group)):
            stated[group[0].path] = None
        elif group[0].tensor.ndim > 1 and any(map(_is_transformers, group)):
            stated[group[0].path] = Declared(InitSpec.glorot_uniform(), OUT_IN)
    return stated


def _is_known(slot: Slot) -> bool:
    """Return whether a class derived from one of torch resets its weights as that does."""
    cls: Any = type(slot.owner)
    reset = getattr(cls, "reset_parameters", None) or getattr(cls, "_reset_parameters", None)
    return reset is None or str(reset.__module__).startswith("torch.")


def _is_transformers(slot: Slot) -> bool:
    return any(isinstance(module, torch.nn.Transformer) for module, _ in slot.parents)
