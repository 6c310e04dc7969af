"""The pictures of the page: histograms, bars, matrices, and what works where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from docs.measured.places import PLACES
from initspec.display.svg import (
    WIDTH,
    Point,
    Scale,
    axis,
    boxes,
    curve,
    element,
    fill,
    legend,
    path,
    points,
    rect,
    rule,
    steps,
    stroke,
    svg,
    text,
)


@dataclass(frozen=True)
class Line:
    """One histogram: counts of equal bins from -reach to reach, of `values` values in all."""

    place: str
    label: str
    counts: Sequence[int]
    values: int


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
        label: what the picture shows, for screen readers.
        lines: the histograms.
        law: the density that is right, at x in units of sigma.
        law_label: its name in the legend.
        reach: the ends of the axis.
        unit: the label of the axis.
    """
    density = [(x, law(x)) for x in (-reach + 2 * reach * i / 180 for i in range(181))]
    outlines: list[list[Point]] = []
    for line in lines:
        bins = len(line.counts)
        edges = [-reach + 2 * reach * i / bins for i in range(bins + 1)]
        heights = [count / line.values * bins / (2 * reach) for count in line.counts]
        outlines.append(steps(edges, heights))
    highest = max(height for outline in (density, *outlines) for _, height in outline)
    top = 30 + 19 * len(lines)
    x, y = Scale(-reach, reach, 8, WIDTH - 8), Scale(0, 1.05 * highest, top + 160, top)
    area, looks = fill("", 0.16), [curve(PLACES[line.place].colour) for line in lines]
    labels = [line.label for line in lines]
    body = [
        path(points(x, y, [(-reach, 0), *density, (reach, 0)]), area),
        *(path(points(x, y, o), look) for o, look in zip(outlines, looks, strict=True)),
        *legend(8, 12, [(area, law_label), *zip(looks, labels, strict=True)]),
        *axis(x, y.start, unit, {i: str(i) for i in range(-int(reach), int(reach) + 1)}),
    ]
    return svg(WIDTH, y.start + 44, label, body)


_ALONE = """
<style>
svg { color: #1f2328; background: #fff; --is-purple: #b5588f }
@media (prefers-color-scheme: dark) {
  svg { color: #e6edf3; background: #0d1117; --is-vermillion: #ff9248; --is-blue: #56b4e9;
    --is-green: #2fd3a3; --is-purple: #e8a5cb }
}
</style>"""


def alone(picture: str) -> str:
    """Give a picture colours and a ground of its own, for an `<img>`, which has none of the page's.

    Its ground is opaque, because a page may be dark in a browser that asks for light colours.
    """
    start, end, rest = picture.partition(">")
    return start + end + _ALONE + rest


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
            look = fill(PLACES[bar.place].colour, 0.75) if bar.place else fill("", 0.35)
            width = max(bar.length / longest * (WIDTH - 70), 1)
            body += [
                text(0, y + 11, bar.label),
                rect(0, y + 16, width, 13, look),
                text(width + 6, y + 27, bar.text),
            ]
            y += 36
        y += 8
    return svg(WIDTH, y, label, body)


def grids(
    label: str, titles: Sequence[str], cells: Sequence[Sequence[Sequence[float]]], foot: str
) -> str:
    """Draw matrices of numbers in -1..1 side by side: vermillion below 0, blue above."""
    side = (WIDTH - 20) / len(cells)
    body = []
    for i, (title, matrix) in enumerate(zip(titles, cells, strict=True)):
        left, pitch = i * (side + 20), side / len(matrix[0])
        body.append(text(left, 14, title))
        shades: dict[tuple[str, float], list[Point]] = {}
        for r, row in enumerate(matrix):
            for c, value in enumerate(row):
                if value:
                    shade = "blue" if value > 0 else "vermillion", round(min(abs(value), 1), 2)
                    shades.setdefault(shade, []).append((left + c * pitch, 24 + r * pitch))
        for shade, corners in shades.items():
            body.append(boxes([(x, y, pitch - 1, pitch - 1) for x, y in corners], fill(*shade)))
    height = 24 + side * len(cells[0]) / len(cells[0][0])
    body.append(text(0, height + 18, foot))
    return svg(WIDTH, height + 26, label, body)


def table(label: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[bool]]]) -> str:
    """Draw what works (a filled disc) and what does not (a cross); a row is label, cells."""
    left, body, y = 170, [], 40.0
    pitch = (WIDTH - left) / len(columns)
    for i, column in enumerate(columns):
        body.append(text(left + pitch * (i + 0.5), 16, column, "middle"))
    cross = stroke("vermillion", 2.4)
    for name, cells in rows:
        body.append(text(0, y + 4, name))
        for i, works in enumerate(cells):
            x = left + pitch * (i + 0.5)
            if works:
                body.append(element("circle", {"cx": x, "cy": y, "r": 6.5, **fill("blue")}))
            else:
                body += [rule(x - 6, y - k, x + 6, y + k, cross) for k in (6, -6)]
        body.append(rule(0, y + 15, WIDTH, y + 15, stroke(opacity=0.2)))
        y += 30
    body.append(text(0, y + 6, "disc: works; cross: raises"))
    return svg(WIDTH, y + 14, label, body)
