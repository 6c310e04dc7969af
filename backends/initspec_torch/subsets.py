"""Random subsets of a fixed size, many at a time."""

from __future__ import annotations

import torch

from initspec_torch.blocks import SERIAL, at_once, zeros


def subsets(
    rows: int, columns: int, size: int, device: torch.device, generator: torch.Generator | None
) -> torch.Tensor:
    """Return a bool [rows, columns]: each row marks `size` columns, uniformly, independently.

    On a CPU one thread does it while rows * size stays below `SERIAL`.

    Positions are drawn with replacement and new ones added until the size is exact, never past it.
    Every step treats all columns alike, so all subsets of that size are equally likely. The smaller
    side is drawn. torch's `sparse_` shuffles each column by a `randperm` that ignores the generator
    (https://github.com/pytorch/pytorch/issues/98200).
    """
    drawn = min(size, columns - size)
    marked = zeros(rows, columns, torch.bool, device)
    # Views of few rows, which one thread counts.
    parts = marked.split(max(1, at_once(SERIAL, device) // columns))
    if drawn:
        _mark(marked, parts, drawn, generator)
    if drawn < size:
        for part in parts:
            part.logical_not_()
    return marked


def _mark(
    marked: torch.Tensor,
    parts: tuple[torch.Tensor, ...],
    drawn: int,
    generator: torch.Generator | None,
) -> None:
    """Mark `drawn` columns of each row of an unmarked, contiguous bool [rows, columns]."""
    rows, columns = marked.shape
    device, flat = marked.device, marked.view(-1)

    def positions(*shape: int) -> torch.Tensor:
        return torch.randint(columns, shape, generator=generator, device=device)

    marked.scatter_(1, positions(rows, drawn), True)
    while True:
        counts = [part.view(torch.uint8).sum(1, dtype=torch.int32) for part in parts]
        missing = drawn - torch.cat(counts)
        short = missing.nonzero()
        if not short.numel():
            return
        missing = missing[short]
        most = int(missing.max())
        added = positions(len(short), most).add_(short * columns)
        # Not flat[added[wanted]] = True, which takes all threads for some hundred rows.
        wanted = torch.arange(most, device=device) < missing
        flat.index_fill_(0, added.masked_select(wanted), True)
