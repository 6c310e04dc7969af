"""Portable draws into the memory of tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from initspec.backend import FloatType
from initspec.backend import fill as fill_memory
from initspec_torch.distributed import is_distributed, local_block
from initspec_torch.host import write

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

    Of a DTensor this process draws its own part alone, without communication. `index` is the block
    of the weight that a plain tensor is; None where it is the whole.
    """
    if is_distributed(tensor):
        tensor, index = local_block(tensor)
    write(tensor, kind, lambda out: fill_memory(resolved, kind, seed, name, out, index))
