"""Pictures as SVG text: small, with text that can be read and searched, in the page's own colours.

Colours are CSS variables with the Okabe-Ito palette as fall-back, which the colour-blind can tell
apart; lines differ in their dashes too. Text takes the colour of the page around it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 420
_LEFT, _RIGHT = 8, 8

_COLOURS = {
    "torch": "var(--is-vermillion,#D55E00)",
    "keras": "var(--is-blue,#0072B2)",
    "jax": "var(--is-green,#009E73)",
    "mlx": "var(--is-purple,#CC79A7)",
}
_DASHES = {"torch": "", "keras": "6 3", "jax": "2 2", "mlx": "8 3 2 3"}


def colour(place: str) -> str:
    """Return the colour of a place's framework, as CSS."""
    return _COLOURS[place.partition("-")[0]]


@dataclass(frozen=True)
class Line:
    """One histogram: counts of equal bins from -reach to reach, of `values` values in all."""

    place: str
    label: str
    counts: Sequence[int]
    values: int


def svg(height: float, label: str, body: Sequence[str]) -> str:
    """Return a picture of the width WIDTH; `label` is what it shows, for those who hear it."""
    inside = "\n".join(body)
    return (
        f'<svg class="is-chart" xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {WIDTH} {height:g}" '
        f'role="img" aria-label="{escape(label)}" font-family="sans-serif" font-size="13">\n'
        f"{inside}\n</svg>\n"
    )


def text(x: float, y: float, text: str, anchor: str = "start", size: int = 13) -> str:
    """Return a line of text whose baseline is at y."""
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}" '
        f'fill="currentColor">{escape(text)}</text>'
    )


def rule(x1: float, y1: float, x2: float, y2: float, style: str = "stroke:currentColor") -> str:
    """Return a line from one point to another."""
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" style="{style}"/>'


def histogram(
    label: str,
    lines: Sequence[Line],
    law: Callable[[float], float],
    law_label: str,
    reach: float,
    unit: str,
) -> str:
    """Draw histograms over the density that they should have, on one axis in units of sigma.

    Args:
        label: what the picture shows, for those who hear it.
        lines: the histograms.
        law: the density that is right, at x in units of sigma.
        law_label: its name in the legend.
        reach: the ends of the axis.
        unit: the label of the axis.
    """
    bottom, top = 190.0 + 19 * len(lines), 30.0 + 19 * len(lines)
    grid = [-reach + 2 * reach * i / 180 for i in range(181)]
    heights = [
        [c / line.values * len(line.counts) / (2 * reach) for c in line.counts] for line in lines
    ]
    highest = max([law(x) for x in grid] + [h for one in heights for h in one]) * 1.05

    def at(x: float, y: float) -> str:
        across = _LEFT + (x + reach) / (2 * reach) * (WIDTH - _LEFT - _RIGHT)
        return f"{across:.1f},{bottom - y / highest * (bottom - top):.1f}"

    area = " ".join([at(-reach, 0), *(at(x, law(x)) for x in grid), at(reach, 0)])
    body = [
        f'<polygon points="{area}" style="fill:currentColor;fill-opacity:.16"/>',
        '<rect x="8" y="6" width="26" height="11" style="fill:currentColor;fill-opacity:.16"/>',
        text(40, 16, law_label),
    ]
    for i, (line, found) in enumerate(zip(lines, heights, strict=True)):
        step = 2 * reach / len(found)
        corners = [
            at(-reach + step * (k + side), h) for k, h in enumerate(found) for side in (0, 1)
        ]
        style = (
            f"fill:none;stroke:{colour(line.place)};stroke-width:1.8;"
            f"stroke-dasharray:{_DASHES[line.place.partition('-')[0]] or 'none'}"
        )
        y = 31 + 19 * i
        body += [
            f'<polyline points="{" ".join(corners)}" style="{style}"/>',
            rule(8, y, 34, y, style),
            text(40, y + 4, line.label),
        ]
    body.append(rule(_LEFT, bottom, WIDTH - _RIGHT, bottom))
    for tick in range(-math.floor(reach), math.floor(reach) + 1):
        x = float(at(tick, 0).partition(",")[0])
        body += [rule(x, bottom, x, bottom + 4), text(x, bottom + 18, str(tick), "middle")]
    body.append(text(WIDTH / 2, bottom + 36, unit, "middle"))
    return svg(bottom + 44, label, body)


@dataclass(frozen=True)
class Bar:
    """A bar: its label, its length, and how its length is written; `place` "" is the true one."""

    place: str
    label: str
    length: float
    text: str


def bars(label: str, groups: Sequence[tuple[str, Sequence[Bar]]]) -> str:
    """Draw groups of bars, one under the other, each with its label above it."""
    longest = max([bar.length for _, group in groups for bar in group] + [1e-9])
    body, y = [], 4.0
    for title, group in groups:
        if title:
            body.append(text(0, y + 12, title, size=14))
            y += 22
        for bar in group:
            style = (
                f"fill:{colour(bar.place)};fill-opacity:.75"
                if bar.place
                else "fill:currentColor;fill-opacity:.35"
            )
            width = max(bar.length / longest * (WIDTH - 70), 1)
            body += [
                text(0, y + 11, bar.label),
                f'<rect x="0" y="{y + 16:g}" width="{width:.1f}" height="13" style="{style}"/>',
                text(width + 6, y + 27, bar.text),
            ]
            y += 36
        y += 8
    return svg(y, label, body)


