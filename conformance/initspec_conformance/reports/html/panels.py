"""What a cell looks like at a glance: its draws against what they should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from initspec_conformance.checks.fixed import fixed_values
from initspec_conformance.checks.orthogonality import tolerance
from initspec_conformance.expected.arrays import Values
from initspec_conformance.expected.laws import zeros_of
from initspec_conformance.reports.html.vector import COLOURS
from initspec_conformance.results.sketch import Sketch

_BLUE, _RED = (46, 139, 205), (213, 94, 0)  # which show on white and on black
_SHADES = 16
_MOST_BARS = 200
_REACH = 2.6  # the outermost quantiles lie at 2.33
_FAR = 4.0


@dataclass(frozen=True)
class Panel:
    """One picture to be drawn.

    Attributes:
        caption: what is to be seen, with the numbers.
        paint: draws it on axes.
        square: whether it is as wide as high.
        scale: whether the axis below it has numbers.
        whole: whether these are whole.
    """

    caption: str
    paint: Callable[[Axes], None]
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
    # What stands far above the law is cut off, so that the law can still be seen.
    top = min(max(float(heights.max()), float(expected.max())), 3 * float(expected.max())) or 1.0
    what = {"haar": "First entry of each matrix over the gain", "sparse": "Entries that are not 0"}
    law = "the law"
    if sketch.target.narrow and sketch.target.family != "haar":
        law += f" rounded to {sketch.target.dtype}, whose few values lie unevenly in the bars"
    caption = f"{what.get(sketch.target.family, 'Entries')}: bars as drawn, the line is {law}."
    outside = 1 - float(heights.sum())
    if outside > 1 - float(expected.sum()) + 0.002:
        caption += f" {outside:.1%} lie beyond the picture."

    def paint(axes: Axes) -> None:
        axes.stairs(np.minimum(heights, top), edges, fill=True, color=COLOURS["bars"])
        axes.plot(*_line(edges, np.minimum(expected, top)), color=COLOURS["law"], linewidth=1.4)
        axes.set(xlim=(edges[0], edges[-1]), ylim=(0, top * 1.04))

    return Panel(caption, paint)


def _line(edges: Values, shares: Values) -> tuple[list[float], list[float]]:
    """Return a line through the middles of bars, upright where the support ends."""
    x, y = [float(edges[0])], [0.0]
    there = np.concatenate([[False], shares > 0, [False]])
    for i, share in enumerate(shares):
        if there[i + 1]:
            starts, ends = not there[i], not there[i + 2]
            middle = (edges[i] + edges[i + 1]) / 2
            x += [edges[i]] * 2 * starts + [middle] + [edges[i + 1]] * 2 * ends
            y += [0.0, share] * starts + [share] + [share, 0.0] * ends
    return [*x, float(edges[-1])], [*y, 0.0]


def _quantiles(points: Values) -> Panel:
    expected, measured = points[:, 0], np.clip(points[:, 1], -_FAR, _FAR)
    far = float(np.abs(points[:, 1] - expected).max())
    reach = _FAR if np.abs(measured).max() > _REACH else _REACH

    def paint(axes: Axes) -> None:
        axes.plot([-_REACH, _REACH], [-_REACH, _REACH], color=COLOURS["law"], linewidth=1)
        axes.plot(expected, measured, color=COLOURS["bars"], linewidth=3)
        axes.set(xlim=(-_REACH, _REACH), ylim=(-reach, reach))

    caption = f"Quantiles as drawn against the law's (the line): at most {far:.2g} sd apart."
    return Panel(caption, paint, square=True, whole=True)


def _zeros(sketch: Sketch) -> Panel:
    right, entries, _ = zeros_of(sketch.target.spec, sketch.target.layout)
    slices = sum(sketch.zeros.values())
    low, high = min(*sketch.zeros, right), max(*sketch.zeros, right)
    found = f"{low} to {high} in {slices:,} slices" if high > low else f"in all {slices:,} slices"
    caption = f"Zeros of a slice of {entries}: {right} by the spec (the line), {found}."
    step = -(-(high - low + 9) // _MOST_BARS)
    edges = np.arange(low - 4, high + 5 + step, step) - 0.5
    heights, _ = np.histogram(list(sketch.zeros), edges, weights=list(sketch.zeros.values()))
    expected = np.zeros(len(heights))
    expected[np.searchsorted(edges, right) - 1] = heights.max()

    def paint(axes: Axes) -> None:
        axes.stairs(heights, edges, fill=True, color=COLOURS["bars"])
        axes.stairs(expected, edges, color=COLOURS["law"], linewidth=1.4)
        axes.set(xlim=(edges[0], edges[-1]), ylim=(0, heights.max() * 1.04))

    return Panel(caption, paint, whole=True)


def _gram(sketch: Sketch, gram: Values) -> Panel:
    limit = tolerance(sketch.target)
    caption = (
        f"|QᵀQ / gain² - I| of the first matrix: at most {gram.max():.2g}, "
        f"where rounding explains {limit:.2g}."
    )
    with np.errstate(divide="ignore"):
        shades = 0.8 + np.log10(gram / limit) / 4  # four decades: the grain of rounding is seen
    return Panel(caption, _image(shades, ~(gram <= limit)), square=True, scale=False)


def _values(sketch: Sketch, values: Values) -> Panel:
    target = sketch.target
    layout = target.layout
    expected = fixed_values(target).astype(target.numpy_dtype).astype(np.float64)
    # A sketch has the leading entries of the first member, (in, kernel) as one.
    rows, columns = values.shape
    leading = expected[0].reshape(layout.out, -1)[:rows, :columns]
    wrong = values != leading
    bad = int(wrong.sum())
    says = f"{bad} not as the spec fixes them" if bad else "all as the spec fixes them"
    scale = max(float(np.abs(values).max()), float(np.abs(leading).max())) or 1.0
    paint = _image(np.abs(values) / scale, wrong)
    return Panel(f"The leading {rows} x {columns} entries, {says}.", paint, True, False)


def _image(shades: Values, wrong: np.ndarray) -> Callable[[Axes], None]:
    """Paint a matrix: the darker the larger, from 0 to 1; what is wrong in a colour of its own."""
    alpha = np.round(np.clip(np.nan_to_num(shades, nan=1.0), 0, 1) * (_SHADES - 1)) / (_SHADES - 1)
    pixels = np.zeros((*shades.shape, 4))
    pixels[..., :3] = np.where(wrong[..., None], _RED, _BLUE) / np.float64(255)
    pixels[..., 3] = np.where(wrong, np.maximum(alpha, 0.5), alpha)

    def paint(axes: Axes) -> None:
        axes.imshow(pixels, interpolation="none", aspect="equal")
        high, wide = shades.shape
        right, bottom = wide - 0.5, high - 0.5
        around = [-0.5, right, right, -0.5, -0.5], [-0.5, -0.5, bottom, bottom, -0.5]
        axes.plot(*around, color=COLOURS["faint"], linewidth=1)  # of zeros, this is all one sees
        axes.set(xlim=(-0.5, right), ylim=(bottom, -0.5))

    return paint
