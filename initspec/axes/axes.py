"""Axes: the role of each axis of a weight, as one line of text.

The grammar, in EBNF (white space separates items and is otherwise free)::

    axes   = item { item } ;
    item   = role | "kernel..." | split | count ;
    split  = "(" factor { factor } ")" ;        one axis, split row-major
    factor = role [ "=" size ] | unequal ;      at most one size of a split left open
    unequal = "stack" [ "=" size ] ( "in" | "out" ) "=" size "+" size { "+" size } ;
                                                the size of each member, once in a line
    count  = "[" counted { counted } "]" ;      counts in the fans, has no axis
    counted = ( "in" | "out" | "kernel" ) "=" size ;
    role   = "in" | "out" | "kernel" | "stack" ;
    size   = a positive decimal integer ;

The letters of a layout are read, too, one an axis: OIHW is `out in kernel kernel`, HWIO is
`kernel kernel in out`; G is a group, and D, H and W are kernel axes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from initspec.axes.fans import Fans
from initspec.axes.layout import ROLES, Factor, Layout, layout_of
from initspec.axes.unequal import Cut, UnequalLayout, unequal_layout
from initspec.errors import AxesError, shown, unknown
from initspec.notebook import HtmlRepr

_TOKEN = re.compile(r"\s*([()\[\]=]|\.\.\.|[A-Za-z_]+|\d+|\S)")
_LONGEST_LINE = 1_000

_ROLE_OF = {"O": "out", "I": "in", "G": "stack", "D": "kernel", "H": "kernel", "W": "kernel"}
"""The letters of a layout as frameworks write it: each once, and inputs or outputs among them."""

Size = int | tuple[int, ...]
Word = tuple[str, Size | None]
"""A role with its size; with several, the stack of members that have these sizes."""


def word(factor: Word) -> str:
    """Return a factor of a split as a line has it."""
    role, size = factor
    if isinstance(size, tuple):
        return f"stack {role}={'+'.join(map(str, size))}"
    return role if size is None else f"{role}={size}"


@dataclass(frozen=True, slots=True)
class _Item:
    """One word of an axes line: "axis", "ellipsis", "split" or "count", and its factors."""

    kind: str
    factors: tuple[Word, ...]

    def __str__(self) -> str:
        words = " ".join(map(word, self.factors))
        return {"axis": "{}", "ellipsis": "{}...", "split": "({})", "count": "[{}]"}[
            self.kind
        ].format(words)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Axes(HtmlRepr):
    """The role of each axis of a weight: `in`, `out`, `kernel` or `stack`.

    `kernel...` is zero or more kernel axes; `(stack=3 out)` splits one axis row-major, into members
    of one size, `(stack out=128+32+32)` into members of these sizes; `[in=512]` counts in the fans
    and has no axis. Equal lines are equal axes, whatever their spacing.

    Args:
        line: the axes in the order of the shape that the initializer is called with.

    Raises:
        AxesError: the line does not follow the grammar in `initspec.axes`.

    >>> Axes("(stack=4 out) in kernel kernel").fans((64, 8, 3, 3))   # torch Conv2d, groups=4
    Fans(fan_in=72, fan_out=144)
    """

    items: tuple[_Item, ...]
    _hash: int = field(compare=False)

    def __init__(self, line: str) -> None:
        if isinstance(line, int):
            raise AxesError(
                f"axes={line!r}: all sizes of a shape stand in one tuple, such as (512, 256); "
                "axes are a line such as 'out in kernel...'"
            )
        if not isinstance(line, str):
            raise AxesError(f"axes={shown(line)}: pass a line such as 'out in kernel...'")
        object.__setattr__(self, "items", _parse(line))
        # Kept, because every call of an initializer looks its resolved spec up by the axes.
        object.__setattr__(self, "_hash", hash(self.items))

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return " ".join(map(str, self.items))

    def __repr__(self) -> str:
        return f"Axes({str(self)!r})"

    def __reduce__(self) -> tuple[type[Axes], tuple[str]]:
        return Axes, (str(self),)

    def fans(self, shape: tuple[int, ...]) -> Fans:
        """Return fan_in = prod(in) * prod(kernel) and fan_out = prod(out) * prod(kernel).

        Raises:
            AxesError: the axes do not fit the shape, or the members of its stack have other sizes
                than each other and so other fans.
        """
        layout = self.layout(shape)
        if isinstance(layout, UnequalLayout):
            raise AxesError(f"axes '{self}': {layout.refusal('fans')}")
        assert layout.fans is not None
        return layout.fans

    def layout(self, shape: tuple[int, ...]) -> Layout:
        """Give each axis of `shape` its roles.

        Raises:
            AxesError: the axes do not fit the shape's rank, or a split does not divide its axis.
        """
        return _layout(self, check_shape(shape))


def axes_of(axes: str | Axes | None) -> Axes | None:
    """Return `axes` as an Axes; None stays None."""
    return axes if axes is None or isinstance(axes, Axes) else Axes(axes)


def _size(size: Any) -> int:
    # True is an integer to Python, and to NumPy before 2.
    if isinstance(size, bool | np.bool_):
        raise TypeError
    index: int = size.__index__()
    return index


def check_shape(shape: object) -> tuple[int, ...]:
    """Return `shape` as a tuple of ints; raise AxesError where it is not a shape."""
    try:
        sizes = tuple(map(_size, shape))  # type: ignore[call-overload]
    except (TypeError, AttributeError):
        raise AxesError(
            f"shape={shown(shape)}: pass a tuple of integers, one for each axis, such as (512, 256)"
        ) from None
    if any(size < 0 for size in sizes):
        raise AxesError(f"shape={sizes}: a size is negative; sizes are 0 or more")
    return sizes


@lru_cache(maxsize=4096)
def _layout(axes: Axes, shape: tuple[int, ...]) -> Layout:
    factors: list[Factor] = []
    counted: list[Factor] = []
    unequal: Cut | None = None
    remaining = list(shape)
    named = sum(item.kind in ("axis", "split") for item in axes.items)
    elastic = any(item.kind == "ellipsis" for item in axes.items)
    if len(shape) < named or (len(shape) > named and not elastic):
        least = "at least " if elastic else ""
        raise AxesError(
            f"axes '{axes}' name {least}{named} axes, but the shape {shape} has {len(shape)}: "
            "name each axis of the weight once, in the order of its shape"
        )
    for item in axes.items:
        match item.kind:
            case "axis":
                factors.append((item.factors[0][0], remaining.pop(0)))
            case "ellipsis":
                factors += [("kernel", remaining.pop(0)) for _ in range(len(shape) - named)]
            case "split":
                split = _split(item, remaining.pop(0), shape)
                for place, (_, size) in enumerate(item.factors):
                    if isinstance(size, tuple):
                        axis = len(shape) - len(remaining) - 1
                        unequal = Cut(axis, len(factors), split, place, size)
                factors += split
            case _:
                counted += [(role, _total(size)) for role, size in item.factors]
    if unequal is not None:
        return unequal_layout(shape, factors, counted, unequal)
    return layout_of(shape, factors, counted)


def _split(item: _Item, size: int, shape: tuple[int, ...]) -> list[Factor]:
    known = math.prod(_total(number) for _, number in item.factors if number is not None)
    closed = all(number is not None for _, number in item.factors)
    if size % known or (closed and size != known):
        relation = "equal to" if closed else "a multiple of"
        raise AxesError(
            f"'{item}' cannot split an axis of {size} in the shape {shape}: {size} is not "
            f"{relation} {known}; correct the size in the axes or the shape"
        )
    return [
        (role, size // known if number is None else _total(number)) for role, number in item.factors
    ]


def _total(size: Size | None) -> int:
    return sum(size) if isinstance(size, tuple) else size or 0


def _spelled_out(line: str) -> str:
    letters = line.strip().upper()
    distinct = set(letters)
    if 1 < len(letters) == len(distinct) and distinct <= _ROLE_OF.keys() and distinct & {"I", "O"}:
        return " ".join(_ROLE_OF[letter] for letter in letters)
    return line


@lru_cache(maxsize=1024)
def _parse(line: str) -> tuple[_Item, ...]:
    if len(line) > _LONGEST_LINE:
        raise AxesError(f"an axes line of {len(line)} characters: at most {_LONGEST_LINE} are read")
    tokens = _TOKEN.findall(_spelled_out(line))
    items: list[_Item] = []

    def fail(why: str) -> AxesError:
        return AxesError(
            f"axes {line!r}: {why}; write one word an axis, such as 'out in kernel...', "
            "'(stack=4 out) in', '(stack out=128+32+32) in' or 'out [in=512]'"
        )

    def factor() -> Word:
        role = tokens.pop(0)
        if not role.isidentifier():
            raise fail(f"{role!r} where a role belongs")
        if role not in ROLES:
            raise AxesError(f"axes {line!r}: {unknown('role', role, ROLES)}")
        if tokens[:1] != ["="]:
            return role, None
        sizes: list[int] = []
        while tokens[:1] == ["+" if sizes else "="]:
            tokens.pop(0)
            size = tokens.pop(0) if tokens else ""
            if not (size.isascii() and size.isdigit()) or int(size) < 1:
                raise fail(f"'{role}=' needs a positive integer")
            sizes.append(int(size))
        return role, sizes[0] if len(sizes) == 1 else tuple(sizes)

    def bracketed(close: str) -> tuple[Word, ...]:
        tokens.pop(0)
        inside: list[Word] = []
        while tokens and tokens[0] != close:
            inside.append(factor())
        if not tokens or not inside:
            raise fail(f"a bracket without its {close!r}, or with nothing in it")
        tokens.pop(0)
        return tuple(inside)

    while tokens:
        if tokens[0] == "(":
            item = _Item("split", _members(bracketed(")"), fail))
            if sum(size is None for _, size in item.factors) > 1:
                raise fail(f"'{item}' leaves more than one size open")
        elif tokens[0] == "[":
            item = _counted(_Item("count", bracketed("]")), fail)
        else:
            role, size = factor()
            if size is not None:
                raise fail(
                    f"a size stands in a split or a count only: write ({word((role, size))})"
                )
            item = _Item("axis", ((role, None),))
            if tokens[:1] == ["..."]:
                tokens.pop(0)
                if role != "kernel":
                    raise fail("only kernel axes can be left open with '...'")
                item = _Item("ellipsis", item.factors)
        items.append(item)
    if not items:
        raise fail("nothing is named")
    unequal = [word for item in items for word in item.factors if isinstance(word[1], tuple)]
    if sum(item.kind == "ellipsis" for item in items) > 1 or len(unequal) > 1:
        raise fail("at most one 'kernel...', and one stack of unequal members, is allowed")
    return tuple(items)


def _counted(item: _Item, fail: Callable[[str], AxesError]) -> _Item:
    """Return a count; raise AxesError where it counts what has no single size."""
    if any(size is None for _, size in item.factors):
        raise fail(f"'{item}' has no axis to read its size from: give it, as in [in=512]")
    if any(isinstance(size, tuple) for _, size in item.factors):
        raise fail("square brackets count one size for all members")
    if any(role == "stack" for role, _ in item.factors):
        raise fail("a stack counts in no fan, so it cannot stand in square brackets")
    return item


def _members(words: tuple[Word, ...], fail: Callable[[str], AxesError]) -> tuple[Word, ...]:
    """Return the words of a split, each stack of unequal members as one word with their sizes."""
    merged: list[Word] = []
    for role, size in words:
        if not isinstance(size, tuple):
            merged.append((role, size))
            continue
        sizes = "+".join(map(str, size))
        if role not in ("in", "out"):
            raise fail(f"{role}={sizes}: the members of a stack differ in their size of in or out")
        if not merged or merged[-1][0] != "stack":
            raise fail(f"several sizes are those of the members of a stack: (stack {role}={sizes})")
        _, count = merged.pop()
        if count not in (None, len(size)):
            raise fail(f"stack={count}, but {sizes} are the sizes of {len(size)} members")
        equal = len(set(size)) == 1
        merged += [("stack", len(size)), (role, size[0])] if equal else [(role, size)]
    return tuple(merged)


OUT_IN = Axes("out in kernel...")
"""The convention of torch, and of initspec wherever no framework is involved."""

IN_OUT = Axes("kernel... in out")
"""The convention of Keras, JAX and flax."""


def by_rank(convention: Axes, rank: int) -> Axes | None:
    """Return a framework's convention for a weight of `rank`; None below 2, where there is none."""
    return convention if rank >= 2 else None
