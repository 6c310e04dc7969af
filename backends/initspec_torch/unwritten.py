"""What of a torch model still has the poison that its memory had at first."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import chain, count

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.parameter import is_lazy

from initspec.backend import Memory, TargetError
from initspec_torch.models import elements
from initspec_torch.paths import plain_name
from initspec_torch.poison import byte_of
from initspec_torch.target import without_data
from initspec_torch.wrapped import inner_tensors

_CHUNK = 1 << 22
"""Elements looked at together."""
_INTEGERS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


@dataclass(slots=True)
class _Stored:
    """A parameter or a buffer with all its paths."""

    tensor: torch.Tensor
    kind: str
    paths: list[str]


def memory(
    model: torch.nn.Module, poison: int, among: Container[int] | None = None
) -> Iterator[Memory]:
    """Yield parameters and buffers with what is poisoned; see `initspec.backend.HasPoison`."""
    groups = _stored(model)
    lacking = [f"{group.paths[0]} ({group.kind})" for group in groups if _lacks(group.tensor)]
    if lacking:
        more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
        raise TargetError(
            f"without memory, on the meta device or lazy: {', '.join(lacking[:5])}{more}; have the "
            "factory finish the model, as by to_empty(device='cpu') and what initializes it, or by "
            "a first forward pass"
        )
    places = count()
    for group in groups:
        for name, inner in inner_tensors(group.tensor.detach()):
            place = next(places)
            if among is None or place in among:
                path, *tied = (f"{path}{name}" for path in group.paths)
                dtype = str(inner.dtype).removeprefix("torch.")
                poisoned = _poisoned(inner, poison)
                yield Memory(path, tuple(tied), group.kind, tuple(inner.shape), dtype, poisoned)


def _stored(model: torch.nn.Module) -> list[_Stored]:
    groups: dict[object, _Stored] = {}
    parameters = model.named_parameters(remove_duplicate=False)
    buffers = model.named_buffers(remove_duplicate=False)
    for name, tensor in chain(parameters, buffers):
        key = id(tensor) if is_lazy(tensor) else elements(tensor)
        if key not in groups:
            groups[key] = _Stored(tensor, _kind(model, name), [])
        path = plain_name(model, name)
        if path not in groups[key].paths:
            groups[key].paths.append(path)
    return list(groups.values())


def _kind(model: torch.nn.Module, name: str) -> str:
    owner, _, last = name.rpartition(".")
    module = model.get_submodule(owner)
    if last in module._parameters:
        return "parameter"
    return "buffer, not saved" if last in module._non_persistent_buffers_set else "buffer"


def _lacks(tensor: torch.Tensor) -> bool:
    return is_lazy(tensor) or without_data(tensor)


def _poisoned(tensor: torch.Tensor, poison: int) -> NDArray[np.uint8] | None:
    """Return which elements have a poison, packed; None where none has."""
    mask = None
    start = 0
    for chunk in _chunks(tensor):
        poisoned = _has_poison(chunk, poison)
        if poisoned.any():
            if mask is None:
                mask = np.zeros(tensor.numel(), bool)
            mask[start : start + len(chunk)] = poisoned.cpu().numpy()
        start += len(chunk)
    return None if mask is None else np.packbits(mask)


def _chunks(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    """Yield the elements in their order, not all at once: no second tensor of the size is made."""
    if tensor.is_quantized:
        tensor = tensor.int_repr()
    if tensor.is_contiguous() or tensor.ndim < 2:
        yield from tensor.reshape(-1).split(_CHUNK)
    elif tensor.numel():
        rows = max(1, _CHUNK * len(tensor) // tensor.numel())
        for block in tensor.split(rows):
            yield from block.reshape(-1).split(_CHUNK)


def _has_poison(chunk: torch.Tensor, poison: int) -> torch.Tensor:
    """Return which elements of a vector are as they would be with a poison.

    With the first a float is NaN, or has its bytes in the dtypes whose NaN is another. What came of
    it by casts and arithmetic is NaN too; with the second poison it is whatever is not.
    """
    if not (chunk.is_floating_point() or chunk.is_complex()):
        raw = bytes([byte_of(chunk.dtype, poison)]) * chunk.itemsize
        value = int.from_bytes(raw, "little", signed=True)
        return chunk.view(_INTEGERS[chunk.itemsize]) == value
    first = chunk.isnan()
    if chunk.itemsize == 1:
        first |= chunk.view(torch.uint8) == byte_of(chunk.dtype, 0)
    return ~first if poison else first
