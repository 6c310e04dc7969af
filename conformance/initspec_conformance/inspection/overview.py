"""The standard deviation of all tensors by depth, a line for those of all blocks, by role."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from initspec.display.svg import (
    Scale,
    axis,
    curve,
    element,
    legend,
    path,
    points,
    side_axis,
    svg,
    text,
    ticks,
)
from initspec_conformance.inspection.look import Look
from initspec_conformance.models.rows import one_line

COLOURS = {"kernel": "blue", "embedding": "green", "bias": "vermillion", "other": "purple"}
"""The colour of each role."""

_WIDTH, _HEIGHT = 640.0, 300.0


def group_of(role: str) -> str:
    """Return which of COLOURS a role is drawn in.

    >>> group_of("recurrent_kernel"), group_of("scale")
    ('kernel', 'other')
    """
    return next((name for name in COLOURS if role.endswith(name)), "other")


@dataclass(frozen=True)
class Line:
    """The standard deviations of a tensor of each block.

    Attributes:
        path: its path, with * for the number of the block.
        group: which of COLOURS it is drawn in.
        points: the number of each block, and the standard deviation there.
    """

    path: str
    group: str
    points: tuple[tuple[float, float], ...]


def lines_of(looks: Sequence[Look]) -> list[Line]:
    """Return the lines of those that several blocks have."""
    blocks: dict[str, list[Look]] = {}
    for look in looks:
        if look.depth is not None and look.moments is not None and look.moments.std > 0:
            place = re.sub(r"(^|[._])\d+(?=\.)", r"\1*", look.path, count=1)
            blocks.setdefault(place, []).append(look)
    lines = []
    for path_, several in blocks.items():
        pairs = sorted((float(k.depth), k.moments.std) for k in several if k.moments)  # type: ignore[arg-type]
        if len({depth for depth, _ in pairs}) > 1:
            lines.append(Line(one_line(path_), group_of(several[0].role), tuple(pairs)))
    return lines


def overview(looks: Sequence[Look]) -> Markup:
    """Return the picture as SVG; nothing where no block has a second."""
    lines = lines_of(looks)
    if not lines:
        return Markup("")
    every = [point for line in lines for point in line.points]
    depths, stds = [depth for depth, _ in every], [std for _, std in every]
    x = Scale(min(depths), max(depths), 64, _WIDTH - 16)
    low, high = min(stds), max(stds)
    y = Scale(low / 1.3, high * 1.3, _HEIGHT - 70, 14, log=True)
    labels = {value: f"{value:g}" for value in decades(y.low, y.high)}
    body = [
        *side_axis(y, x.start, labels),
        *side_axis(y, x.start, dict.fromkeys(labels, ""), across=x.end),
        *axis(x, y.start, "block", ticks(x.low, x.high, whole=True)),
        text(x.start + 6, y.end + 6, "std"),
    ]
    for line in lines:
        drawn = path(points(x, y, line.points), curve(COLOURS[line.group]))
        body.append(element("g", {}, f"<title>{escape(line.path)}</title>{drawn}"))
    groups = {line.group for line in lines}
    entries = [(curve(COLOURS[name]), name) for name in COLOURS if name in groups]
    body += legend(x.start, _HEIGHT - 12, entries, 120)
    return Markup(svg(_WIDTH, _HEIGHT, "the standard deviation of each tensor by block", body))


def decades(low: float, high: float) -> list[float]:
    """Return numbers of one digit between two ends, few of them.

    >>> decades(0.003, 0.3)
    [0.01, 0.1]
    """
    for digits in ((1,), (1, 2, 5), tuple(range(1, 10))):
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        every = [float(f"{d}e{power}") for power in range(first, last + 1) for d in digits]
        inside = [value for value in every if low <= value <= high]
        if len(inside) > 1:
            return inside
    return [float(f"{math.sqrt(low * high):.3g}")]
