"""A row of histograms, a heat map, learning curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from initspec.display.svg import (
    WIDTH,
    Scale,
    axis,
    bars,
    boxes,
    fill,
    legend,
    path,
    points,
    rect,
    rule,
    side_axis,
    stroke,
    svg,
    text,
)

_COLOURS = {"std 0.01": "purple", "Xavier": "vermillion", "He": "blue"}
_TITLES = {"torch": "PyTorch", "keras": "Keras", "jax": "JAX"}
_DASHES = {"torch": "", "keras": "7 4", "jax": "2 3"}
_TENFOLD = 0.22
"""The opacity that a factor of ten adds: there are four shades."""


def histogram_row(label: str, layers: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> str:
    """Draw the histogram of each layer, side by side, its std under it.

    Args:
        label: what the picture shows, for screen readers.
        layers: low, high, shares and std of each.
        words: the words "layer", "share" and "std" in the page's language.
    """
    left, gap = 8.0, 12.0
    side = (WIDTH - 2 * left - gap * (len(layers) - 1)) / len(layers)
    body = [text(left, 15, words["share"])]
    for i, layer in enumerate(layers):
        shares = layer["shares"]
        start = left + i * (side + gap)
        x = Scale(0, len(shares), start, start + side)
        y = Scale(0, max(shares), 150, 46)
        body += [
            text(start + side / 2, 38, f"{words['layer']} {i + 1}", "middle"),
            path(bars(x, y, range(len(shares) + 1), shares), fill("blue")),
            rule(x.start, y.start, x.end, y.start),
            text(x.start, y.start + 16, _number(layer["low"])),
            text(x.end, y.start + 16, _number(layer["high"]), "end"),
            text(start + side / 2, y.start + 38, _number(layer["std"]), "middle"),
        ]
    body.append(text(left, 210, words["under"]))
    return svg(WIDTH, 218, label, body)


def heat_map(
    label: str,
    rows: Sequence[Sequence[float]],
    sigma: Sequence[float],
    edge: float,
    words: Mapping[str, str],
    value: str,
) -> str:
    """Draw log10 of a size over sigma_w (across) and depth (down), and the theoretical edge.

    Args:
        label: what the picture shows.
        rows: log10 of the value, [sigma, depth].
        sigma: the values across, evenly spaced in their logarithm.
        edge: where theory has the edge of chaos.
        words: in the page's language.
        value: what the colour means.
    """
    depth = len(rows[0])
    half = math.sqrt(sigma[1] / sigma[0])  # of a column, whose middle is at its sigma
    x = Scale(sigma[0] / half, sigma[-1] * half, 42, WIDTH - 10, log=True)
    y = Scale(0.5, depth + 0.5, 60, 300)
    width, height = (x.end - x.start) / len(rows), (y.end - y.start) / depth
    areas: dict[tuple[str, float], list[tuple[float, float, float, float]]] = {}
    for i, row in enumerate(rows):
        for j, log10 in enumerate(row):
            # Four shades each way, a factor of ten between two of them.
            shade = min(math.floor(abs(log10)) + (abs(log10) >= 0.3), 4)
            if shade:
                look = "vermillion" if log10 > 0 else "blue", _TENFOLD * shade
                corner = x.start + i * width, y.start + j * height
                areas.setdefault(look, []).append((*corner, width, height))
    sizes = {tick: f"{tick:g}" for tick in (0.5, 1, 2, 3) if sigma[0] <= tick <= sigma[-1]}
    layers = {layer: str(layer) for layer in (1, depth // 3, 2 * depth // 3, depth)}
    dashed = stroke(width=2.4, dashes="7 4")
    body = [
        rect(4, 8, 14, 14, fill("blue", 0.8)),
        text(24, 20, words["small"]),
        rect(WIDTH / 2 + 4, 8, 14, 14, fill("vermillion", 0.8)),
        text(WIDTH / 2 + 24, 20, words["large"]),
        text(4, 44, value),
        *(boxes(area, fill(*look)) for look, area in sorted(areas.items())),
        rule(x(edge), y.start - 4, x(edge), y.end, dashed),
        *side_axis(y, x.start, layers),
        *axis(x, y.end, labels=sizes),
        text(4, y.end + 36, words["axes"]),
        text(4, y.end + 54, f"{words['edge']} {edge:.4g}"),
    ]
    return svg(WIDTH, y.end + 62, label, body)


def learning_curves(
    label: str, curves: Mapping[str, Mapping[str, Sequence[float]]], words: Mapping[str, str]
) -> str:
    """Draw loss against step: a colour for each initialization, a dash for each framework.

    Args:
        label: what the picture shows.
        curves: losses by framework and initialization.
        words: in the page's language.
    """
    last = len(curves["torch"]["He"]) - 1
    most = max(max(losses) for by_name in curves.values() for losses in by_name.values())
    x, y = Scale(0, last, 42, WIDTH - 24), Scale(0, 1.05 * most, 290, 90)
    body = [
        *legend(x.start, 14, [(stroke(c, 4), name) for name, c in _COLOURS.items()], across=125),
        *legend(
            x.start,
            38,
            [(stroke(width=2, dashes=d), _TITLES[name]) for name, d in _DASHES.items()],
            across=125,
        ),
        text(4, 72, words["loss"]),
    ]
    for framework, dashes in _DASHES.items():
        for name, colour in _COLOURS.items():
            losses = points(x, y, enumerate(curves[framework][name]))
            body.append(path(losses, stroke(colour, 2.6, dashes)))
    body += side_axis(y, x.start, {i: str(i) for i in range(int(y.high) + 1)})
    steps = {step: str(step) for step in range(0, last + 1, last // 4)}
    body += axis(x, y.start, words["step"], steps)
    return svg(WIDTH, y.start + 46, label, body)


def _number(value: float) -> str:
    """Return a number of at most five characters or so: seven fit under a histogram."""
    if value and not 1e-3 <= abs(value) < 1000:
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:.2g}" if abs(value) < 100 else f"{value:.0f}"
