"""A small SVG writer: text, lines, bars, axes and legends, each a string.

Text can be read and searched. It takes the colour of the page around it; the other colours are CSS
variables, with those of Okabe & Ito where the page sets none, which the colour-blind can tell
apart. So one picture fits a light page and a dark one, without a style sheet or a script.

    x, y = Scale(0, 5, 30, 410), Scale(0, 1, 150, 10)
    body = [path(points(x, y, [(0, 0), (5, 1)]), stroke("blue")), *axis(x, 150, "seconds")]
    picture = svg(420, 200, "what it shows, for screen readers", body)
"""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import numpy as np

WIDTH = 420
"""The width of a picture on a page of the docs."""

PALETTE = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
}
"""Okabe & Ito (2008), https://jfly.uni-koeln.de/color/."""

_DASHES = {"vermillion": "", "blue": "6 3", "green": "2 2", "purple": "8 3 2 3"}

_CHARACTER = 7.3
"""About how wide a digit of text is."""

Point = tuple[float, float]
Look = Mapping[str, str | float]
"""Attributes of SVG: {"fill": "none", "stroke-width": 2}."""


def colour(name: str) -> str:
    """Return a colour of the palette, which a page may set as the CSS variable --is-NAME."""
    return f"var(--is-{name},{PALETTE[name]})"


def fill(name: str = "", opacity: float = 1.0) -> dict[str, str | float]:
    """Return the look of an area in a colour of the palette; "" is the colour of the text."""
    look: dict[str, str | float] = {"fill": colour(name) if name else "currentColor"}
    return look if opacity == 1 else look | {"fill-opacity": opacity}


def stroke(
    name: str = "", width: float = 1.0, dashes: str = "", opacity: float = 1.0
) -> dict[str, str | float]:
    """Return the look of a line in a colour of the palette; "" is the colour of the text."""
    look: dict[str, str | float] = {
        "fill": "none",
        "stroke": colour(name) if name else "currentColor",
    }
    others = {"stroke-width": width, "stroke-opacity": opacity}
    look |= {key: value for key, value in others.items() if value != 1}
    return look | ({"stroke-dasharray": dashes} if dashes else {})


def curve(name: str, width: float = 1.8) -> dict[str, str | float]:
    """Return the look of one of several curves, which differ in their dashes too."""
    return stroke(name, width, _DASHES[name])


def element(tag: str, attributes: Look, content: str = "") -> str:
    """Return an element of SVG; attributes are escaped, `content` is markup."""
    pairs = {k: v if isinstance(v, str) else _short(v, 2) for k, v in attributes.items()}
    start = "".join([tag, *(f' {key}="{escape(value)}"' for key, value in pairs.items())])
    return f"<{start}>{content}</{tag}>" if content else f"<{start}/>"


def svg(width: float, height: float, label: str, body: Iterable[str]) -> str:
    """Return a picture; `label` is what it shows, for screen readers."""
    inside = "\n".join(body)
    attributes: Look = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {_short(width)} {_short(height)}",
        "width": width,
        "role": "img",
        "aria-label": label,
        "font-family": "sans-serif",
        "style": "max-width:100%;height:auto",
    }
    return element("svg", attributes, f"\n{inside}\n") + "\n"


def text(x: float, y: float, words: str, anchor: str = "start", size: int = 13) -> str:
    """Return a line of text whose baseline is at y; `anchor` is start, middle or end."""
    look: Look = {"x": x, "y": y, "text-anchor": anchor, "font-size": size, "fill": "currentColor"}
    return element("text", look, escape(words))


def rect(x: float, y: float, width: float, height: float, look: Look) -> str:
    """Return a rectangle."""
    return element("rect", {"x": x, "y": y, "width": width, "height": height, **look})


def rule(x1: float, y1: float, x2: float, y2: float, look: Look | None = None) -> str:
    """Return a line from one point to another, thin and in the colour of the text by default."""
    return element("line", {"x1": x1, "y1": y1, "x2": x2, "y2": y2, **(look or stroke())})


def path(corners: Iterable[Point], look: Look) -> str:
    """Return a line through points; with a fill, the area inside it."""
    tag = "polyline" if look.get("fill") == "none" else "polygon"
    return element(
        tag, {"points": " ".join(f"{_short(x)},{_short(y)}" for x, y in corners), **look}
    )


def boxes(areas: Iterable[tuple[float, float, float, float]], look: Look) -> str:
    """Return many rectangles (x, y, width, height) of one look as one element."""
    parts = (
        f"M{_short(x)} {_short(y)}h{_short(w)}v{_short(h)}h{_short(-w)}z" for x, y, w, h in areas
    )
    return element("path", {"d": "".join(parts), **look})


