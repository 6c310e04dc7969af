"""Ties that a model declares and has not, and ties that nothing can ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from initspec.backend.parameter import Parameter
from initspec_conformance.models.findings import ModelFinding

BROKEN = "a tie that was broken, as to_empty() and copies of a module break it"
WRONG = "a tie that should not be"


def ties(model: Any, parameters: Sequence[Parameter]) -> Iterator[ModelFinding]:
    """Yield a finding for each tie that is broken, and each that should not be.

    A model of transformers has `all_tied_weights_keys`, and its configuration
    `tie_word_embeddings`. Two kernels with names of their own in one parent, such as q and k, are
    never meant as one weight; those of a list may be: a layer that is applied again.
    """
    first = {place.path: p.path for p in parameters for place in p.places}
    declared = getattr(model, "all_tied_weights_keys", None)
    for path, source in declared.items() if isinstance(declared, Mapping) else ():
        if path in first and source in first and first[path] != first[source]:
            message = f"its model ties it to {source}, which is another weight"
            yield ModelFinding(path, "tie", message, BROKEN)
    config = getattr(model, "config", None)
    wanted = getattr(config, "tie_word_embeddings", None)
    for parameter in parameters:
        roles = {place.role for place in parameter.places}
        if wanted is False and {"embedding", "kernel"} <= roles and _are_one(model):
            message = "it is one weight with the output embedding, which its configuration unties"
            yield ModelFinding(parameter.path, "tie", message, WRONG)
        yield from _of_siblings(parameter)


def _are_one(model: Any) -> bool:
    """Return whether the input and the output embedding of a model are one weight."""
    readers = [getattr(model, f"get_{side}_embeddings", None) for side in ("input", "output")]
    if not all(map(callable, readers)):
        return False
    first, second = (getattr(read(), "weight", None) for read in readers)  # type: ignore[misc]
    return first is not None and first is second


def _of_siblings(parameter: Parameter) -> Iterator[ModelFinding]:
    """Yield a finding for each kernel that is one weight with another of its parent."""
    parents: dict[str, str] = {}
    for place in parameter.places:
        parent, _, name = place.path.rpartition(".")[0].rpartition(".")
        if place.role != "kernel" or not name or name.isdecimal():
            continue
        if parent in parents:
            message = f"it is one weight with {parents[parent]}, which stands beside it"
            yield ModelFinding(place.path, "tie", message, WRONG)
        parents.setdefault(parent, place.path)
