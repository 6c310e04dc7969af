"""The weight of one layer, in the layout of each framework.

A weight is a list of axes, each a list of factors: torch's grouped kernel (64, 8, 3, 3) is
[[stack 4, out 16], [in 8], [kernel 3], [kernel 3]], and that of Keras has the same factors in
another order. A factor also carries what a line takes it for, which may be wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from initspec.axes import OUT_IN, Axes
from initspec.axes.axes import Size, word
from initspec.translate.vocabularies import vocabularies
from initspec.translate.vocabulary import Vocabulary
from initspec.translate.writing import roles


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor of an axis.

    Attributes:
        role: what it is for.
        counted: what a line takes it for.
        size: its size; those of its members where they are unequal; None where no shape is known.
        open: whether it is `kernel...`, any number of axes.
    """

    role: str
    counted: str
    size: Size | None
    open: bool = False

    @property
    def total(self) -> int:
        """The number of its elements; 0 where it is not known."""
        return sum(self.size) if isinstance(self.size, tuple) else self.size or 0


Weight = list[list[Factor]]


@dataclass(frozen=True, slots=True)
class Placed:
    """A weight in the layout of a framework.

    Attributes:
        axes: what its axes are for.
        counted: what a line takes them for; None is the framework's convention.
        shape: its shape, where it is known.
        miscounted: whether the line takes them for something else than they are for.
        note: what to know about it; "" for a layer that the framework has.
    """

    axes: Axes
    counted: Axes | None
    shape: tuple[int, ...] | None
    miscounted: bool = False
    note: str = ""


def place(
    axes: Axes,
    counted: Axes,
    shape: tuple[int, ...] | None,
    source: Vocabulary | None,
    words: Vocabulary,
) -> Placed:
    """Return a layer's weight in the layout of a framework; as it is, where that is not known.

    Args:
        axes: what its axes are for.
        counted: what a line takes them for.
        shape: its shape.
        source: the framework that it comes from; None is initspec itself.
        words: the framework that it goes to.
    """
    if source is not None and source.name == words.name:
        usual = _usual(str(counted), words, None if shape is None else len(shape))
        return Placed(axes, usual, shape, axes != counted)
    weight = _factors(axes, counted, shape)
    moved = (
        None
        if weight is None
        else _arranged(
            weight, _is_transposed(axes, shape, source.axes if source else OUT_IN), words
        )
    )
    if moved is not None:
        lines = _line(moved, "role"), _line(moved, "counted")
        if lines[0] and lines[1]:
            sizes = [[factor.total for factor in factors] for factors in moved]
            return Placed(
                _usual(lines[0], words, len(moved)) or words.axes,
                _usual(lines[1], words, len(moved)),
                None if shape is None else tuple(math.prod(axis) for axis in sizes),
                lines[0] != lines[1],
            )
    named = {role for item in axes.items for role, *_ in item.factors}
    apart = {"in", "out"} <= named and not any(item.kind == "count" for item in axes.items)
    note = f"The same array: which layer of {words.title} has these axes is not known."
    usual = _usual(str(counted), words, None if shape is None else len(shape))
    return Placed(axes, usual, shape, axes != counted, note if apart else "")


def _factors(axes: Axes, counted: Axes, shape: tuple[int, ...] | None) -> Weight | None:
    """Return the factors that both lines share; None where they have none."""
    by_role, by_line = _roles(axes, shape), _roles(counted, shape)
    if by_role is None or by_line is None:
        return None
    if shape is None and axes != counted:
        return None
    weight: Weight = []
    for axis, line in zip(by_role, by_line, strict=True):
        if axis == line:
            weight.append([Factor(role, role, size, many) for role, size, many in axis])
        elif any(isinstance(size, tuple) for _, size, _ in axis):
            return None
        elif len(line) == 1:
            weight.append([Factor(role, line[0][0], size) for role, size, _ in axis])
        elif len(axis) == 1:
            weight.append([Factor(axis[0][0], role, size) for role, size, _ in line])
        elif [size for _, size, _ in axis] == [size for _, size, _ in line]:
            pairs = zip(axis, line, strict=True)
            weight.append([Factor(role, other, size) for (role, size, _), (other, *_) in pairs])
        else:
            return None
    return weight


_Roles = list[list[tuple[str, Size | None, bool]]]


def _roles(axes: Axes, shape: tuple[int, ...] | None) -> _Roles | None:
    """Return role, size and openness of each factor of each axis; None for sizes without one."""
    if any(item.kind not in ("axis", "ellipsis", "split") for item in axes.items):
        return None
    if shape is None:
        return [
            [(role, size, item.kind == "ellipsis") for role, size in item.factors]
            for item in axes.items
        ]
    layout = axes.layout(shape)
    factors = iter(zip(layout.roles, layout.sizes, strict=True))
    named = sum(item.kind != "ellipsis" for item in axes.items)
    return [
        [
            (role, given if isinstance(given, tuple) else size, False)
            for (_, given), (role, size) in zip(item.factors, factors, strict=False)
        ]
        for item in axes.items
        for _ in range(len(shape) - named if item.kind == "ellipsis" else 1)
    ]