def image(x: float, y: float, width: float, height: float, pixels: np.ndarray) -> str:
    """Return a matrix of colours as a PNG; pixels are uint8 [rows, columns, RGBA]."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 4:
        raise ValueError(f"pixels of {pixels.dtype} {pixels.shape}: take uint8 [rows, columns, 4]")
    rows, columns, _ = pixels.shape
    lines = np.insert(pixels.reshape(rows, -1), 0, 0, axis=1).tobytes()  # 0: no filter

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    png = b"\x89PNG\r\n\x1a\n" + chunk(
        b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 6, 0, 0, 0)
    )
    png += chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b"")
    attributes: Look = {
        "x": x,
        "y": y,
        "width": width,
        "height": height,
        "preserveAspectRatio": "none",
        "style": "image-rendering:pixelated",
        "href": f"data:image/png;base64,{base64.b64encode(png).decode()}",
    }
    return element("image", attributes)


@dataclass(frozen=True)
class Scale:
    """Where a value lies: `low` at `start`, `high` at `end`, in pixels; `log` by its logarithm."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        low, high = self.low, self.high
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return self.start + (value - low) / (high - low) * (self.end - self.start)


def points(x: Scale, y: Scale, values: Iterable[Point]) -> list[Point]:
    """Return where pairs of values lie."""
    return [(x(a), y(b)) for a, b in values]


def steps(edges: Sequence[float], heights: Sequence[float]) -> list[Point]:
    """Return the corners of a histogram's outline, as values: each height from edge to edge."""
    sides = zip(edges[:-1], edges[1:], heights, strict=True)
    return [corner for a, b, height in sides for corner in ((a, height), (b, height))]


def bars(x: Scale, y: Scale, edges: Sequence[float], heights: Sequence[float]) -> list[Point]:
    """Return the corners of a histogram's area, in pixels; it stands on y.low."""
    corners = steps(edges, heights)
    return points(x, y, [(edges[0], y.low), *corners, (edges[-1], y.low)])


def ticks(low: float, high: float, most: int = 9, whole: bool = False) -> dict[float, str]:
    """Return round numbers between two ends, at most `most`, each with how it is written."""
    step = 10.0 ** math.floor(math.log10((high - low) / most))
    by = (1, 2, 5, 10, 20, 50)
    step *= next(k for k in by if _count(low, high, step * k) <= most)
    if whole:
        step = max(step, 1.0)
    first = math.ceil(low / step - 1e-9)
    values = [step * (first + i) + 0.0 for i in range(_count(low, high, step))]
    order = math.floor(math.log10(step) + 1e-9)
    if order > -5 and max(abs(low), abs(high)) < 1e6:
        return {value: f"{value:.{max(0, -order)}f}" if value else "0" for value in values}
    return {value: _power(value, order) for value in values}


def axis(
    scale: Scale, at: float, unit: str = "", labels: Mapping[float, str] | None = None
) -> list[str]:
    """Return a horizontal axis at the height `at`: its line, its ticks, and its unit under them.

    Args:
        scale: where its values lie.
        at: the height, in pixels.
        unit: what the values are.
        labels: the ticks, each with its words; None takes as many `ticks` as have room.
    """
    body = [rule(scale.start, at, scale.end, at)]
    for value, words in (_fitting(scale) if labels is None else labels).items():
        body += [rule(scale(value), at, scale(value), at + 4)]
        body += [text(scale(value), at + 18, words, "middle")] if words else []
    return body + ([text((scale.start + scale.end) / 2, at + 36, unit, "middle")] if unit else [])


def side_axis(scale: Scale, at: float, labels: Mapping[float, str], across: float = 0) -> list[str]:
    """Return a vertical axis at `at`, its words on the left; `across` draws faint lines instead."""
    body = [] if across else [rule(at, scale.start, at, scale.end)]
    for value, words in labels.items():
        y = scale(value)
        line = rule(at, y, across, y, stroke(opacity=0.2)) if across else rule(at - 4, y, at, y)
        body += [line, text(at - 7, y + 5, words, "end")]
    return body


def legend(x: float, y: float, entries: Sequence[tuple[Look, str]], across: float = 0) -> list[str]:
    """Return what each look means: under each other, or side by side in columns of `across`."""
    body = []
    for i, (look, words) in enumerate(entries):
        left, middle = (x + i * across, y) if across else (x, y + 19 * i)
        if look.get("stroke", "none") == "none":
            body.append(rect(left, middle - 6, 26, 11, look))
        else:
            body.append(rule(left, middle, left + 26, middle, look))
        body.append(text(left + 32, middle + 4, words))
    return body


def _fitting(scale: Scale) -> dict[float, str]:
    """Return the ticks whose words have room beside each other."""
    labels: dict[float, str] = {}
    for most in (9, 6, 4, 3):
        labels = ticks(scale.low, scale.high, most)
        room = min((abs(scale(b) - scale(a)) for a, b in pairwise(labels)), default=math.inf)
        if _CHARACTER * max(map(len, labels.values()), default=0) + 4 <= room:
            break
    return labels


def _count(low: float, high: float, step: float) -> int:
    return max(0, math.floor(high / step + 1e-9) - math.ceil(low / step - 1e-9) + 1)


def _power(value: float, order: int) -> str:
    """Return a number as 1.5e-7, with its digits down to that of 10^order."""
    if not value:
        return "0"
    digits = max(0, math.floor(math.log10(abs(value)) + 1e-9) - order)
    mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def _short(value: float, decimals: int = 1) -> str:
    """Return a number with few decimals, without those that are 0."""
    return f"{round(value, decimals) + 0.0:.{decimals}f}".rstrip("0").rstrip(".")
