"""A matplotlib figure as a few hundred bytes of SVG, whose colours the page sets.

matplotlib writes six decimals, a font list for each number and ids that repeat from figure to
figure; a report has hundreds of figures in one document.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from html import escape
from xml.etree import ElementTree

from matplotlib import style
from matplotlib.figure import Figure

COLOURS = {
    "bars": "#010101",
    "law": "#020202",
    "ink": "#030303",
    "faint": "#040404",
}
"""Colours by their names in the style sheet, and what stands for them in matplotlib."""

_NAMES = {colour: f"var(--{name})" for name, colour in COLOURS.items()}
_KEPT = ("fill", "stroke", "stroke-width")
_COMMAND = re.compile(r"([MLCQz])([^MLCQz]*)")
_SVG, _XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "initspec",
    "axes.edgecolor": COLOURS["ink"],
    "xtick.color": COLOURS["ink"],
    "ytick.color": COLOURS["ink"],
    "font.size": 11,
    "axes.unicode_minus": True,
}


def plain() -> AbstractContextManager[None]:
    """Return the style that figures are made and written in, whatever the user's own is."""
    return style.context(["default", _SETTINGS])


def tidy(figure: Figure, data: str) -> tuple[str, str]:
    """Return the SVG elements of a figure: those of artists with the gid `data`, and all others."""
    written = io.StringIO()
    figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    root = ElementTree.fromstring(written.getvalue())
    found: dict[bool, list[str]] = {True: [], False: []}
    for element, own in _leaves(root, data, False):
        found[own].append(element)
    return "".join(found[True]), "".join(found[False])


def _leaves(parent: ElementTree.Element, data: str, own: bool) -> Iterator[tuple[str, bool]]:
    for child in parent:
        mine = own or child.get("id") == data
        match child.tag.removeprefix(_SVG):
            case "g":
                yield from _leaves(child, data, mine)
            case "path" if look := _style(child.get("style", "")):
                yield f'<path d="{_path(child.get("d", ""))}"{look}/>', mine
            case "use":  # the marks of an axis are all that is placed this way
                yield f'<path d="M{_x(child, "x")} {_x(child, "y")}v3" stroke="var(--ink)"/>', mine
            case "text":
                at = f'x="{_x(child, "x")}" y="{_x(child, "y")}"'
                yield f"<text {at}>{escape(child.text or '')}</text>", mine
            case "image":
                href = "".join(child.get(f"{_XLINK}href", "").split())
                size = f'width="{child.get("width")}" height="{child.get("height")}"'
                look = f'style="image-rendering:pixelated" transform="{child.get("transform")}"'
                yield f'<image href="{href}" {size} {look}/>', mine


def _style(text: str) -> str:
    """Return what of a style is kept, as attributes; nothing for what cannot be seen."""
    pairs = dict(part.split(": ", 1) for part in text.split("; ") if ": " in part)
    if pairs.get("fill") == "none" and "stroke" not in pairs:
        return ""
    kept = {key: pairs[key] for key in _KEPT if key in pairs}
    return "".join(f' {key}="{_NAMES.get(value, value)}"' for key, value in kept.items())


def _path(d: str) -> str:
    """Return a path with one decimal, steps as H and V."""
    parts: list[str] = []
    here: list[str] = []
    for command, rest in _COMMAND.findall(d):
        numbers = [_short(number) for number in rest.split()]
        if command == "L" and numbers == here:
            continue
        if command == "L" and numbers[0] == here[0]:
            parts.append(f"V{numbers[1]}")
        elif command == "L" and numbers[1] == here[1]:
            parts.append(f"H{numbers[0]}")
        else:
            parts.append(command + " ".join(numbers))
        here = numbers[-2:]
    return "".join(parts)


def _x(element: ElementTree.Element, name: str) -> str:
    return _short(element.get(name, "0"))


def _short(number: str) -> str:
    return f"{float(number):.1f}".removesuffix(".0")
