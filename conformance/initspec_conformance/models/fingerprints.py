"""Fingerprints of a parameter: keys of its lines, and its leading elements.

A line runs along one axis, or along neighbouring ones that are short, at one index of the others:
a row, a column, a row of one expert, the inputs of one tap of a kernel. Its key is the order of the
sizes of its first elements and their signs beside the first one's. So lines of one key are copies
but for a factor, in whichever parameter, member, direction and sign; two parameters drawn from one
stream have proportional leading elements, whatever their shapes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from initspec_conformance.expected.arrays import Array, Values

LINE = 16
"""How many elements make a key: their order and signs are one of 2^59."""

DISTINCT = 12
"""How many sizes of them are different, at least: zeros and constants make no key."""

LEADING = 256
"""How many leading elements are kept."""

MERGED = 4096
"""How many elements a line has at most that runs along several axes."""

Keys = NDArray[np.uint64]
Group = tuple[int, int]


@dataclass(frozen=True)
class Fingerprint:
    """What is kept of a parameter to find its copies.

    Attributes:
        path: its path.
        sizes: its shape, or that of its factors: a stack apart from the outputs of its members;
            without axes of one element.
        keys: the key of each line, by the first and after the last axis of the lines; 0 of none.
        leading: the first elements, less the mean that they should have.
    """

    path: str
    sizes: tuple[int, ...]
    keys: dict[Group, Keys]
    leading: Values


def fingerprint(
    path: str, values: Array, sizes: Sequence[int] = (), mean: float = 0.0
) -> Fingerprint | None:
    """Return the fingerprint of random values; None where they are too few to be told apart.

    Args:
        path: the path of the parameter.
        values: its values.
        sizes: its shape with stacks apart from what is stacked; its own unless given.
        mean: the mean that the values should have.
    """
    if values.size < LINE:
        return None
    sizes = tuple(size for size in sizes or values.shape if size != 1)
    keys = {
        group: _keys(lines(values, sizes, group, LINE).astype(np.float64))
        for group in groups_of(sizes)
    }
    leading = values.reshape(-1)[:LEADING].astype(np.float64) - mean
    return Fingerprint(path, sizes, keys, leading)


def groups_of(sizes: Sequence[int]) -> tuple[Group, ...]:
    """Return which axes lines run along: each long one, and the last and first where short.

    >>> groups_of((4, 64, 64)), groups_of((8, 8, 3, 3))
    (((1, 2), (2, 3), (0, 2)), ((1, 4), (0, 2)))
    """
    rank = len(sizes)
    groups = [(axis, axis + 1) for axis in range(rank) if sizes[axis] >= LINE]
    last = next((a for a in range(rank - 1, -1, -1) if math.prod(sizes[a:]) >= LINE), 0)
    first = next((a for a in range(1, rank) if math.prod(sizes[:a]) >= LINE), rank)
    groups += [
        (start, stop)
        for start, stop in ((last, rank), (0, first))
        if stop - start > 1 and math.prod(sizes[start:stop]) <= MERGED
    ]
    return tuple(dict.fromkeys(groups))


def lines(values: Array, sizes: Sequence[int], group: Group, most: int | None = None) -> Array:
    """Return the lines of a group as rows, or no more than their first elements."""
    before, length, after = _cut(sizes, group)
    cut = values.reshape(before, length, after)[:, :most]
    return cut.swapaxes(1, 2).reshape(before * after, -1)


def line(values: Array, sizes: Sequence[int], group: Group, number: int) -> Array:
    """Return one line."""
    before, length, after = _cut(sizes, group)
    return values.reshape(before, length, after)[number // after, :, number % after]


def index_of(sizes: Sequence[int], group: Group, number: int) -> str:
    """Return the index of a line as text.

    >>> index_of((4, 64, 64), (1, 2), 70)
    '[1, :, 6]'
    """
    start, stop = group
    rest = [*sizes[:start], *sizes[stop:]]
    index = [str(int(i)) for i in np.unravel_index(number, rest)] if rest else []
    index[start:start] = [":"] * (stop - start)
    return f"[{', '.join(index)}]"


def _cut(sizes: Sequence[int], group: Group) -> tuple[int, int, int]:
    start, stop = group
    return math.prod(sizes[:start]), math.prod(sizes[start:stop]), math.prod(sizes[stop:])


def _keys(first: Values) -> Keys:
    """Return the keys of lines, of which there are the first elements: [lines, LINE]."""
    sizes = np.abs(first)
    order = np.argsort(sizes, axis=1, kind="stable")
    keys = (order.astype(np.uint64) << _PLACES).sum(axis=1, dtype=np.uint64)
    signs = (first < 0) ^ (first[:, :1] < 0)
    mixed = (signs.astype(np.uint64) << _BITS).sum(axis=1, dtype=np.uint64)
    keys ^= mixed * np.uint64(0x9E3779B97F4A7C15)
    keys[~_distinct(np.take_along_axis(sizes, order, axis=1))] = 0
    return np.asarray(keys)


def telling(rows: Values) -> NDArray[np.bool_]:
    """Return which rows have so many sizes that none is another by chance."""
    return _distinct(np.sort(np.abs(rows), axis=1))


def _distinct(ascending: Values) -> NDArray[np.bool_]:
    changes = ascending[:, 1:] != ascending[:, :-1]
    return np.asarray(np.count_nonzero(changes, axis=1) >= DISTINCT - 1)


_PLACES = np.arange(0, 4 * LINE, 4, dtype=np.uint64)
_BITS = np.arange(LINE, dtype=np.uint64)
