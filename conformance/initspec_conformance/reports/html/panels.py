"""Pictures of a cell: its draws and what they should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from initspec.display.svg import Look, Scale, bars, image, path, points
from initspec_conformance.checks.fixed import differ, fixed_values
from initspec_conformance.checks.orthogonality import tolerance
from initspec_conformance.expected.arrays import Values
from initspec_conformance.expected.laws import zeros_of
from initspec_conformance.results.sketch import Sketch

_BARS: Look = {"fill": "var(--bars)"}
_LAW: Look = {"fill": "none", "stroke": "var(--law)", "stroke-width": 1.4}
_QUANTILES: Look = {"fill": "none", "stroke": "var(--bars)", "stroke-width": 3}
_EDGE: Look = {"fill": "none", "stroke": "var(--faint)"}
_BLUE, _RED = (46, 139, 205), (213, 94, 0)  # which show on white and on black
_SHADES = 16
_MOST_BARS = 200
_REACH = 2.6  # the outermost quantiles lie at 2.33
_FAR = 4.0

Paint = Callable[[Scale, Scale], str]
"""Returns SVG, from where values lie along x and y."""


@dataclass(frozen=True)
class Panel:
    """One picture to be drawn.

    Attributes:
        caption: what is to be seen, with the numbers.
        paint: draws it.
        x: the ends of the horizontal axis.
        y: the ends of the vertical axis.
        square: whether it is as wide as high.
        scale: whether the axis below it has numbers.
        whole: whether these are whole.
    """

    caption: str
    paint: Paint
    x: tuple[float, float]
    y: tuple[float, float]
    square: bool = False
    scale: bool = True
    whole: bool = False


def panels(sketch: Sketch) -> Iterator[Panel]:
    """Yield what there is to be seen of a sketch, the most telling first."""
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


def _histogram(sketch: Sketch, edges: Values, heights: Values, expected: Values) -> Panel:
    # A bar far above the law is cut off, so that the law can still be seen.
    top = min(max(float(heights.max()), float(expected.max())), 3 * float(expected.max())) or 1.0
    what = {"haar": "First entry of each matrix over the gain", "sparse": "Entries that are not 0"}
    law = "the expected distribution"
    if sketch.weight.narrow and sketch.weight.family != "haar":
        law += f" rounded to {sketch.weight.dtype}, whose few values lie unevenly in the bars"
    caption = f"{what.get(sketch.weight.family, 'Entries')}: bars as drawn, the line is {law}."
    outside = 1 - float(heights.sum())
    if outside > 1 - float(expected.sum()) + 0.002:
        caption += f" {outside:.1%} lie beyond the picture."

    def paint(x: Scale, y: Scale) -> str:
        line = points(x, y, _line(edges, np.minimum(expected, top)))
        shares = np.minimum(heights, top).tolist()
        return path(bars(x, y, edges.tolist(), shares), _BARS) + path(line, _LAW)

    return Panel(caption, paint, (float(edges[0]), float(edges[-1])), (0.0, top * 1.04))


def _line(edges: Values, shares: Values) -> list[tuple[float, float]]:
    """Return a line through the middles of bars, upright where the support ends."""
    line = [(float(edges[0]), 0.0)]
    inside = np.concatenate([[False], shares > 0, [False]])
    for i, share in enumerate(shares.tolist()):
        if inside[i + 1]:
            left, right = float(edges[i]), float(edges[i + 1])
            line += [(left, 0.0), (left, share)] if not inside[i] else []
            line.append(((left + right) / 2, share))
            line += [(right, share), (right, 0.0)] if not inside[i + 2] else []
    return [*line, (float(edges[-1]), 0.0)]


def _quantiles(pairs: Values) -> Panel:
    expected, measured = pairs[:, 0], np.clip(pairs[:, 1], -_FAR, _FAR)
    far = float(np.abs(pairs[:, 1] - expected).max())
    reach = _FAR if np.abs(measured).max() > _REACH else _REACH

    def paint(x: Scale, y: Scale) -> str:
        diagonal = points(x, y, [(-_REACH, -_REACH), (_REACH, _REACH)])
        drawn = points(x, y, zip(expected.tolist(), measured.tolist(), strict=True))
        return path(diagonal, _LAW) + path(drawn, _QUANTILES)

    caption = (
        f"Quantiles as drawn against the expected ones (the line): at most {far:.2g} sd apart."
    )
    return Panel(caption, paint, (-_REACH, _REACH), (-reach, reach), square=True, whole=True)


def _zeros(sketch: Sketch) -> Panel:
    right, entries, _ = zeros_of(sketch.weight.spec, sketch.weight.layout)
    slices = sum(sketch.zeros.values())
    low, high = min(*sketch.zeros, right), max(*sketch.zeros, right)
    counts = f"{low} to {high} in {slices:,} slices" if high > low else f"in all {slices:,} slices"
    caption = f"Zeros of a slice of {entries}: {right} by the spec (the line), {counts}."
    step = -(-(high - low + 9) // _MOST_BARS)
    edges = np.arange(low - 4, high + 5 + step, step) - 0.5
    heights, _ = np.histogram(list(sketch.zeros), edges, weights=list(sketch.zeros.values()))
    expected = np.zeros(len(heights))
    expected[np.searchsorted(edges, right) - 1] = heights.max()

    def paint(x: Scale, y: Scale) -> str:
        drawn = bars(x, y, edges.tolist(), heights.tolist())
        return path(drawn, _BARS) + path(bars(x, y, edges.tolist(), expected.tolist()), _LAW)

    ends = float(edges[0]), float(edges[-1])
    return Panel(caption, paint, ends, (0.0, float(heights.max()) * 1.04), whole=True)


def _gram(sketch: Sketch, gram: Values) -> Panel:
    limit = tolerance(sketch.weight)
    caption = (
        f"|QᵀQ / gain² - I| of the first matrix: at most {gram.max():.2g}, "
        f"where rounding explains {limit:.2g}."
    )
    with np.errstate(divide="ignore"):
        shades = 0.8 + np.log10(gram / limit) / 4  # four decades: the grain of rounding is seen
    return _matrix(caption, shades, ~(gram <= limit))


def _values(sketch: Sketch, values: Values) -> Panel:
    target = sketch.weight
    layout = target.layout
    expected = fixed_values(target)
    # A sketch has the leading entries of the first member, (in, kernel) as one.
    rows, columns = values.shape
    leading = expected[0].reshape(layout.out, -1)[:rows, :columns]
    wrong = differ(target, values[None], leading[None])[0]
    bad = int(wrong.sum())
    result = f"{bad} not as the spec fixes them" if bad else "all as the spec fixes them"
    scale = max(float(np.abs(values).max()), float(np.abs(leading).max())) or 1.0
    caption = f"The leading {rows} x {columns} entries, {result}."
    return _matrix(caption, np.abs(values) / scale, wrong)


def _matrix(caption: str, shades: Values, wrong: np.ndarray) -> Panel:
    """Return a matrix: the darker the larger, from 0 to 1; what is wrong in another colour."""
    alpha = np.round(np.clip(np.nan_to_num(shades, nan=1.0), 0, 1) * (_SHADES - 1)) / (_SHADES - 1)
    pixels = np.zeros((*shades.shape, 4), np.uint8)
    pixels[..., :3] = np.where(wrong[..., None], _RED, _BLUE)
    pixels[..., 3] = np.round(255 * np.where(wrong, np.maximum(alpha, 0.5), alpha))
    rows, columns = shades.shape
    side = max(rows, columns)

    def paint(x: Scale, y: Scale) -> str:
        left, right, top, bottom = x(0), x(columns), y(rows), y(0)
        # Of a matrix of zeros the edge is all that is seen.
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        return image(left, top, right - left, bottom - top, pixels) + path(corners, _EDGE)

    return Panel(caption, paint, (0.0, side), (0.0, side), square=True, scale=False)
