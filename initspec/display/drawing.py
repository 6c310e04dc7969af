"""Drawings as SVG text: axes with the matrix that they stand for, and the density of a law."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from initspec.axes import Axes
from initspec.axes.layout import ROLES, Layout
from initspec.axes.unequal import UnequalLayout
from initspec.display import svg
from initspec.numerics.law import Law

COLOURS = {"in": "blue", "out": "vermillion", "kernel": "green", "stack": "purple"}
"""The colour of each role."""

_BOX, _GAP, _HIGH = 62, 10, 34
_MATRIX = (126, 58)
_WIDTH = 340


def draw_axes(axes: Axes, shape: tuple[int, ...] | None = None) -> str:
    """Return an SVG drawing of axes: each axis with its roles, and the matrix under them.

    Args:
        axes: the axes.
        shape: a shape to write the sizes and fans of; None draws the roles alone.

    Raises:
        AxesError: the axes do not fit the shape.
    """
    layout = None if shape is None else axes.layout(shape)
    boxes, right = _boxes(axes, layout)
    matrix, bottom = _matrix(axes, layout, top=_HIGH + 54)
    equations = [] if layout is None else [_fan(axes, layout, role)[1] for role in ("in", "out")]
    fans = f": {', '.join(equations)}".replace(" =", "") if equations else ""
    return svg.svg(max(right, _WIDTH), bottom, f"axes '{axes}'{fans}", [*boxes, *matrix])


def draw_density(law: Law, unit: str, spike: float = 0.0) -> str:
    """Return an SVG drawing of the density of a law that has a cdf and a positive std.

    Args:
        law: the law; its density is the slope of its cdf.
        unit: the label of the axis.
        spike: the share of exact zeros, which no density shows.
    """
    assert law.cdf is not None
    margin = 0.4 * law.std
    low = max(law.low, law.mean - 4.2 * law.std) - margin
    high = min(law.high, law.mean + 4.2 * law.std) + margin
    # The ends of the support are among the edges, so that a cut is drawn as a step.
    ends = [end for end in (law.low, law.high) if math.isfinite(end)]
    edges = np.array(sorted([*np.linspace(low, high, 241), *ends]))
    edges = edges[np.append(True, np.diff(edges) > 1e-9 * law.std)]
    slope = np.diff(law.cdf(edges)) / np.diff(edges)
    x = svg.Scale(low, high, 6, _WIDTH - 6)
    y = svg.Scale(0, max(float(slope.max()), 1e-300), 116, 12)
    area = svg.bars(x, y, edges.tolist(), slope.tolist())
    body = [
        svg.path(area, svg.fill("blue", 0.3)),
        svg.path(area[1:-1], svg.stroke("blue", 1.6)),
    ]
    if spike:
        body += [
            svg.rule(x(0), y.start, x(0), y.end + 6, svg.stroke("vermillion", 3)),
            svg.text(x.end, y.end + 10, f"{spike:.4g} of all are 0", "end"),
        ]
    body += svg.axis(x, y.start, unit)
    return svg.svg(_WIDTH, y.start + 42, f"density over {unit}", body)


def _boxes(axes: Axes, layout: Layout | None) -> tuple[list[str], float]:
    """Draw the weight's own axes, in the order of its shape."""
    sizes: Iterator[int] = iter(() if layout is None else layout.sizes)
    named = sum(len(item.factors) for item in axes.items if item.kind in ("axis", "split"))
    body, left, top = [svg.text(0, 12, "the shape, axis by axis", size=12)], 0.0, 34.0
    for item in axes.items:
        repeats = 1
        if item.kind == "ellipsis" and layout is not None:
            repeats = len(layout.sizes) - named
        for _ in range(repeats):
            begin, total = left, 1
            for role, given in item.factors:
                dots = "..." if item.kind == "ellipsis" and layout is None else ""
                size = given if item.kind == "count" or layout is None else next(sizes)
                total *= size if isinstance(size, int) else 1
                members = given if isinstance(given, tuple) else (size,)
                dashes = "4 3" if item.kind == "count" else ""
                edge = role if len(members) == 1 else "stack"
                look = svg.stroke(COLOURS[edge], dashes=dashes) | svg.fill(COLOURS[role], 0.3)
                for member in members:
                    body.append(svg.rect(left, top, _BOX, _HIGH, look))
                    several = len(item.factors) + len(members) > 2
                    inner = f"{role} {member}" if several and member is not None else role + dots
                    body.append(svg.text(left + _BOX / 2, top + 22, inner, "middle"))
                    left += _BOX
            above = "no axis" if item.kind == "count" else ("" if layout is None else str(total))
            if item.kind == "count":
                above = f"{item.factors[0][1]}, {above}"
            body.append(svg.text((begin + left) / 2, top - 5, above, "middle", 12))
            left += _GAP
    return body, left


