"""Cut a part of a weight into tiles: boxes in logical order, small enough to draw at once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec.axes.layout import Layout

Range = tuple[int, int]
Numbers = NDArray[np.int64]

TILE = 1 << 18
"""Largest number of elements of a tile, unless the draw needs a larger one."""

_LINE = 32
"""Smallest extent of a tile along the target's contiguous axis: whole cache lines."""

_STRIP = 1 << 13
"""Values of which all lines stay in the cache."""

_WIDTH = 48
"""The width of a strip: of wider ones the lines that are read do not fit into the first cache."""


@dataclass(frozen=True)
class Tile:
    """A box of the logical factors, and the memory to write it to.

    Attributes:
        layout: the weight's.
        ranges: for each factor in logical order, the first and the end.
        target: the box's elements in the weight's memory, in logical order.
    """

    layout: Layout
    ranges: tuple[Range, ...]
    target: NDArray[Any]

    @cached_property
    def size(self) -> int:
        """The number of elements."""
        return self.target.size

    @property
    def member(self) -> int:
        """The one stack member that the tile lies in."""
        return int(self.members[0])

    @property
    def members(self) -> Numbers:
        """The stack members that the tile covers."""
        return self._numbers("stack")

    @property
    def rows(self) -> Numbers:
        """The rows of the member's matrix, [out, in * kernel], that the tile covers."""
        return self._numbers("out")

    @property
    def columns(self) -> Numbers:
        """The columns of the member's matrix that the tile covers."""
        taps = self._numbers("kernel")
        return (self._numbers("in")[:, None] * self.layout.taps + taps).ravel()

    def runs(self, inner: int | None = None) -> tuple[Numbers, Numbers, int]:
        """Return the tile as runs of consecutive numbers: members, starts and their length.

        Args:
            inner: the first factor along which a run goes on; None for the longest runs.
        """
        sizes, stacks = self.layout.ordered, len(self.layout.role("stack"))
        inner = self.inner if inner is None else inner
        base, length, stride = 0, 1, 1
        for axis in range(len(sizes) - 1, inner - 1, -1):
            start, stop = self.ranges[axis]
            base, length = base + start * stride, length * (stop - start)
            stride *= sizes[axis]
        starts = np.full(1, base, np.int64)
        for size, (start, stop) in zip(
            reversed(sizes[stacks:inner]), reversed(self.ranges[stacks:inner]), strict=True
        ):
            starts = (np.arange(start, stop, dtype=np.int64)[:, None] * stride + starts).ravel()
            stride *= size
        members = self._numbers("stack")
        if len(members) == 1:
            return np.broadcast_to(members, starts.shape), starts, length
        return np.repeat(members, len(starts)), np.tile(starts, len(members)), length

    def places(self, inner: int) -> tuple[Numbers, Numbers]:
        """Return where the elements lie: that of each run plus that of each element, in bytes."""
        places = []
        for axes in (slice(None, inner), slice(inner, None)):
            at = np.zeros(1, np.int64)
            for size, stride in zip(
                self.target.shape[axes], self.target.strides[axes], strict=True
            ):
                at = (at[:, None] + np.arange(size, dtype=np.int64) * stride).ravel()
            places.append(at)
        return places[0], places[1]

    @cached_property
    def inner(self) -> int:
        """The first factor along which the numbers are consecutive."""
        sizes, inner = self.layout.ordered, len(self.layout.ordered)
        while inner > len(self.layout.role("stack")):
            inner -= 1
            start, stop = self.ranges[inner]
            if stop - start < sizes[inner]:
                break
        return inner

    def _numbers(self, role: str) -> Numbers:
        """Return the flat numbers of the tile within the factors of one role."""
        numbers = np.zeros(1, np.int64)
        names = (self.layout.roles[i] for i in self.layout.order)
        for name, size, (low, high) in zip(names, self.layout.ordered, self.ranges, strict=True):
            if name == role:
                numbers = (numbers[:, None] * size + np.arange(low, high, dtype=np.int64)).ravel()
        return numbers


def copy(values: NDArray[Any], target: NDArray[Any]) -> None:
    """Copy values to memory of the same shape, rounded to its dtype.

    A transposed copy goes by strips along the target's contiguous axis: of wider ones the lines of
    the values that it reads leave the cache before all of a line is read.
    """
    if values.size <= _STRIP:
        np.copyto(target, values, casting="unsafe")
        return
    wide = [axis for axis, size in enumerate(target.shape) if size > 1]
    lead = min(wide, key=lambda axis: abs(target.strides[axis]))
    width = target.shape[lead] if values.strides[lead] == values.itemsize else _WIDTH
    for start in range(0, target.shape[lead], width):
        strip: tuple[Any, ...] = (*(slice(None),) * lead, slice(start, start + width))
        np.copyto(target[strip], values[strip], casting="unsafe")


