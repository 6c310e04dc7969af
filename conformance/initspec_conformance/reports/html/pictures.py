"""The pictures of a cell, as parts that the page puts together."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from initspec_conformance.reports.html.panels import Panel, panels
from initspec_conformance.reports.html.vector import plain, tidy
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
    with plain():
        return [_draw(f"{name}-{index}", panel) for index, panel in enumerate(panels(sketch))]


def _draw(name: str, panel: Panel) -> Picture:
    width, height = WIDTHS[panel.square], HEIGHT
    top, bottom = (_TOP, _BOTTOM) if panel.scale else (_SIDE, _SIDE)
    box = (_SIDE, top, width - 2 * _SIDE, height - top - bottom)
    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    axes = figure.add_axes(
        (box[0] / width, bottom / height, box[2] / width, box[3] / height), label=name
    )
    axes.set_yticks([])
    axes.spines[["left", "top", "right"]].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(3 if panel.square else 5, integer=panel.whole))
    if not panel.scale:
        axes.set_axis_off()
    panel.paint(axes)
    for artist in (*axes.patches, *axes.lines, *axes.images):
        artist.set_gid(name)
        artist.set_clip_on(False)
    data, frame = tidy(figure, name)
    return Picture(name, panel.caption, Markup(data), Markup(frame), (width, height), box)
