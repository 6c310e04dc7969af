"""Cut a block of a weight with members of unequal size into blocks of its parts.

A part is drawn as a block of the weight that there would be if all members had its size: so each
element keeps the number that it has in its member, and each member its own number.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any

from numpy.typing import NDArray

from initspec.axes.unequal import UnequalLayout
from initspec.spec.resolve import Resolved
from initspec.stream.tiles import Range, cut


def parts(
    resolved: Resolved, ranges: Sequence[Range], out: NDArray[Any]
) -> Iterator[tuple[Resolved, tuple[Range, ...], NDArray[Any]]]:
    """Yield the spec on each part, the block of it that is drawn, and the memory of that block.

    Args:
        resolved: the spec on the whole weight, whose members have unequal sizes.
        ranges: the first and the end along each axis of the weight.
        out: the memory of this block, in the weight's own axes; any strides.
    """
    layout = resolved.layout
    assert isinstance(layout, UnequalLayout)
    axis = layout.axis - (len(layout.cut) - len(layout.shape))
    start, stop = ranges[axis]
    every = (slice(None),)
    for begin, box in cut(start, stop, list(layout.cut[axis : layout.axis + 1])):
        sizes = [high - low for low, high in box]
        whole = out[(*every * axis, slice(begin - start, begin - start + math.prod(sizes)))]
        whole = whole.reshape(*out.shape[:axis], *sizes, *out.shape[axis + 1 :])
        *before, (low, high) = box
        for part, member in zip(layout.parts, resolved.parts, strict=True):
            first, end = max(low, part.start), min(high, part.stop)
            if first < end:
                place = (part.number, part.number + 1), (first - part.start, end - part.start)
                index = (*ranges[:axis], *before, *place, *ranges[axis + 1 :])
                target = whole[(*every * layout.axis, None, slice(first - low, end - low))]
                yield dataclasses.replace(member, layout=part.equal), index, target
