"""Values that NumPy makes, in the memory of tensors."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from initspec.backend import FloatType, numpy_dtype


def write(tensor: torch.Tensor, kind: FloatType, fill: Callable[[NDArray[Any]], object]) -> None:
    """Have `fill` write an array of the tensor's shape and dtype into it.

    A CPU tensor is filled in its own memory, without a temporary. A tensor elsewhere, or without
    memory of its own, such as torch.func makes, is copied to.
    """
    if not tensor.numel():
        return
    memory = _memory(tensor, kind)
    if memory is not None:
        fill(memory)
        # Autograd has to count a write that torch did not make.
        torch.autograd.graph.increment_version(tensor)
        return
    values = np.empty(tuple(tensor.shape), numpy_dtype(kind))
    fill(values)
    if kind.name == "bfloat16":  # of which torch takes no NumPy array
        tensor.copy_(torch.from_numpy(values.view("int16")).view(torch.bfloat16))
    else:
        tensor.copy_(torch.from_numpy(values))


def _memory(tensor: torch.Tensor, kind: FloatType) -> NDArray[Any] | None:
    """Return the memory of a CPU tensor as an array of the same strides, None if it has none."""
    if tensor.device.type != "cpu" or tensor.is_neg():
        return None
    try:
        if not tensor.data_ptr():
            return None
    except RuntimeError:  # a wrapper around other tensors, to which torch alone can write
        return None
    # Not Tensor.numpy(), after which a storage cannot be resized, which is how
    # FullyShardedDataParallel frees the parameters that it gathered.
    dtype = np.dtype(np.int16) if kind.name == "bfloat16" else numpy_dtype(kind)
    memory = SimpleNamespace(
        __array_interface__={
            "version": 3,
            "data": (tensor.data_ptr(), False),
            "shape": tuple(tensor.shape),
            "strides": tuple(dtype.itemsize * stride for stride in tensor.stride()),
            "typestr": dtype.str,
        }
    )
    return np.asarray(memory).view(numpy_dtype(kind))
