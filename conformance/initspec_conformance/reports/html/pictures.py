"""The pictures of a cell, as parts that the page puts together."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from initspec.display.svg import Scale, axis, ticks
from initspec_conformance.reports.html.panels import Panel, panels
from initspec_conformance.results.sketch import Sketch

HEIGHT, WIDTHS = 150.0, {True: 150.0, False: 300.0}
"""Of a picture, in pixels: square ones and others."""

_SIDE, _TOP, _BOTTOM = 8.0, 4.0, 26.0


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        id: the id of `data` in the document, by which it is shown again.
        caption: what is to be seen, with the numbers.
        data: SVG elements of the data alone; drawn once, in the grid.
        frame: SVG elements of the axis with its numbers.
        size: width and height of the whole, in pixels.
        box: x, y, width and height of the data.
    """

    id: str
    caption: str
    data: Markup
    frame: Markup
    size: tuple[float, float]
    box: tuple[float, float, float, float]


def pictures(sketch: Sketch, name: str) -> list[Picture]:
    """Return the pictures of a sketch, the most telling first; none of a cell without draws.

    Args:
        sketch: what was gathered.
        name: the ids of the pictures start with it.
    """
    return [drawn(f"{name}-{index}", panel) for index, panel in enumerate(panels(sketch))]


def drawn(name: str, panel: Panel) -> Picture:
    """Return a panel as a picture, `name` being its id."""
    width = WIDTHS[panel.square]
    top, below = (_TOP, _BOTTOM) if panel.scale else (_SIDE, _SIDE)
    bottom = HEIGHT - below
    x = Scale(*panel.x, _SIDE, width - _SIDE)
    y = Scale(*panel.y, bottom, top)
    labels = ticks(*panel.x, most=4 if panel.square else 6, whole=panel.whole)
    frame = "".join(axis(x, bottom, labels=labels)) if panel.scale else ""
    data = Markup(panel.paint(x, y))
    box = (_SIDE, top, width - 2 * _SIDE, bottom - top)
    return Picture(name, panel.caption, data, Markup(frame), (width, HEIGHT), box)
