"""The memory of a tensor in blocks: for draws whose order does not matter."""

from __future__ import annotations

from collections.abc import Iterator

import torch

_BLOCK = {"cpu": 1 << 18}
"""Elements of a block: a megabyte of float32 stays in a CPU's cache, and still pays for threads."""
_ACCELERATOR_BLOCK = 1 << 24
"""Elsewhere, enough to pay for starting a kernel."""


def in_memory_order(tensor: torch.Tensor) -> torch.Tensor:
    """Return a view with the axes from the farthest apart to the nearest; flat where that is dense.

    A transposed weight comes back contiguous, for which torch has its fast kernels.
    """
    if not tensor.is_contiguous():
        strides = tensor.stride()
        tensor = tensor.permute(sorted(range(tensor.ndim), key=lambda axis: -strides[axis]))
    return tensor.view(-1) if tensor.is_contiguous() else tensor


def blocks(ordered: torch.Tensor) -> Iterator[torch.Tensor]:
    """Cut what `in_memory_order` returned into views of bounded size."""
    size = _BLOCK.get(ordered.device.type, _ACCELERATOR_BLOCK)
    if ordered.numel() <= size:
        yield ordered
    elif ordered[0].numel() > size:
        for part in ordered:
            yield from blocks(part)
    else:
        yield from ordered.split(size // ordered[0].numel())
