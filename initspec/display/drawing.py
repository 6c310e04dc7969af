"""Drawings as SVG text: axes with the matrix that they stand for, and the density of a law.

They carry no style sheet and no script, and text takes the colour of what is around it, so that
they stand in a notebook or a page, light or dark. The colours are those of Okabe & Ito, which the
colour-blind can tell apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from itertools import chain

import numpy as np

from initspec.axes import Axes
from initspec.axes.layout import ROLES, Layout
from initspec.numerics.law import Law

COLOURS = {"in": "#0072B2", "out": "#D55E00", "kernel": "#009E73", "stack": "#CC79A7"}
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
    return _svg(max(right, _WIDTH), bottom, f"axes '{axes}'{fans}", [*boxes, *matrix])


def draw_density(law: Law, unit: str, spike: float = 0.0) -> str:
    """Return an SVG drawing of the density of a law that has a cdf and a positive std.

    Args:
        law: the law; its density is the slope of its cdf.
        unit: the label of the axis.
        spike: the share of exact zeros, which no density shows.
    """
    assert law.cdf is not None
    width, bottom, top = _WIDTH, 116.0, 12.0
    margin = 0.4 * law.std
    low = max(law.low, law.mean - 4.2 * law.std) - margin
    high = min(law.high, law.mean + 4.2 * law.std) + margin
    # The ends of the support are among the edges, so that a cut is drawn as a step.
    ends = [end for end in (law.low, law.high) if math.isfinite(end)]
    edges = np.array(sorted([*np.linspace(low, high, 241), *ends]))
    edges = edges[np.append(True, np.diff(edges) > 1e-9 * law.std)]
    slope = np.diff(law.cdf(edges)) / np.diff(edges)
    tallest = max(float(slope.max()), 1e-300)

    def x(value: float) -> float:
        return 6 + (value - low) / (high - low) * (width - 12)

    corners = chain.from_iterable(
        ((x(a), h), (x(b), h)) for a, b, h in zip(edges[:-1], edges[1:], slope, strict=True)
    )
    line = " ".join(f"{a:.1f},{bottom - h / tallest * (bottom - top):.1f}" for a, h in corners)
    body = [
        f'<polygon points="6,{bottom:g} {line} {width - 6},{bottom:g}" fill="{COLOURS["in"]}" '
        'fill-opacity=".3"/>',
        f'<polyline points="{line}" fill="none" stroke="{COLOURS["in"]}" stroke-width="1.6"/>',
        f'<path d="M6 {bottom:g}H{width - 6}" stroke="currentColor"/>',
    ]
    if spike:
        body += [
            f'<path d="M{x(0):.1f} {bottom:g}V{top + 6:g}" stroke="{COLOURS["out"]}" '
            'stroke-width="3"/>',
            _text(width - 6, top + 10, f"{spike:.4g} of all are 0", "end"),
        ]
    for tick in _ticks(low, high):
        body.append(f'<path d="M{x(tick):.1f} {bottom:g}v4" stroke="currentColor"/>')
        body.append(_text(x(tick), bottom + 17, f"{tick:.4g}"))
    body.append(_text(width / 2, bottom + 34, unit))
    return _svg(width, bottom + 42, f"density over {unit}", body)


def _boxes(axes: Axes, layout: Layout | None) -> tuple[list[str], float]:
    """Draw the weight's own axes, in the order of its shape."""
    sizes: Iterator[int] = iter(() if layout is None else layout.sizes)
    named = sum(len(item.factors) for item in axes.items if item.kind in ("axis", "split"))
    body, left, top = [_text(0, 12, "the shape, axis by axis", "start", 12)], 0.0, 34.0
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
                dash = ' stroke-dasharray="4 3"' if item.kind == "count" else ""
                body.append(
                    f'<rect x="{left + i * _BOX:g}" y="{top:g}" width="{_BOX}" height="{_HIGH}" '
                    f'fill="{COLOURS[role]}" fill-opacity=".3" stroke="{COLOURS[role]}"{dash}/>'
                )
                inner = role + dots
                if len(item.factors) > 1 and size is not None:
                    inner = f"{role} {size}"
                body.append(_text(left + (i + 0.5) * _BOX, top + 22, inner))
            above = "no axis" if item.kind == "count" else ("" if layout is None else str(total))
            if item.kind == "count":
                above = f"{item.factors[0][1]}, {above}"
            body.append(_text(left + across / 2, top - 5, above, size=12))
            left += across + _GAP
    return body, left


def _matrix(axes: Axes, layout: Layout | None, top: float) -> tuple[list[str], float]:
    """Draw the stack of matrices [out, in * kernel] that the axes stand for."""
    roles = {role for item in axes.items for role, _ in item.factors}
    body = [_text(0, top + 6, "as a matrix, out by in * kernel", "start", 12)]
    wide, high = _MATRIX
    x, y = 66.0, top + 18.0
    if "stack" in roles and (layout is None or layout.stack > 1):
        y += 14
        behind = COLOURS["stack"]
        body += [_sheet(x + step, y - step, wide, high, behind, 0.18) for step in (12, 6)]
    body.append(_sheet(x, y, wide, high, COLOURS["in"], 0.3))
    fan_in, fan_out = (_fan(axes, layout, role) for role in ("in", "out"))
    out = "out" if "out" in roles else "1"
    body += [
        _text(x - 8, y + high / 2 + 5, f"out {layout.out}" if layout else out, "end"),
        _text(x, y + high + 17, fan_in[0], "start"),
    ]
    if "stack" in roles:
        count = "stack of them" if layout is None else f"{layout.stack} of them"
        body.append(_text(x + wide + 20, y - 4, count, "start"))
    body.append(_text(x + wide + 20, y + 22, fan_in[1], "start"))
    body.append(_text(x + wide + 20, y + 42, fan_out[1], "start"))
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


def _sheet(x: float, y: float, width: float, height: float, colour: str, opacity: float) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{colour}" '
        f'fill-opacity="{opacity:g}" stroke="{colour}"/>'
    )


def _ticks(low: float, high: float) -> list[float]:
    """Return four to nine round numbers between two ends."""
    step = 10.0 ** math.floor(math.log10((high - low) / 4))
    step *= next(by for by in (5, 2, 1) if (high - low) / (step * by) >= 4)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [step * i for i in range(first, last + 1)]


def _text(x: float, y: float, text: str, anchor: str = "middle", size: int = 13) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:g}" text-anchor="{anchor}" font-size="{size}" '
        f'fill="currentColor">{escape(text)}</text>'
    )


def _svg(width: float, height: float, label: str, body: Sequence[str]) -> str:
    inside = "\n".join(body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" role="img" aria-label="{escape(label)}" font-family="sans-serif" '
        f'style="max-width:100%;height:auto">\n{inside}\n</svg>\n'
    )


assert set(COLOURS) == set(ROLES)
