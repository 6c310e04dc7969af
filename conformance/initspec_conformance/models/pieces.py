"""The pieces of a parameter that have one law each: the whole, its parts, its unequal members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from initspec import Axes, InitSpec
from initspec.axes import Layout, UnequalLayout
from initspec.errors import InitSpecError
from initspec.models.assignment import Assignment, Index
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.expected import Expected, check_width, expected_of
from initspec_conformance.expected.laws import EntryLaw, entry_law, structure_of
from initspec_conformance.expected.parts import parts_of

BLOCK = 1 << 19
"""How many elements are judged at a time."""


@dataclass(frozen=True)
class Entries(Expected):
    """Independent entries of a weight whose shape is not that which the law is of.

    Attributes:
        given: their law.
    """

    given: EntryLaw

    @cached_property
    def law(self) -> EntryLaw | None:
        """The law of the entries: that of the weight which they are taken from."""
        return self.given


@dataclass(frozen=True)
class Piece:
    """A part of a parameter with a law of its own.

    Attributes:
        name: "stack[1]" or "[0]" of a part, "member 2" of an unequal stack; "" for the rest.
        expected: what it should be.
        values: its values, of the shape expected.
        rows: which rows of the parameter it has; None where it has all, or parts of them.
    """

    name: str
    expected: Expected
    values: Array
    rows: Array | None = None


def pieces_of(assignment: Assignment, values: Array) -> Iterator[Piece]:
    """Yield the pieces of a parameter that its recipe gives a spec.

    Raises:
        InitSpecError: a piece cannot be judged; the message says why.
        BrokenError: its entries do not go together as its spec says.
    """
    spec, axes, dtype = assignment.spec, assignment.axes, assignment.dtype
    assert spec is not None
    layout = axes.layout(values.shape)
    if assignment.parts and isinstance(layout, UnequalLayout):
        raise InitSpecError("parts of a stack of unequal members")
    places = [part.index for part in assignment.parts]
    for number, part in enumerate(assignment.parts):
        if not any(_overlap(part.index, later) for later in places[number + 1 :]):
            block = values[part.index]
            yield Piece(part.name, _of_block(part.spec, block.shape, layout, dtype), block)
    if places:
        rest, rows = without(values, places)
        if rest.size:
            yield Piece("", _of_block(spec, rest.shape, layout, dtype), rest, rows)
    elif isinstance(layout, UnequalLayout):
        cut = values.reshape(layout.cut)
        for number, member in enumerate(layout.parts):
            index = [slice(None)] * cut.ndim
            index[layout.axis] = slice(member.start, member.stop)
            block = cut[tuple(index)]
            expected = _of_block(spec, block.shape, member.layout, dtype)
            yield Piece(f"member {number}", expected, block)
    else:
        for each in parts_of(expected_of(spec, values.shape, axes, dtype)):
            yield Piece(each.name, each.expected, each.take(values))


def remaining(piece: Piece, gone: Array, axis: int) -> Piece:
    """Return a piece without some of its rows or columns."""
    values = np.compress(~gone, piece.values, axis=axis)
    return replace(piece, values=values, expected=entries_of(piece.expected, values.shape))


def entries_of(expected: Expected, shape: tuple[int, ...], axes: Axes | None = None) -> Entries:
    """Return entries of another shape with the law of a weight."""
    assert expected.law is not None
    return Entries(expected.spec, shape, axes, expected.dtype, expected.law)


def without(values: Array, places: list[Index]) -> tuple[Array, Array | None]:
    """Return an array without some blocks, and the numbers of the rows that are left.

    It has its own rank where the blocks lie across one axis, and rows only across the first.
    """
    axes = {_axis(index, values.shape) for index in places}
    if len(axes) == 1:
        (axis,) = axes
        kept = np.ones(values.shape[axis], bool)
        for index in places:
            kept[index[axis]] = False
        return np.compress(kept, values, axis=axis), None if axis else np.flatnonzero(kept)
    kept = np.ones(values.shape, bool)
    for index in places:
        kept[index] = False
    return values[kept], None


def blocks_of(piece: Piece) -> Iterator[Batch]:
    """Yield the independent entries of a piece as batches of one draw each."""
    expected, values = piece.expected, piece.values
    if values.size <= BLOCK:
        yield Batch(expected, values[None])
        return
    # A large weight is cut across its first axis; what is no matrix is taken for one.
    rows = values.reshape(len(values), -1)
    if rows.shape[1] < 2 or len(rows) < 2 * -(-values.size // BLOCK):  # a row alone is no matrix
        rows = values.reshape(1, -1)[:, : values.size // 1024 * 1024].reshape(-1, 1024)
    for number, block in enumerate(np.array_split(rows, -(-rows.size // BLOCK))):
        yield Batch(entries_of(expected, block.shape, _MATRIX), block[None], number)


_MATRIX = Axes("out in")


def _of_block(spec: InitSpec, shape: tuple[int, ...], layout: Layout, dtype: str) -> Expected:
    """Return what a block is, of which the fans of the whole make the law.

    Raises:
        InitSpecError: its entries are not independent of what lies beside it.
    """
    structure = structure_of(spec)
    if structure == "iid":
        assert layout.fans is not None
        law = entry_law(spec, layout.fans)
        assert law is not None
        entries = Entries(spec, shape, None, dtype, law)
        check_width(entries)
        return entries
    if spec.variance is None and spec.distribution.name() == "constant":
        return Expected(spec, shape, None, dtype)
    raise InitSpecError(f"'{spec}' on a block of a weight")


def _axis(index: Index, shape: tuple[int, ...]) -> int:
    """Return the axis that a block does not fill; the first where it fills all."""
    partial = [
        axis
        for axis, (part, size) in enumerate(zip(index, shape, strict=True))
        if (part.start, part.stop) != (0, size)
    ]
    return partial[0] if partial else 0


def _overlap(a: Index, b: Index) -> bool:
    return all(x.start < y.stop and y.start < x.stop for x, y in zip(a, b, strict=True))
