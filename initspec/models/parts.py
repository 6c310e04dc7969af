"""Where a part of a parameter lies."""

from __future__ import annotations

import math
import re

from initspec.axes import Layout, UnequalLayout
from initspec.errors import RecipeError


def part_of(part: str, layout: Layout) -> tuple[slice, ...]:
    """Return a slice for each axis of a weight.

    Args:
        part: "stack[1]", the second member of the last stack factor, or "[0]", the first row.
        layout: the weight's.

    Raises:
        RecipeError: the weight has no such part, or the part is no block of neighbours.
    """
    match = re.fullmatch(r"(stack)?\[(\d+)\]", part)
    assert match, part
    index = int(match[2])
    whole = [slice(0, size) for size in layout.shape]
    if not match[1]:
        if not whole or index >= layout.shape[0]:
            raise RecipeError(f"part {part!r} of the shape {layout.shape}: it has no such row")
        whole[0] = slice(index, index + 1)
        return tuple(whole)
    if isinstance(layout, UnequalLayout):
        _check(part, index, len(layout.parts))
        if len(layout.cut) != len(layout.shape):
            raise RecipeError(_no_block(part))
        member = layout.parts[index]
        whole[layout.axis] = slice(member.start, member.stop)
        return tuple(whole)
    stacks = [i for i, role in enumerate(layout.roles) if role == "stack"]
    if not stacks:
        raise RecipeError(
            f"part {part!r}: the parameter has no stack; give the rule axes, such as "
            "axes='(stack=4 out)'"
        )
    axis, place = _axis_of(stacks[-1], layout)
    _check(part, index, layout.sizes[stacks[-1]])
    outer, inner = place
    if math.prod(layout.sizes[i] for i in outer) != 1:
        raise RecipeError(_no_block(part))
    length = math.prod(layout.sizes[i] for i in inner)
    whole[axis] = slice(index * length, (index + 1) * length)
    return tuple(whole)


def _check(part: str, index: int, members: int) -> None:
    if index >= members:
        raise RecipeError(f"part {part!r}: the last stack has {members} members, from [0]")


def _no_block(part: str) -> str:
    return f"part {part!r} is no block of neighbours: another factor is outside it"


def _axis_of(factor: int, layout: Layout) -> tuple[int, tuple[range, range]]:
    """Return the axis that a factor is of, and the factors outside and inside it on that axis."""
    position = 0
    for axis, size in enumerate(layout.shape):
        start, product = position, 1
        while position < len(layout.sizes) and (product < size or position == start):
            product *= layout.sizes[position]
            position += 1
        if start <= factor < position:
            return axis, (range(start, factor), range(factor + 1, position))
    raise AssertionError("a factor without an axis")