def tiles(
    layout: Layout,
    index: Sequence[Range],
    out: NDArray[Any],
    most: int = TILE,
    whole: tuple[str, ...] = (),
    one_member: bool = False,
) -> Iterator[Tile]:
    """Cut a part of a weight into tiles.

    Args:
        layout: the weight's.
        index: the first and the end along each axis of the weight.
        out: the memory of the part, in the weight's own axes; any strides.
        most: the largest number of elements of a tile.
        whole: roles that are not cut.
        one_member: whether a tile must lie in one stack member.
    """
    for ranges, target in _boxes(layout, index, out):
        steps = _steps(layout, ranges, target, most, whole, one_member)
        cuts = [
            [(i, min(i + step, stop)) for i in range(start, stop, step)]
            for (start, stop), step in zip(ranges, steps, strict=True)
        ]
        for part in itertools.product(*cuts):
            at: tuple[Any, ...] = tuple(
                slice(low - start, high - start)
                for (low, high), (start, _) in zip(part, ranges, strict=True)
            )
            yield Tile(layout, part, target[..., *at])


def _boxes(
    layout: Layout, index: Sequence[Range], out: NDArray[Any]
) -> Iterator[tuple[tuple[Range, ...], NDArray[Any]]]:
    """Yield the ranges of each box in logical order, and its elements of `out`.

    A slice of a split axis is not a box of its factors; it is cut into at most two boxes more than
    it has factors.
    """
    axes, position = [], 0
    for size, (start, stop) in zip(layout.shape, index, strict=True):
        factors: list[int] = []
        # A factor of size 1 may count with a neighbour, which changes nothing.
        while position < len(layout.sizes) and math.prod(factors) < size:
            factors.append(layout.sizes[position])
            position += 1
        axes.append(list(cut(start, stop, factors)))
    ones = [(0, 1)] * (len(layout.sizes) - position)
    for parts in itertools.product(*axes):
        at: tuple[Any, ...] = tuple(
            slice(begin - start, begin - start + math.prod(high - low for low, high in part))
            for (begin, part), (start, _) in zip(parts, index, strict=True)
        )
        ranges = [factor for _, part in parts for factor in part] + ones
        box = out[..., *at].reshape([high - low for low, high in ranges]).transpose(layout.order)
        yield tuple(ranges[i] for i in layout.order), box


def cut(start: int, stop: int, factors: list[int]) -> Iterator[tuple[int, tuple[Range, ...]]]:
    """Yield the boxes of a slice of a row-major product of factors, and where each begins."""
    if start >= stop:
        return
    if not factors:
        yield start, ()
        return
    inner = math.prod(factors[1:])
    low, high = start // inner, stop // inner
    if low == (stop - 1) // inner:
        for begin, rest in cut(start - low * inner, stop - low * inner, factors[1:]):
            yield low * inner + begin, ((low, low + 1), *rest)
        return
    if start % inner:
        low += 1
        yield from cut(start, low * inner, factors)
    if low < high:
        yield low * inner, ((low, high), *((0, size) for size in factors[1:]))
    yield from cut(high * inner, stop, factors)


def _steps(
    layout: Layout,
    ranges: tuple[Range, ...],
    target: NDArray[Any],
    most: int,
    whole: tuple[str, ...],
    one_member: bool,
) -> list[int]:
    """Return how far a tile reaches along each factor: long runs, and whole cache lines."""
    extents = [stop - start for start, stop in ranges]
    roles = [layout.roles[i] for i in layout.order]
    steps = [extent if role in whole else 1 for role, extent in zip(roles, extents, strict=True)]
    limits = [
        1 if one_member and role == "stack" else extent
        for role, extent in zip(roles, extents, strict=True)
    ]
    wide = [i for i, limit in enumerate(limits) if limit > 1]
    if not wide:
        return [1] * len(extents)
    lead = min(wide, key=lambda i: (abs(target.strides[i]), -i))
    for i in (lead, *reversed(range(len(extents)))):
        room = max(1, most // math.prod(steps))
        reach = min(limits[i], _LINE if i == lead and steps[lead] == 1 else steps[i] * room)
        reach = max(reach, steps[i])
        parts = -(-limits[i] // reach)
        steps[i] = -(-limits[i] // parts)
        if steps[i] < limits[i] and i != lead:
            break
    return steps