def _matrix(axes: Axes, layout: Layout | None, top: float) -> tuple[list[str], float]:
    """Draw the stack of matrices [out, in * kernel] that the axes stand for."""
    roles = _roles(axes)
    stack, outs = _members(layout)
    body = [svg.text(0, top + 6, "as a matrix, out by in * kernel", size=12)]
    wide, high = _MATRIX
    x, y = 66.0, top + 18.0
    if "stack" in roles and (layout is None or stack > 1):
        y += 14
        body += [_sheet(x + step, y - step, "stack", 0.18) for step in (12, 6)]
    body.append(_sheet(x, y, "in", 0.3))
    fan_in, fan_out = (_fan(axes, layout, role) for role in ("in", "out"))
    labels = [f"out {out}" for out in outs] or ["out" if "out" in roles else "1"]
    middle = y + high / 2 + 5 - 9 * (len(labels) - 1)
    body += [svg.text(x - 8, middle + 18 * i, label, "end") for i, label in enumerate(labels)]
    body.append(svg.text(x, y + high + 17, fan_in[0]))
    if "stack" in roles:
        count = "stack of them" if layout is None else f"{stack} of them"
        body.append(svg.text(x + wide + 20, y - 4, count))
    body.append(svg.text(x + wide + 20, y + 22, fan_in[1]))
    body.append(svg.text(x + wide + 20, y + 42, fan_out[1]))
    return body, y + high + 26


def _roles(axes: Axes) -> set[str]:
    """Return the roles that axes name, a stack of unequal members too."""
    words = [word for item in axes.items for word in item.factors]
    unequal = {"stack" for _, size in words if isinstance(size, tuple)}
    return unequal | {role for role, _ in words}


def _members(layout: Layout | None) -> tuple[int, list[int]]:
    """Return the number of stack members, and the rows of their matrices, each once."""
    parts = _parts(layout)
    return sum(part.stack for part in parts), list(dict.fromkeys(part.out for part in parts))


def _parts(layout: Layout | None) -> list[Layout]:
    if isinstance(layout, UnequalLayout):
        return [part.layout for part in layout.parts]
    return [] if layout is None else [layout]


def _fan(axes: Axes, layout: Layout | None, role: str) -> tuple[str, str]:
    """Return what a fan is a product of, and the equation; where members differ, their fans."""
    present = _roles(axes)
    factors = [name for name in (role, "kernel") if name in present]
    if layout is None:
        return " * ".join(factors) or "1", f"fan_{role} = {' * '.join(factors) or '1'}"
    fans = [part.fans for part in _parts(layout) if part.fans is not None]
    each = list(dict.fromkeys(fan.fan_in if role == "in" else fan.fan_out for fan in fans))
    taps = layout.taps * math.prod(
        size
        for item in axes.items
        if item.kind == "count"
        for name, size in item.factors
        if name == "kernel" and isinstance(size, int)
    )
    counts = ", ".join(str(fan // taps if taps else 0) for fan in each)
    words = [f"{role} {counts}"] + ([f"kernel {taps}"] if taps > 1 else [])
    return " * ".join(words), f"fan_{role} = {', '.join(map(str, each))}"


def _sheet(x: float, y: float, role: str, opacity: float) -> str:
    look = svg.stroke(COLOURS[role]) | svg.fill(COLOURS[role], opacity)
    return svg.rect(x, y, *_MATRIX, look)


assert set(COLOURS) == set(ROLES)
