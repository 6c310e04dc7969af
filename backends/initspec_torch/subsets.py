"""Random subsets of a fixed size, many at a time."""

from __future__ import annotations

import torch

_DRAWS = 1 << 20
"""How many positions are drawn at a time: their 64-bit indices must not outgrow the weight."""


def subsets(
    rows: int, columns: int, size: int, device: torch.device, generator: torch.Generator | None
) -> torch.Tensor:
    """Return a bool [rows, columns]: each row marks `size` columns, uniformly, independently.

    Positions are drawn with replacement and new ones added until the size is exact, never past it.
    Every step treats all columns alike, so all subsets of that size are equally likely. The smaller
    side is drawn. torch's `sparse_` shuffles each column by a `randperm` that ignores the generator
    (https://github.com/pytorch/pytorch/issues/98200).
    """
    drawn = min(size, columns - size)
    marked = torch.zeros((rows, columns), dtype=torch.bool, device=device)
    if drawn:
        for part in marked.split(max(1, _DRAWS // drawn)):
            _mark(part, drawn, generator)
    return marked if drawn == size else marked.logical_not_()


def _mark(marked: torch.Tensor, drawn: int, generator: torch.Generator | None) -> None:
    """Mark `drawn` columns of each row of an unmarked, contiguous bool [rows, columns]."""
    rows, columns = marked.shape
    device, flat = marked.device, marked.view(-1)

    def positions(*shape: int) -> torch.Tensor:
        return torch.randint(columns, shape, generator=generator, device=device)

    def lacking(of: torch.Tensor) -> torch.Tensor:
        return drawn - of.view(torch.uint8).sum(1, dtype=torch.int32)

    marked.scatter_(1, positions(rows, drawn), True)
    missing = lacking(marked)
    short = missing.nonzero().squeeze(1)
    while short.numel():
        owners = short.repeat_interleave(missing[short])
        flat[owners * columns + positions(owners.numel())] = True
        # Counting all rows is cheaper than picking out many of them.
        if 4 * short.numel() > rows:
            missing = lacking(marked)
        else:
            missing[short] = lacking(marked[short])
        short = short[missing[short] > 0]
