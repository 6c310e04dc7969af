"""The memory of a tensor in blocks: for draws whose order does not matter.

Each parallel operation ends when its last thread does. Where other processes want the cores that
thread may have to wait for milliseconds, so an operation that is repeated over many small blocks
takes many times as long as one over a large block, or as many that run on one thread.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

SERIAL = {"cpu": (1 << 15) - 1}
"""The most elements that torch works on with one thread: at::internal::GRAIN_SIZE, less one."""
LARGE = {"cpu": 1 << 22}
"""A block that is worth all threads; 16 MiB of float32."""
CACHED = 1 << 16
"""Elements that stay in a core's cache, of float32 and float64."""
_ACCELERATOR = 1 << 24
"""On an accelerator, enough to pay for starting a kernel."""


def at_once(sizes: dict[str, int], device: torch.device) -> int:
    """Return the elements of a block on a device."""
    return sizes.get(device.type, _ACCELERATOR)


def normal_(
    flat: torch.Tensor, mean: float, std: float, generator: torch.Generator | None = None
) -> torch.Tensor:
    """Draw as `Tensor.normal_` does, the same values; on a CPU in two thirds of its time.

    torch makes uniform numbers of the whole tensor, on one thread, then passes over it again to
    make 16 at a time normal: a block of both stays in the cache.
    """
    size = CACHED
    if flat.numel() <= size or flat.device.type != "cpu":
        return flat.normal_(mean, std, generator=generator)
    while 0 < flat.numel() % size < 16:  # fewer than 16 are drawn another way
        size -= 16
    for block in flat.split(size):
        block.normal_(mean, std, generator=generator)
    return flat


def in_memory_order(tensor: torch.Tensor) -> torch.Tensor:
    """Return a view with the axes from the farthest apart to the nearest; flat where that is dense.

    A transposed weight comes back contiguous, for which torch has its fast kernels.
    """
    if not tensor.is_contiguous():
        strides = tensor.stride()
        tensor = tensor.permute(sorted(range(tensor.ndim), key=lambda axis: -strides[axis]))
    return tensor.view(-1) if tensor.is_contiguous() else tensor


def blocks(ordered: torch.Tensor, size: int) -> Iterator[torch.Tensor]:
    """Cut what `in_memory_order` returned into views of at most `size` elements."""
    if ordered.numel() <= size:
        yield ordered
    elif ordered[0].numel() > size:
        for part in ordered:
            yield from blocks(part, size)
    else:
        yield from ordered.split(size // ordered[0].numel())


def zeros(rows: int, columns: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Return zeros [rows, columns], on one thread on a CPU: `torch.zeros` takes all."""
    matrix = torch.empty((rows, columns), dtype=dtype, device=device)
    for block in blocks(matrix.view(-1), at_once(SERIAL, device)):
        block.zero_()
    return matrix
