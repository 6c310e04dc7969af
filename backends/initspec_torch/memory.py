"""Which weight a seeded draw fills: the memory of a tensor."""

from __future__ import annotations

from contextlib import suppress

import torch
from torch._C import _functorch
from torch.multiprocessing.reductions import StorageWeakRef

from initspec.backend import Filled, returned
from initspec_torch.distributed import is_distributed


def filled(tensor: torch.Tensor) -> Filled:
    """Return what is filled: the memory of `tensor` from where it begins, whatever view it is."""
    if is_distributed(tensor):
        tensor = tensor.to_local()
    while _functorch.is_functorch_wrapped_tensor(tensor):
        tensor = _functorch.get_unwrapped(tensor)
    with suppress(NotImplementedError, RuntimeError):  # a wrapper around other tensors
        storage = StorageWeakRef(tensor.untyped_storage())
        return Filled((storage, tensor.storage_offset()), lambda: not storage.expired())
    return returned(tensor)