def grids(
    label: str, titles: Sequence[str], cells: Sequence[Sequence[Sequence[float]]], foot: str
) -> str:
    """Draw matrices of numbers in -1..1 side by side: vermillion below 0, blue above."""
    side = (WIDTH - 20) / len(cells)
    body = []
    for i, (title, matrix) in enumerate(zip(titles, cells, strict=True)):
        left, pitch = i * (side + 20), side / len(matrix[0])
        body.append(text(left, 14, title))
        squares: dict[str, list[str]] = {}
        for r, row in enumerate(matrix):
            for c, value in enumerate(row):
                if not value:
                    continue
                hue = colour("keras" if value > 0 else "torch")
                style = f"fill:{hue};fill-opacity:{min(abs(value), 1):.2f}"
                x, y, size = left + c * pitch, 24 + r * pitch, pitch - 1
                squares.setdefault(style, []).append(
                    f"M{x:.1f} {y:.1f}h{size:.1f}v{size:.1f}h-{size:.1f}z"
                )
        for style, paths in squares.items():
            body.append(f'<path d="{"".join(paths)}" style="{style}"/>')
    height = 24 + side * len(cells[0]) / len(cells[0][0])
    body.append(text(0, height + 18, foot))
    return svg(height + 26, label, body)


def table(label: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[bool]]]) -> str:
    """Draw what works (a filled disc) and what does not (a cross); a row is label, cells."""
    left, body, y = 170, [], 40.0
    pitch = (WIDTH - left) / len(columns)
    for i, column in enumerate(columns):
        body.append(text(left + pitch * (i + 0.5), 16, column, "middle"))
    for name, cells in rows:
        body.append(text(0, y + 4, name))
        for i, works in enumerate(cells):
            x = left + pitch * (i + 0.5)
            stroke = f"stroke:{colour('torch')};stroke-width:2.4"
            body += (
                [f'<circle cx="{x:g}" cy="{y:g}" r="6.5" style="fill:{colour("keras")}"/>']
                if works
                else [
                    rule(x - 6, y - 6, x + 6, y + 6, stroke),
                    rule(x - 6, y + 6, x + 6, y - 6, stroke),
                ]
            )
        body.append(rule(0, y + 15, WIDTH, y + 15, "stroke:currentColor;stroke-opacity:.2"))
        y += 30
    body.append(text(0, y + 6, "disc: works; cross: raises"))
    return svg(y + 14, label, body)


@dataclass(frozen=True)
class Trace:
    """One line: the values at powers of 2; `place` chooses the colour and the dashes."""

    place: str
    label: str
    points: Sequence[Sequence[float]]


def traces(label: str, lines: Sequence[Trace], unit: str, foot: str) -> str:
    """Draw lines over powers of 2, on a logarithmic scale from a power of 10 to another.

    Args:
        label: what the picture shows, for those who hear it.
        lines: the lines.
        unit: what the values are.
        foot: the label of the axis of powers of 2.
    """
    left, top = 44, 32.0 + 19 * len(lines)
    bottom = top + 170
    sizes = [size for line in lines for size, _ in line.points]
    values = [value for line in lines for _, value in line.points]
    first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    start, end = min(sizes), max(sizes)

    def across(size: float) -> float:
        return left + 6 + (size - start) / (end - start) * (WIDTH - left - 24)

    def down(value: float) -> float:
        return bottom - (math.log10(value) - first) / max(last - first, 1) * (bottom - top)

    body = []
    for i, line in enumerate(lines):
        dashes = _DASHES[line.place.partition("-")[0]] or "none"
        hue = colour(line.place)
        style = f"fill:none;stroke:{hue};stroke-width:1.8;stroke-dasharray:{dashes}"
        corners = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in line.points)
        body.append(f'<polyline points="{corners}" style="{style}"/>')
        body += [
            f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="2.5" style="fill:{hue}"/>'
            for x, y in line.points
        ]
        y = 12 + 19 * i
        body += [rule(8, y, 34, y, style), text(40, y + 4, line.label)]
    faint = "stroke:currentColor;stroke-opacity:.2"
    for power in range(first, last + 1):
        y = down(10.0**power)
        body += [rule(left, y, WIDTH, y, faint), text(left - 5, y + 4, f"{10.0**power:g}", "end")]
    body.append(text(0, top - 12, unit))
    for size in sorted(set(sizes)):
        if (size - start) % 4 == 0:
            body.append(text(across(size), bottom + 18, f"2^{size:g}", "middle"))
    body.append(text(WIDTH / 2, bottom + 36, foot, "middle"))
    return svg(bottom + 44, label, body)
