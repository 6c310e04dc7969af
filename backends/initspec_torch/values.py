"""The values of the parameters of a torch model, as NumPy arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from initspec_torch.distributed import is_distributed
from initspec_torch.models import packed, tied_slots
from initspec_torch.target import without_data


def values(model: torch.nn.Module, paths: Sequence[str]) -> Iterator[NDArray[Any] | None]:
    """Yield the values of parameters; see `initspec.backend.HasValues`."""
    groups = {group[0].path: group for group in tied_slots(model)}
    for path in paths:
        if path not in groups:
            tensor = next(tensor for name, _, tensor in packed(model) if name == path)
            yield array_of(tensor.int_repr() if tensor.is_quantized else tensor)
            continue
        with torch.no_grad():
            tensor = groups[path][0].tensor.detach()
            if is_distributed(tensor):
                tensor = tensor.full_tensor()
        yield None if without_data(tensor) else array_of(tensor.cpu().resolve_neg().resolve_conj())


def array_of(tensor: torch.Tensor) -> NDArray[Any]:
    """Return a CPU tensor as an array, without a copy where NumPy has the dtype."""
    name = str(tensor.dtype).removeprefix("torch.")
    if hasattr(np, name):
        array: NDArray[Any] = tensor.numpy()
        return array
    import ml_dtypes  # bfloat16, and the floats of 8 bits: their bits cross as bytes

    raw = tensor.contiguous().reshape(-1).view(torch.uint8).numpy()
    return raw.view(np.dtype(getattr(ml_dtypes, name))).reshape(tuple(tensor.shape))
