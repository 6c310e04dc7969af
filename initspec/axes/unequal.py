"""Stacks whose members have unequal sizes, such as query, key and value of grouped attention."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from initspec.axes.layout import Factor, Layout, layout_of
from initspec.errors import AxesError


class Cut(NamedTuple):
    """Where a weight is cut into members of unequal size.

    Attributes:
        axis: the axis that is cut.
        first: the number of this axis' first factor among all.
        split: the factors of the axis.
        place: the place among them of the one that is cut.
        members: the size of that factor in each member.
    """

    axis: int
    first: int
    split: list[Factor]
    place: int
    members: tuple[int, ...]


class Part(NamedTuple):
    """A member, or one of each group of members: a weight that is drawn by itself.

    Attributes:
        layout: the part alone; its unequal stack has one member.
        start: where the part begins, along the axis that the weight is cut on.
        stop: where it ends.
        number: its place in the unequal stack.
        equal: the weight of which the part would be a block if all members had its size: there the
            unequal stack is an axis of its own, before the one that the weight is cut on, and the
            part has the place `number` on it.
    """

    layout: Layout
    start: int
    stop: int
    number: int
    equal: Layout


@dataclass(frozen=True)
class UnequalLayout(Layout):
    """A shape that is cut into parts, which lie side by side on one axis.

    The sizes of its roles and its fans are those of each part, and raise here.

    Attributes:
        parts: the parts, in their order.
        cut: the shape with the axis of the parts apart from the factors before it.
        axis: the number of that axis in `cut`.
        first: the axes and the shape of the first member alone, in words.
    """

    parts: tuple[Part, ...]
    cut: tuple[int, ...]
    axis: int
    first: str

    def role(self, name: str) -> tuple[int, ...]:
        if name == "kernel":  # the same for all
            return super().role(name)
        raise AxesError(self.refusal(f"size of the role {name!r}"))

    def refusal(self, what: str) -> str:
        """Return the message for what only a part has."""
        return (
            f"the shape {self.shape} is cut into parts of unequal size, each with its own {what}: "
            f"ask for one member alone, the first being {self.first}"
        )

    def join(self, parts: Sequence[Any], concatenate: Callable[..., Any]) -> Any:
        """Return the weight of its parts, NumPy or JAX arrays.

        Args:
            parts: an array of each part, in its own shape.
            concatenate: what joins arrays along an axis, such as `numpy.concatenate`.
        """
        return concatenate(parts, axis=self.axis).reshape(self.shape)


def unequal_layout(
    shape: tuple[int, ...], factors: list[Factor], counted: list[Factor], cut: Cut
) -> UnequalLayout:
    """Return the layout of a shape that is cut into parts; see `layout_of`."""
    before, after = (
        math.prod(size for _, size in factors)
        for factors in (cut.split[: cut.place], cut.split[cut.place + 1 :])
    )
    role, total = cut.split[cut.place]
    at = cut.first + cut.place
    lead = shape[: cut.axis] + ((before,) if before != 1 else ())
    rest = shape[cut.axis + 1 :]

    def layout(stack: tuple[int, ...], size: int) -> Layout:
        inner = [*factors[:at], ("stack", math.prod(stack)), (role, size), *factors[at + 1 :]]
        return layout_of((*lead, *stack, size * after, *rest), inner, counted)

    parts, start = [], 0
    for number, size in enumerate(cut.members):
        stop = start + size * after
        equal = layout((len(cut.members),), size)
        parts.append(Part(layout((), size), start, stop, number, equal))
        start = stop
    roles, sizes = zip(*factors, strict=True)
    whole = (*lead, total * after, *rest)
    alone = parts[0].layout
    factors = [
        factor for factor in zip(alone.roles, alone.sizes, strict=True) if factor[0] != "stack"
    ]
    line = " ".join([*(role for role, _ in factors), *(f"[{r}={n}]" for r, n in counted)])
    first = f"axes='{line}' of the shape {tuple(size for _, size in factors)}"
    return UnequalLayout(shape, roles, sizes, None, tuple(parts), whole, len(lead), first)
