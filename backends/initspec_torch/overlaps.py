"""Weights that share some of their elements, of which one would overwrite the other."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import torch
from numpy.typing import NDArray

from initspec.backend import TargetError
from initspec_torch.models import Slot
from initspec_torch.wrapped import PLAIN


def check_apart(slots: Sequence[Slot]) -> None:
    """Raise TargetError where two different weights have an element in common."""
    stored = [(slot.path, slot.stored) for slot in slots]
    spans = sorted(
        (tensor.data_ptr(), _length(tensor), path, tensor)
        for path, tensor in stored
        if type(tensor) in PLAIN and not tensor.is_meta and tensor.numel()
    )
    open_: list[tuple[int, str, torch.Tensor]] = []
    for start, length, path, tensor in spans:
        open_ = [(end, other, memory) for end, other, memory in open_ if end > start]
        for _, other, memory in open_:
            near = memory.device == tensor.device
            if near and np.shares_memory(_addresses(memory), _addresses(tensor)):
                raise TargetError(
                    f"{path} and {other} share elements of one memory, but are not one weight, so "
                    "that each draw would overwrite the other: tie the layers by one parameter, or "
                    "leave one out with a rule 'keep'"
                )
        open_.append((start + length, path, tensor))


def _length(tensor: torch.Tensor) -> int:
    """Return how many bytes lie from the first element to the end of the last."""
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    return tensor.itemsize * (1 + sum((size - 1) * stride for size, stride in steps))


def _addresses(tensor: torch.Tensor) -> NDArray[np.void]:
    """Return an array of a tensor's addresses, on any device; its elements are never read."""
    memory = SimpleNamespace(
        __array_interface__={
            "version": 3,
            "data": (tensor.data_ptr(), False),
            "shape": tuple(tensor.shape),
            "strides": tuple(tensor.itemsize * stride for stride in tensor.stride()),
            "typestr": f"|V{tensor.itemsize}",
        }
    )
    return np.asarray(memory)
