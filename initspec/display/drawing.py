"""Drawings as SVG text: axes with the matrix that they stand for, and the density of a law."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from initspec.axes import Axes
from initspec.axes.layout import ROLES, Layout
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
    fans = "" if layout is None else f": fan_in {layout.fans.fan_in}, fan_out {layout.fans.fan_out}"
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
            across = _BOX * len(item.factors)
            total = 1
            for i, (role, given) in enumerate(item.factors):
                dots = "..." if item.kind == "ellipsis" and layout is None else ""
                size = given if item.kind == "count" or layout is None else next(sizes)
                total *= size or 1
                dashes = "4 3" if item.kind == "count" else ""
                look = svg.stroke(COLOURS[role], dashes=dashes) | svg.fill(COLOURS[role], 0.3)
                body.append(svg.rect(left + i * _BOX, top, _BOX, _HIGH, look))
                inner = role + dots
                if len(item.factors) > 1 and size is not None:
                    inner = f"{role} {size}"
                body.append(svg.text(left + (i + 0.5) * _BOX, top + 22, inner, "middle"))
            above = "no axis" if item.kind == "count" else ("" if layout is None else str(total))
            if item.kind == "count":
                above = f"{item.factors[0][1]}, {above}"
            body.append(svg.text(left + across / 2, top - 5, above, "middle", 12))
            left += across + _GAP
    return body, left


def _matrix(axes: Axes, layout: Layout | None, top: float) -> tuple[list[str], float]:
    """Draw the stack of matrices [out, in * kernel] that the axes stand for."""
    roles = {role for item in axes.items for role, _ in item.factors}
    body = [svg.text(0, top + 6, "as a matrix, out by in * kernel", size=12)]
    wide, high = _MATRIX
    x, y = 66.0, top + 18.0
    if "stack" in roles and (layout is None or layout.stack > 1):
        y += 14
        body += [_sheet(x + step, y - step, "stack", 0.18) for step in (12, 6)]
    body.append(_sheet(x, y, "in", 0.3))
    fan_in, fan_out = (_fan(axes, layout, role) for role in ("in", "out"))
    out = "out" if "out" in roles else "1"
    body += [
        svg.text(x - 8, y + high / 2 + 5, f"out {layout.out}" if layout else out, "end"),
        svg.text(x, y + high + 17, fan_in[0]),
    ]
    if "stack" in roles:
        count = "stack of them" if layout is None else f"{layout.stack} of them"
        body.append(svg.text(x + wide + 20, y - 4, count))
    body.append(svg.text(x + wide + 20, y + 22, fan_in[1]))
    body.append(svg.text(x + wide + 20, y + 42, fan_out[1]))
    return body, y + high + 26


def _fan(axes: Axes, layout: Layout | None, role: str) -> tuple[str, str]:
    """Return what a fan is a product of, and the equation."""
    present = {name for item in axes.items for name, _ in item.factors}
    factors = [name for name in (role, "kernel") if name in present]
    if layout is None:
        return " * ".join(factors) or "1", f"fan_{role} = {' * '.join(factors) or '1'}"
    fan = layout.fans.fan_in if role == "in" else layout.fans.fan_out
    taps = layout.taps * math.prod(
        size or 1
        for item in axes.items
        if item.kind == "count"
        for name, size in item.factors
        if name == "kernel"
    )
    words = [f"{role} {fan // taps if taps else 0}"] + ([f"kernel {taps}"] if taps > 1 else [])
    return " * ".join(words), f"fan_{role} = {fan}"


def _sheet(x: float, y: float, role: str, opacity: float) -> str:
    look = svg.stroke(COLOURS[role]) | svg.fill(COLOURS[role], opacity)
    return svg.rect(x, y, *_MATRIX, look)


assert set(COLOURS) == set(ROLES)
