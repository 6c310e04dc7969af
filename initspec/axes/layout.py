"""The layout of a weight: the map from its own axes to the logical order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from initspec.axes.fans import Fans

ROLES = ("stack", "out", "in", "kernel")
Factor = tuple[str, int]
"""A role and a size: an axis of a weight, or a factor of a split one."""


@dataclass(frozen=True)
class Layout:
    """A shape with the roles of each axis.

    The logical shape is [stack, out, in, kernel...]: each role is the product of its axes in order
    of appearance, row-major; kernel axes stay apart, because their centre matters.

    Attributes:
        shape: the weight's own shape.
        roles: the role of each factor, in the weight's order.
        sizes: the size of each factor; split axes give several.
        fans: fan_in and fan_out, sizes without an axis counted in; None where they differ by
            member.
    """

    shape: tuple[int, ...]
    roles: tuple[str, ...]
    sizes: tuple[int, ...]
    fans: Fans | None

    def role(self, name: str) -> tuple[int, ...]:
        """Return the sizes of the factors of one role."""
        return tuple(
            size for role, size in zip(self.roles, self.sizes, strict=True) if role == name
        )

    @cached_property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @cached_property
    def stack(self) -> int:
        """The number of independent copies."""
        return math.prod(self.role("stack"))

    @cached_property
    def out(self) -> int:
        """The rows of one member's matrix."""
        return math.prod(self.role("out"))

    @cached_property
    def in_(self) -> int:
        """The inputs of one member, without the receptive field."""
        return math.prod(self.role("in"))

    @cached_property
    def kernel(self) -> tuple[int, ...]:
        """The receptive field, an entry for each kernel axis."""
        return self.role("kernel")

    @cached_property
    def taps(self) -> int:
        """The number of places in the receptive field."""
        return math.prod(self.kernel)

    @cached_property
    def columns(self) -> int:
        """The columns of one member's matrix: in * kernel."""
        return self.in_ * self.taps

    @cached_property
    def centre(self) -> int:
        """The flat index of the receptive field's centre, (size - 1) // 2 on each axis.

        Under SAME padding this tap reads the input at the output's place, for even sizes too.
        """
        index = 0
        for size in self.kernel:
            index = index * size + (size - 1) // 2
        return index

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The factors in logical order: the permutation that brings them there."""
        return tuple(i for role in ROLES for i, name in enumerate(self.roles) if name == role)

    @cached_property
    def in_order(self) -> bool:
        """Whether the weight's own order is the logical one."""
        return self.order == tuple(range(len(self.order)))

    @cached_property
    def inverse(self) -> tuple[int, ...]:
        """The permutation that brings factors in logical order back to the weight's."""
        return tuple(self.order.index(i) for i in range(len(self.order)))

    @cached_property
    def ordered(self) -> tuple[int, ...]:
        """The sizes of the factors in logical order."""
        return tuple(self.sizes[i] for i in self.order)

    def logical(self, weight: Any) -> Any:
        """Return `weight` (a NumPy or JAX array) as [stack, out, in, kernel], kernel flat."""
        flat = weight.reshape(self.sizes).transpose(self.order)
        return flat.reshape(self.stack, self.out, self.in_, self.taps)

    def weight(self, logical: Any) -> Any:
        """Return a NumPy or JAX array of logical order in the weight's own shape."""
        return logical.reshape(self.ordered).transpose(self.inverse).reshape(self.shape)


def layout_of(shape: tuple[int, ...], factors: list[Factor], counted: list[Factor]) -> Layout:
    """Return the layout of a shape, its fans counted.

    Args:
        shape: the weight's own shape.
        factors: the factors of its axes, in their order.
        counted: what counts in the fans and has no axis.
    """
    product = {
        role: math.prod(size for named, size in factors + counted if named == role)
        for role in ROLES
    }
    fans = Fans(product["in"] * product["kernel"], product["out"] * product["kernel"])
    roles, sizes = zip(*factors, strict=True) if factors else ((), ())
    return Layout(shape, roles, sizes, fans)
