"""Ties that a model's configuration asks for, and ties that nothing can ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from initspec.backend.parameter import Parameter
from initspec_conformance.models.findings import ModelFinding


def ties(model: Any, parameters: Sequence[Parameter]) -> Iterator[ModelFinding]:
    """Yield a finding for each tie that is broken, and each that should not be.

    A configuration with `tie_word_embeddings`, as transformers has it, says whether the input and
    the output embedding are one. Two kernels of one parent are never meant as one weight.
    """
    yield from _of_embeddings(model, parameters)
    for parameter in parameters:
        kernels = [place for place in parameter.places if place.role == "kernel"]
        parents: dict[str, str] = {}
        for place in kernels:
            parent = place.path.rpartition(".")[0].rpartition(".")[0]
            if parent in parents:
                message = f"it is one weight with {parents[parent]}, which stands beside it"
                yield ModelFinding(place.path, "tie", message, "a tie that should not be")
            parents.setdefault(parent, place.path)


def _of_embeddings(model: Any, parameters: Sequence[Parameter]) -> Iterator[ModelFinding]:
    tied = getattr(getattr(model, "config", None), "tie_word_embeddings", None)
    readers = [getattr(model, f"get_{side}_embeddings", None) for side in ("input", "output")]
    if not isinstance(tied, bool) or not all(map(callable, readers)):
        return
    weights = [getattr(read(), "weight", None) for read in readers]  # type: ignore[misc]
    first, second = weights
    if first is None or second is None or tuple(first.shape) != tuple(second.shape):
        return
    paths = [
        place.path
        for parameter in parameters
        for place in parameter.places
        if place.role == "embedding"
    ]
    path = paths[0] if paths else "the embedding"
    if tied and first is not second:
        message = "its configuration ties it to the output embedding, which is another weight"
        yield ModelFinding(path, "tie", message, "a tie that was broken")
    if not tied and first is second:
        message = "it is one weight with the output embedding, which its configuration unties"
        yield ModelFinding(path, "tie", message, "a tie that should not be")
