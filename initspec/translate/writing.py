"""Helpers for writing a spec as a framework's line."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from initspec.api import InitSpec
from initspec.axes import Axes
from initspec.distributions import Distribution
from initspec.distributions.rules import FanRule, short_slope

SWAPPED = {
    "fan_in": "fan_out",
    "fan_out": "fan_in",
    "fan_avg": "fan_avg",
    "fan_geo_avg": "fan_geo_avg",
}
"""What each mode is to a function that takes `in` for `out`."""


@dataclass(frozen=True, slots=True)
class Written:
    """A framework's own line for a spec.

    Attributes:
        code: the line; None where the framework has none.
        kind: "built-in", "by hand" where it takes more than one call of an initializer, or "none".
        notes: what to know about it, or why there is none, a sentence each.
    """

    code: str | None
    kind: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LineRequest:
    """What a line is to be written for.

    Attributes:
        spec: the spec.
        axes: the role of each axis of the weight.
        rank: the number of its axes; None where it is not known.
    """

    spec: InitSpec
    axes: Axes
    rank: int | None

    @property
    def family(self) -> Any:
        """The spec's family, of the type that the line's writer is entered for."""
        return self.spec.distribution

    @property
    def roles(self) -> tuple[str, ...] | None:
        """The role of each axis; see `roles`."""
        return roles(self.axes, self.rank)


Lines = dict[type[Distribution], Callable[[LineRequest], Written]]
"""What writes a spec of each family as a line of a framework."""


def built_in(code: str, *notes: str) -> Written:
    """Return a line that is one call of the framework's own initializer."""
    return Written(code, "built-in", notes)


def by_hand(code: str, *notes: str) -> Written:
    """Return a line that the framework has no initializer for."""
    return Written(code, "by hand", notes)


def none(why: str) -> Written:
    """Return that the framework has no line for it."""
    return Written(None, "none", (why,))


def call(name: str, *positional: object, **keywords: object) -> str:
    """Return a call as code; arguments given as None are left out.

    >>> call("f", 1.0, mode="fan_in", a=None)
    "f(1.0, mode='fan_in')"
    """
    words = [_write(value) for value in positional]
    words += [f"{key}={_write(value)}" for key, value in keywords.items() if value is not None]
    return f"{name}({', '.join(words)})"


def gain_argument(spec: InitSpec) -> tuple[float, ...]:
    """Return the gain as an argument; nothing where it is 1, which functions assume."""
    return () if spec.gain == 1 else (spec.gain,)


class Code(str):
    """A piece of code that stands in a call as it is."""

    __slots__ = ()


def _write(value: object) -> str:
    return str(value) if isinstance(value, Code) else repr(value)


def root(square: float) -> Any:
    """Return the square root of a number as one would write it.

    >>> root(4.0), str(root(5.0)), root(0.2 ** 2)
    (2.0, 'math.sqrt(5)', 0.2)
    """
    value = math.sqrt(square)
    short = round(value, 12)
    if math.isclose(short * short, square, rel_tol=4e-16):
        return short
    whole = round(square)
    if whole and math.isclose(square, whole, rel_tol=4e-15):
        return Code(f"math.sqrt({whole})")
    return value


def slope(scale: float) -> Any:
    """Return the negative slope of a leaky ReLU whose He scale is `scale`, as one would write it.

    >>> slope(2 / 1.04), str(slope(1 / 3))
    (0.2, 'math.sqrt(5)')
    """
    short = short_slope(scale)
    if short is not None:
        return short
    square = 2 / scale - 1
    whole = round(square)
    if math.isclose(2 / (1 + whole), scale, rel_tol=4e-16):
        return Code(f"math.sqrt({whole})")
    return math.sqrt(square)


def roles(axes: Axes, rank: int | None) -> tuple[str, ...] | None:
    """Return the role of each axis; "kernel..." stays open where the rank is not known.

    None where an axis is split, or something without an axis is counted.
    """
    if any(item.kind not in ("axis", "ellipsis") for item in axes.items):
        return None
    order: list[str] = []
    for item in axes.items:
        if item.kind == "axis":
            order.append(item.factors[0][0])
        elif rank is None:
            order.append("kernel...")
        else:
            order += ["kernel"] * (rank - len(axes.items) + 1)
    return tuple(order)


def is_square(roles: tuple[str, ...] | None) -> bool:
    """Return whether a weight has one axis of inputs and one of outputs, and no others."""
    axes = [role for role in roles or () if role != "kernel..."]
    return sorted(axes) == ["in", "out"]


def python(spec: InitSpec) -> str:
    """Return the Python expression that makes a spec, a slope as the root that one would write.

    >>> print(python(InitSpec.he_uniform(negative_slope=5**0.5)))
    InitSpec.he_uniform(negative_slope=math.sqrt(5))
    """
    rule, family = spec.variance, spec.distribution.name()
    if isinstance(rule, FanRule) and rule.is_usual and spec.gain == 1 and rule.scale < 2:
        lean, mode = slope(rule.scale), None if spec.mode == "fan_in" else spec.mode
        made = getattr(InitSpec, f"he_{family}", None)
        value = math.sqrt(round(2 / rule.scale - 1))
        if isinstance(lean, Code) and made and made(negative_slope=value, mode=spec.mode) == spec:
            return call(f"InitSpec.he_{family}", negative_slope=lean, mode=mode)
    return repr(spec)
