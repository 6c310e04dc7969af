"""Blocks of a weight: a slice for each axis."""

from __future__ import annotations

Block = tuple[slice, ...]


def common_block(part: Block, block: Block) -> tuple[Block | None, Block]:
    """Return where a part lies in a block, None where it does not, and what of the whole that is.

    >>> common_block((slice(2, 6),), (slice(4, 8),))
    ((slice(0, 2, None),), (slice(4, 6, None),))
    """
    common = tuple(
        slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(part, block, strict=True)
    )
    if any(cut.start >= cut.stop for cut in common):
        return None, common
    home = tuple(
        slice(cut.start - b.start, cut.stop - b.start) for cut, b in zip(common, block, strict=True)
    )
    return home, common
