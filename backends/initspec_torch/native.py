"""Which spec a function of torch is: `torch.nn.init.kaiming_normal_`, bare or in a partial."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from initspec.backend import FormatError, shown
from initspec.translate.authors import Entry, read_object
from initspec_torch.vocabulary import TENSOR, TIMM, TORCH

if TYPE_CHECKING:
    from initspec.backend import Axes, Spec


def read_native(initializer: object) -> tuple[Spec, Axes | None] | None:
    """Return the spec of a function, and its axes; see `initspec.backend.HasNative`."""
    function: Any = initializer
    keywords: dict[str, Any] = {}
    if isinstance(initializer, partial):  # a partial of a partial is one of the function
        function, keywords = initializer.func, initializer.keywords
    entry = _entry(function)
    if entry is None:
        return None
    if isinstance(initializer, partial) and initializer.args:
        raise FormatError(
            f"{shown(initializer)}: the first argument of {entry.path} is the weight that it is to "
            f"fill; give the others by name, as in partial({entry.name}, name=value)"
        )
    return read_object(entry, keywords)


def _entry(function: Any) -> Entry | None:
    """Return what a vocabulary has of a function; None where it is another of the same name."""
    name = getattr(function, "__name__", None)
    if not isinstance(name, str):
        return None
    owners = (
        (TORCH, sys.modules.get("torch.nn.init")),
        (TENSOR, getattr(sys.modules.get("torch"), "Tensor", None)),
        (TIMM, sys.modules.get("timm.layers")),
        (TORCH, sys.modules.get("transformers.initialization")),  # torch's, with a check
    )
    for words, owner in owners:
        entry = words.entries.get(name)
        if entry is not None and owner is not None and getattr(owner, name, None) is function:
            return entry
    return None
