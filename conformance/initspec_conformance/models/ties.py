"""Ties that a model declares and has not, and ties that nothing can ask for."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
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
    by_path = {place.path: p for p in parameters for place in p.places}
    declared = getattr(model, "all_tied_weights_keys", None)
    for path, source in declared.items() if isinstance(declared, Mapping) else ():
        if path in by_path and source in by_path and by_path[path] is not by_path[source]:
            message = f"its model ties it to {source}, which is another weight"
            yield ModelFinding(path, "tie", message, BROKEN)
    yield from _of_embeddings(model, by_path, declared or ())
    for parameter in parameters:
        yield from _of_siblings(parameter)


def _of_embeddings(
    model: Any, by_path: Mapping[str, Parameter], declared: Container[str]
) -> Iterator[ModelFinding]:
    """Yield a finding where the output embedding is not tied, or tied, as its configuration says.

    It may be tied to another embedding than that of the input: a decoder's.
    """
    tied = getattr(getattr(model, "config", None), "tie_word_embeddings", None)
    readers = [getattr(model, f"get_{side}_embeddings", None) for side in ("input", "output")]
    if not isinstance(tied, bool) or not all(map(callable, readers)):
        return
    try:
        source, output = (read() for read in readers)  # type: ignore[misc]
    except NotImplementedError:  # transformers' word for models of several tables, such as Flava
        return
    weights: list[Any] = [getattr(module, "weight", None) for module in (source, output)]
    names = [name for name, module in model.named_modules() if module is output]
    path = f"{names[0]}.weight" if names else ""
    if any(weight is None for weight in weights) or path not in by_path or path in declared:
        return
    is_tied = "embedding" in {place.role for place in by_path[path].places}
    if tied and not is_tied and weights[0].shape == weights[1].shape:
        message = "its configuration ties it to the input embedding, which is another weight"
        yield ModelFinding(path, "tie", message, BROKEN)
    if not tied and weights[0] is weights[1]:
        message = "it is one weight with the input embedding, which its configuration unties"
        yield ModelFinding(path, "tie", message, WRONG)


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
