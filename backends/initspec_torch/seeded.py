"""Portable draws into the memory of tensors."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from initspec.backend import FloatType, draw, numpy_dtype
from initspec.backend import fill as fill_memory
from initspec_torch.distributed import is_distributed, local_block

if TYPE_CHECKING:
    from initspec.backend import Resolved


def fill(
    tensor: torch.Tensor,
    resolved: Resolved,
    kind: FloatType,
    seed: int,
    name: str,
    index: tuple[slice, ...] | None = None,
) -> None:
    """Write the weight that a seed and a name say into `tensor`.

    A CPU tensor is filled in its own memory, without a temporary. A tensor elsewhere, or without
    memory of its own, such as torch.func makes, is copied to.
    Of a DTensor this process draws its own part alone, without communication. `index` is the block
    of the weight that a plain tensor is; None where it is the whole.
    """
    if is_distributed(tensor):
        tensor, index = local_block(tensor)
    if not tensor.numel():
        return
    memory = _memory(tensor, kind)
    if memory is not None:
        fill_memory(resolved, kind, seed, name, memory, index)
        # Autograd has to count a write that torch did not make.
        torch.autograd.graph.increment_version(tensor)
        return
    drawn = draw(resolved, kind, seed, name, index)
    if kind.name == "bfloat16":  # of which torch takes no NumPy array
        tensor.copy_(torch.from_numpy(drawn.view("int16")).view(torch.bfloat16))
    else:
        tensor.copy_(torch.from_numpy(drawn))


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
