"""What a cell looks like at a glance: its draws against what they should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from initspec_conformance.arrays import Values
from initspec_conformance.checks.fixed import fixed_values
from initspec_conformance.checks.orthogonality import tolerance
from initspec_conformance.laws import zeros_of
from initspec_conformance.html.vector import COLOURS, plain, tidy
from initspec_conformance.sketch import Sketch

WIDE, SQUARE = (300.0, 130.0), (170.0, 170.0)
"""Sizes in pixels."""

_SIDE, _TOP, _BOTTOM = 8.0, 4.0, 26.0
_BLUE, _RED = (0, 114, 178), (213, 94, 0)  # Okabe & Ito, which show on white and on black
_SHADES = 16
_MOST_BARS = 200


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


Painter = Callable[[Axes], None]


def pictures(sketch: Sketch, name: str) -> list[Picture]:
    """Return the pictures of a sketch, the most telling first; none of a cell without draws.

    Args:
        sketch: what was gathered.
        name: the ids of the pictures start with it.
    """
    with plain():
        return [
            _draw(f"{name}-{index}", caption, size, paint)
            for index, (caption, size, paint) in enumerate(_panels(sketch))
        ]


def _draw(name: str, caption: str, size: tuple[float, float], paint: Painter) -> Picture:
    width, height = size
    top, bottom = (_TOP, _BOTTOM) if size == WIDE else (_SIDE, _SIDE)
    box = (_SIDE, top, width - 2 * _SIDE, height - top - bottom)
    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    axes = figure.add_axes(
        (box[0] / width, bottom / height, box[2] / width, box[3] / height), label=name
    )
    axes.set_yticks([])
    axes.spines[["left", "top", "right"]].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    paint(axes)
    for artist in (*axes.patches, *axes.lines, *axes.images):
        artist.set_gid(name)
        artist.set_clip_on(False)
    data, frame = tidy(figure, name)
    return Picture(name, caption, Markup(data), Markup(frame), size, box)


def _panels(sketch: Sketch) -> Iterator[tuple[str, tuple[float, float], Painter]]:
    if sketch.gram is not None:
        yield _gram(sketch, sketch.gram)
    if sketch.zeros:
        yield _zeros(sketch)
    if sketch.values is not None:
        yield _values(sketch, sketch.values)
    if sketch.edges is not None and sketch.heights is not None and sketch.expected is not None:
        yield _histogram(sketch, sketch.edges, sketch.heights, sketch.expected)
    if sketch.quantiles is not None:
        yield _quantiles(sketch.quantiles)


def _histogram(
    sketch: Sketch, edges: Values, heights: Values, expected: Values
) -> tuple[str, tuple[float, float], Painter]:
    # What stands far above the law is cut off, so that the law can still be seen.
    top = min(max(float(heights.max()), float(expected.max())), 3 * float(expected.max())) or 1.0
    what = {"haar": "First entry of each matrix over the gain", "sparse": "Entries that are not 0"}
    caption = f"{what.get(sketch.target.family, 'Entries')}: bars as drawn, the line is the law."
    outside = 1 - float(heights.sum())
    if outside > 1 - float(expected.sum()) + 0.002:
        caption += f" {outside:.1%} lie beyond the picture."

    def paint(axes: Axes) -> None:
        axes.stairs(np.minimum(heights, top), edges, fill=True, color=COLOURS["bars"])
        axes.stairs(np.minimum(expected, top), edges, color=COLOURS["law"], linewidth=1.4)
        axes.set(xlim=(edges[0], edges[-1]), ylim=(0, top * 1.04))

    return caption, WIDE, paint


def _quantiles(points: Values) -> tuple[str, tuple[float, float], Painter]:
    expected, measured = points[:, 0], np.clip(points[:, 1], -4, 4)
    far = float(np.abs(points[:, 1] - expected).max())
    caption = f"Quantiles as drawn against expected (the line), at most {far:.2g} sd apart."
    reach = 2.6

    def paint(axes: Axes) -> None:
        axes.plot([-reach, reach], [-reach, reach], color=COLOURS["law"], linewidth=1)
        axes.plot(expected, measured, color=COLOURS["bars"], linewidth=3)
        axes.set(xlim=(-reach, reach), ylim=(-4, 4) if np.abs(measured).max() > reach else None)

    return caption, WIDE, paint


def _zeros(sketch: Sketch) -> tuple[str, tuple[float, float], Painter]:
    right, entries, _ = zeros_of(sketch.target.spec, sketch.target.layout)
    slices = sum(sketch.zeros.values())
    low, high = min(*sketch.zeros, right), max(*sketch.zeros, right)
    caption = f"Zeros of a slice of {entries}: {right} by the spec, "
    caption += f"{low} to {high} in {slices} slices." if high > low else f"in all {slices} slices."
    step = -(-(high - low + 9) // _MOST_BARS)
    edges = np.arange(low - 4, high + 5 + step, step) - 0.5
    found = list(sketch.zeros.items())
    heights, _ = np.histogram([z for z, _ in found], edges, weights=[count for _, count in found])
    at = int(np.searchsorted(edges, right, side="right")) - 1

    def paint(axes: Axes) -> None:
        expected = np.zeros(len(heights))
        expected[at] = heights.max()
        axes.stairs(heights, edges, fill=True, color=COLOURS["bars"])
        axes.stairs(expected, edges, color=COLOURS["law"], linewidth=1.4)
        axes.set(xlim=(edges[0], edges[-1]), ylim=(0, heights.max() * 1.04))
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))

    return caption, WIDE, paint


def _gram(sketch: Sketch, gram: Values) -> tuple[str, tuple[float, float], Painter]:
    limit = tolerance(sketch.target)
    caption = (
        f"|QᵀQ / gain² - I| of the first matrix: at most {gram.max():.2g}, "
        f"where rounding explains {limit:.2g}."
    )
    return caption, SQUARE, _image(gram / limit, ~(gram <= limit))


def _values(sketch: Sketch, values: Values) -> tuple[str, tuple[float, float], Painter]:
    target = sketch.target
    expected = fixed_values(target).astype(target.numpy_dtype).astype(np.float64)
    layout = target.layout
    # Sketches flatten a member's (in, kernel) the same way.
    leading = expected[0].reshape(layout.out, -1)[: len(values), : values.shape[1]]
    wrong = values != leading
    bad = int(wrong.sum())
    rows, columns = values.shape
    caption = f"The leading {rows} x {columns} entries, "
    caption += f"{bad} of them not as the spec fixes them." if bad else "all as the spec fixes them."
    scale = max(float(np.abs(values).max()), float(np.abs(leading).max())) or 1.0
    return caption, SQUARE, _image(np.abs(values) / scale, wrong)


def _image(shades: Values, wrong: np.ndarray) -> Painter:
    """Paint a matrix: the darker the larger, from 0 to 1; what is wrong in a colour of its own."""
    alpha = np.round(np.clip(np.nan_to_num(shades, nan=1.0), 0, 1) * (_SHADES - 1)) / (_SHADES - 1)
    pixels = np.zeros((*shades.shape, 4))
    pixels[..., :3] = np.where(wrong[..., None], _RED, _BLUE) / np.float64(255)
    pixels[..., 3] = np.where(wrong, np.maximum(alpha, 0.5), alpha)

    def paint(axes: Axes) -> None:
        axes.imshow(pixels, interpolation="none", aspect="equal")
        axes.set_axis_off()

    return paint