def _is_transposed(axes: Axes, shape: tuple[int, ...] | None, source: Axes) -> bool:
    """Return whether a framework stores the kernel of a transposed convolution so."""
    rank = None if shape is None else len(shape)
    order = roles(axes, rank)
    if order is None or not {"kernel", "kernel..."} & set(order) or order == roles(source, rank):
        return False
    patterns = [words.layouts.get("transposed") for words in vocabularies().values()]
    return any(pattern is not None and roles(pattern, rank) == order for pattern in patterns)


def _arranged(weight: Weight, transposed: bool, words: Vocabulary) -> Weight | None:
    """Return the axes in a framework's order; None where it cannot be known."""
    flat = [factor for axis in weight for factor in axis]
    parts = {
        role: [factor for factor in flat if factor.role == role]
        for role in ("stack", "out", "in", "kernel")
    }
    alone = [axis for axis in weight if {factor.role for factor in axis} == {"stack"}]
    if not parts["out"] or not (parts["in"] or parts["kernel"]):
        return None  # a vector, or a table of rows
    if any({"stack", "in"} <= {factor.role for factor in axis} for axis in weight):
        return None  # a grouped transposed convolution
    if parts["kernel"] and max(len(parts["in"]), len(parts["out"])) > 1:
        return None  # a kernel with several axes of inputs is no layer of any framework
    pattern = words.layouts.get("transposed", words.axes) if transposed else words.axes
    slots = [item.factors[0][0] for item in pattern.items]
    if (
        parts["stack"]
        and parts["kernel"]
        and not (alone and parts["in"])
        and (math.prod(factor.total for factor in parts["in"]) == 1)
    ):
        if depthwise := words.layouts.get("depthwise"):
            slots = [item.factors[0][0] for item in depthwise.items]
        else:
            parts["in"] = parts["in"] or [Factor("in", "in", 1)]
            parts["out"] = parts["stack"] + parts["out"]
    elif not parts["in"]:
        return None
    elif alone:
        slots.insert(0, "stack")
        if _is_ordered(weight, slots):
            return weight
    else:
        if _is_ordered(weight, slots):
            return weight
        parts["out"] = parts["stack"] + parts["out"]
    arranged: Weight = []
    for slot in slots:
        arranged += [[f] for f in parts[slot]] if slot == "kernel" else [parts[slot]]
    return arranged


def _is_ordered(weight: Weight, slots: list[str]) -> bool:
    """Return whether the axes already stand in the order of the slots."""
    order = [slots.index(axis[-1].role) for axis in weight]
    return order == sorted(order)


def _line(weight: Weight, attribute: str) -> str:
    """Return axes as a line, "" where a size that it needs is not known."""
    words = []
    for axis in weight:
        factors: list[tuple[str, Size | None]] = []
        for factor in axis:
            role = getattr(factor, attribute)
            before = factors[-1][1] if factors and factors[-1][0] == role else None
            if isinstance(before, int) and isinstance(factor.size, int):
                factors[-1] = role, before * factor.size
            else:
                factors.append((role, factor.size))
        (role, size), *others = factors
        if not others and not isinstance(size, tuple):
            words.append(f"{role}..." if axis[0].open else role)
            continue
        *first, (last, given) = factors
        if any(size is None for _, size in first):
            return ""
        open_size = given if isinstance(given, tuple) else None
        words.append(f"({' '.join(map(word, [*first, (last, open_size)]))})")
    return " ".join(words)


def _usual(line: str, words: Vocabulary, rank: int | None) -> Axes | None:
    """Return axes, None where they are the convention of a framework."""
    axes = Axes(line)
    order = roles(axes, rank)
    return None if order is not None and order == roles(words.axes, rank) else axes


def alternatives(words: Vocabulary, shape: tuple[int, ...]) -> Iterable[tuple[str, str]]:
    """Give axes that a shape may have in a framework beside the usual ones, and the layer."""
    usual = " ".join(roles(words.axes, len(shape)) or ())
    if len(shape) == 2:
        yield " ".join(reversed(usual.split())), "a matrix stored the other way round"
        yield usual.replace("out", "(stack=4 out)"), "four gates in one matrix"
        yield "stack out", "an embedding"
        return
    layout = words.axes.layout(shape)
    if layout.in_ == 1 < layout.out:
        yield usual.replace("out", f"(stack={layout.out} out)"), "a depthwise convolution"
    else:
        yield usual.replace("out", "(stack=4 out)"), "four groups"
    for layer in ("depthwise", "transposed"):
        if layer in words.layouts:
            yield " ".join(roles(words.layouts[layer], len(shape)) or ()), f"a {layer} convolution"
