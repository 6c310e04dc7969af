"""The picture of the page: how cost grows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from initspec.display.svg import (
    WIDTH,
    Scale,
    axis,
    curve,
    element,
    fill,
    legend,
    path,
    points,
    side_axis,
    svg,
    text,
)


@dataclass(frozen=True)
class Trace:
    """One line: its colour, its label, and the values at powers of 2."""

    colour: str
    label: str
    points: Sequence[tuple[float, float]]


def traces(label: str, lines: Sequence[Trace], unit: str, foot: str) -> str:
    """Draw lines over powers of 2, on a logarithmic scale from a power of 10 to another.

    Args:
        label: what the picture shows, for screen readers.
        lines: the lines.
        unit: what the values are.
        foot: the label of the axis of powers of 2.
    """
    left, top = 44, 32.0 + 19 * len(lines)
    sizes = sorted({size for line in lines for size, _ in line.points})
    values = [value for line in lines for _, value in line.points]
    first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    x = Scale(sizes[0], sizes[-1], left + 6, WIDTH - 18)
    y = Scale(10.0**first, 10.0 ** max(last, first + 1), top + 170, top, log=True)
    body = legend(8, 12, [(curve(line.colour), line.label) for line in lines])
    body.append(text(0, top - 12, unit))
    powers = {10.0**power: f"{10.0**power:g}" for power in range(first, last + 1)}
    body += side_axis(y, left, powers, across=WIDTH)
    for line in lines:
        places = points(x, y, line.points)
        body.append(path(places, curve(line.colour)))
        body += [
            element("circle", {"cx": a, "cy": b, "r": 2.5, **fill(line.colour)}) for a, b in places
        ]
    sizes = [size for size in sizes if (size - sizes[0]) % 4 == 0]
    body += axis(x, y.start, foot, {size: f"2^{size:g}" for size in sizes})
    return svg(WIDTH, y.start + 44, label, body)
