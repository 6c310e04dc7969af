"""A row of histograms, a heat map, learning curves: in the page's own colours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.chart import WIDTH, colour, rule, svg, text

_HUES = {"std 0.01": "mlx", "Xavier": "torch", "He": "keras"}
_TITLES = {"torch": "PyTorch", "keras": "Keras", "jax": "JAX"}
_DASHES = {"torch": "none", "keras": "7 4", "jax": "2 3"}


def histogram_row(label: str, layers: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> str:
    """Draw the histogram of each layer, side by side, its std under it.

    Args:
        label: what the picture shows, for those who hear it.
        layers: low, high, shares and std of each.
        words: the words "layer", "share" and "std" in the page's language.
    """
    top, bottom, left, gap = 46.0, 150.0, 8.0, 12.0
    side = (WIDTH - 2 * left - gap * (len(layers) - 1)) / len(layers)
    body = [text(left, 15, words["share"])]
    for i, layer in enumerate(layers):
        x = left + i * (side + gap)
        highest = max(layer["shares"])
        width = side / len(layer["shares"])
        body.append(text(x + side / 2, 38, f"{words['layer']} {i + 1}", "middle"))
        path = "".join(
            f"M{x + k * width:.1f} {bottom:g}v{-(bottom - top) * share / highest:.1f}"
            f"h{width:.1f}V{bottom:g}z"
            for k, share in enumerate(layer["shares"])
            if share
        )
        body += [
            f'<path d="{path}" style="fill:{colour("keras")}"/>',
            rule(x, bottom, x + side, bottom),
            text(x, bottom + 16, _number(layer["low"])),
            text(x + side, bottom + 16, _number(layer["high"]), "end"),
            text(x + side / 2, bottom + 38, _number(layer["std"]), "middle"),
        ]
    body.append(text(left, bottom + 60, words["under"]))
    return svg(bottom + 68, label, body)


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
    left, top, height = 42.0, 60.0, 240.0
    depth = len(rows[0])
    across, down = (WIDTH - left - 10) / len(rows), height / depth
    squares: dict[str, list[str]] = {}
    for i, row in enumerate(rows):
        for j, one in enumerate(row):
            # Four shades each way, a factor of ten between two of them.
            shade = min(math.floor(abs(one)) + (abs(one) >= 0.3), 4)
            if not shade:
                continue
            hue = colour("torch" if one > 0 else "keras")
            style = f"fill:{hue};fill-opacity:{shade * 0.22:.2f}"
            squares.setdefault(style, []).append(
                f"M{left + i * across:.1f} {top + j * down:.1f}"
                f"h{across:.1f}v{down:.1f}h-{across:.1f}z"
            )
    body = [
        f'<rect x="4" y="8" width="14" height="14" '
        f'style="fill:{colour("keras")};fill-opacity:.8"/>',
        text(24, 20, words["small"]),
        f'<rect x="{WIDTH / 2 + 4:g}" y="8" width="14" height="14" '
        f'style="fill:{colour("torch")};fill-opacity:.8"/>',
        text(WIDTH / 2 + 24, 20, words["large"]),
        text(4, 44, value),
    ]
    body += [f'<path d="{"".join(p)}" style="{style}"/>' for style, p in sorted(squares.items())]
    span = math.log(sigma[-1] / sigma[0]) * len(rows) / (len(rows) - 1)

    def at(value: float) -> float:
        return left + across * len(rows) * math.log(value / sigma[0]) / span + across / 2

    x = at(edge)
    body += [
        rule(
            x, top - 4, x, top + height, "stroke:currentColor;stroke-width:2.4;stroke-dasharray:7 4"
        ),
        rule(left, top, left, top + height),
        rule(left, top + height, WIDTH - 10, top + height),
    ]
    for tick in (1, depth // 3, 2 * depth // 3, depth):
        y = top + (tick - 0.5) * down
        body += [rule(left - 4, y, left, y), text(left - 7, y + 5, str(tick), "end")]
    for tick in (0.5, 1, 2.0, 3.0):
        if sigma[0] <= tick <= sigma[-1]:
            x = at(tick)
            body += [
                rule(x, top + height, x, top + height + 4),
                text(x, top + height + 18, f"{tick:g}", "middle"),
            ]
    body += [
        text(4, top + height + 36, words["axes"]),
        text(4, top + height + 54, f"{words['edge']} {edge:.4g}"),
    ]
    return svg(top + height + 62, label, body)


def learning_curves(
    label: str, curves: Mapping[str, Mapping[str, Sequence[float]]], words: Mapping[str, str]
) -> str:
    """Draw loss against step: a colour for each initialization, a dash for each framework.

    Args:
        label: what the picture shows.
        curves: losses by framework and initialization.
        words: in the page's language.
    """
    left, top, bottom, right = 42.0, 90.0, 290.0, WIDTH - 24.0
    steps = len(next(iter(next(iter(curves.values())).values()))) - 1
    most = max(max(curve) for one in curves.values() for curve in one.values()) * 1.05
    body = []

    def across(step: float) -> float:
        return left + (right - left) * step / steps

    def up(loss: float) -> float:
        return bottom - (bottom - top) * loss / most

    for i, (name, hue) in enumerate(_HUES.items()):
        body += [
            rule(
                left + 125 * i, 14, left + 125 * i + 26, 14, f"stroke:{colour(hue)};stroke-width:4"
            ),
            text(left + 125 * i + 32, 19, name),
        ]
    for i, (name, dash) in enumerate(_DASHES.items()):
        style = f"stroke:currentColor;stroke-width:2;stroke-dasharray:{dash}"
        body += [
            rule(left + 125 * i, 38, left + 125 * i + 26, 38, style),
            text(
                left + 125 * i + 32, 43, {"torch": "PyTorch", "keras": "Keras", "jax": "JAX"}[name]
            ),
        ]
    body.append(text(4, 72, words["loss"]))
    for framework, dash in _DASHES.items():
        for name, hue in _HUES.items():
            losses = curves[framework][name]
            points = " ".join(f"{across(i):.1f},{up(loss):.1f}" for i, loss in enumerate(losses))
            body.append(
                f'<polyline points="{points}" style="fill:none;{_stroke(hue)};'
                f'stroke-width:2.6;stroke-dasharray:{dash}"/>'
            )
    body += [rule(left, bottom, right, bottom), rule(left, top, left, bottom)]
    for tick in range(int(most) + 1):
        y = up(tick)
        body += [rule(left - 4, y, left, y), text(left - 7, y + 5, str(tick), "end")]
    for tick in range(0, steps + 1, steps // 4):
        x = across(tick)
        body += [rule(x, bottom, x, bottom + 4), text(x, bottom + 18, str(tick), "middle")]
    body.append(text((left + right) / 2, bottom + 38, words["step"], "middle"))
    return svg(bottom + 46, label, body)


def _stroke(hue: str) -> str:
    return f"stroke:{colour(hue)}"


def _number(value: float) -> str:
    """Return a number of at most five characters or so: seven fit under a histogram."""
    if value and not 1e-3 <= abs(value) < 1000:
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:.2g}" if abs(value) < 100 else f"{value:.0f}"
