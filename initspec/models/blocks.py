"""Draw a weight block by block, in the order in which files and hashes have its elements."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec.axes import Layout, UnequalLayout
from initspec.backend.blocks import Block, common_block
from initspec.distributions import Elementwise
from initspec.dtypes import FloatType, numpy_dtype
from initspec.spec.resolve import Resolved
from initspec.stream.draw import fill

Advance = Callable[[int], None]
"""What is called after each block, with the number of its elements."""

MOST = 1 << 21
"""The elements of a block: 16 MiB of float64."""


def boxes(shape: Sequence[int], most: int = MOST, unit: int = 1) -> Iterator[Block]:
    """Yield blocks of a shape, one after the other in row-major order.

    Args:
        shape: the shape.
        most: the elements of a block.
        unit: how many consecutive elements are not cut, even where they are more than `most`: a
            product of the last sizes, the first of them perhaps divided.

    >>> [[(part.start, part.stop) for part in index] for index in boxes((3, 4), most=8)]
    [[(0, 2), (0, 4)], [(2, 3), (0, 4)]]
    """
    if not math.prod(shape):
        return
    if not shape:
        yield ()
        return
    most = max(most // unit, 1) * unit
    axis = next(i for i in range(len(shape)) if math.prod(shape[i + 1 :]) <= most)
    inner = tuple(slice(0, size) for size in shape[axis + 1 :])
    step = most // math.prod(shape[axis + 1 :])
    for place in itertools.product(*map(range, shape[:axis])):
        outer = tuple(slice(i, i + 1) for i in place)
        for start in range(0, shape[axis], step):
            yield (*outer, slice(start, min(start + step, shape[axis])), *inner)


def draw_blocks(
    resolved: Resolved,
    kind: FloatType,
    seed: int,
    name: str,
    parts: Sequence[tuple[Block, Resolved]] = (),
    most: int = MOST,
) -> Iterator[tuple[Block, NDArray[Any]]]:
    """Yield the blocks of a weight, each with its place; each is a new array.

    Args:
        resolved: the spec on the whole weight.
        kind: its dtype.
        seed: of the portable stream.
        name: the name of its stream.
        parts: blocks with specs of their own, in the order in which they are drawn.
        most: the elements of a block; a random matrix whose entries depend on each other is drawn
            whole.
    """
    family = resolved.distribution
    cuts = isinstance(family, Elementwise) or not family.random
    unit = 1 if cuts else _member(resolved.layout)
    for index in boxes(resolved.layout.shape, most, unit):
        block = np.empty([part.stop - part.start for part in index], numpy_dtype(kind))
        fill(resolved, kind, seed, name, block, index)
        for whole, spec in parts:
            home, common = common_block(whole, index)
            if home is not None:
                fill(spec, kind, seed, name, block[home], common)
        yield index, block


def _member(layout: Layout) -> int:
    """Return how many elements of a weight, in its own order, its members are cut at."""
    if isinstance(layout, UnequalLayout):
        return layout.size
    stacks = itertools.takewhile(lambda factor: factor[0] == "stack", _factors(layout))
    return max(layout.size // math.prod(size for _, size in stacks), 1)


def _factors(layout: Layout) -> Iterator[tuple[str, int]]:
    return zip(layout.roles, layout.sizes, strict=True)
