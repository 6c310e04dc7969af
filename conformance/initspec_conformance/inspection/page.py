"""An inspection as one HTML page: what is odd, the spread by depth, and a row for each tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from initspec.display.svg import Look as Style
from initspec.display.svg import Scale, bars, path, points
from initspec_conformance.inspection.look import Look, Row, rows_of
from initspec_conformance.inspection.moments import REACH
from initspec_conformance.inspection.overview import overview
from initspec_conformance.models.findings import ModelFinding
from initspec_conformance.models.rows import MEANINGS, counted, places_of
from initspec_conformance.reports.html.panels import Panel
from initspec_conformance.reports.html.pictures import Picture, drawn
from initspec_conformance.reports.html.template import render

OPEN = 3
"""How many findings are open when the page is."""

SEARCHED = 100
"""Of how many tensors of a row the filter looks at the paths, and the page has the numbers."""

_BARS: Style = {"fill": "var(--bars)"}
_LINE: Style = {"fill": "none", "stroke": "var(--bars)", "stroke-width": 3}


@dataclass(frozen=True)
class Entry:
    """A row of the page.

    Attributes:
        id: its name in the document.
        row: its tensors.
        pictures: their values, and the standard deviation by block.
    """

    id: str
    row: Row
    pictures: tuple[Picture, ...]

    @property
    def verdict(self) -> str:
        """Whether it is odd ("fail"), skipped ("known"), or neither ("pass")."""
        if self.row.flags:
            return "fail"
        return "known" if self.row.looks[0].skipped else "pass"

    @property
    def what(self) -> str:
        """The shape, the dtype and the role."""
        first = self.row.looks[0]
        return " · ".join(filter(None, (self.row.shape, first.dtype, first.layer, first.role)))

    @property
    def shown(self) -> tuple[Look, ...]:
        """The tensors whose numbers the page has."""
        return self.row.looks[:SEARCHED]

    @property
    def tied(self) -> bool:
        """Whether one of them has other paths."""
        return any(look.tied for look in self.shown)

    @property
    def more(self) -> int:
        """How many others there are."""
        return len(self.row.looks) - len(self.shown)

    @property
    def text(self) -> str:
        """What the filter looks in."""
        paths = [look.path for look in self.shown]
        return " ".join([self.row.path, self.what, self.row.text, self.row.flags, *paths]).lower()


def page_of(
    source: str,
    head: str,
    looks: Sequence[Look],
    findings: Sequence[ModelFinding],
    seconds: float,
    notice: str,
) -> str:
    """Return an inspection as one HTML page that needs no network and no other file.

    Args:
        source: the class of the model, or the file.
        head: its numbers, in a line.
        looks: what each tensor looks like.
        findings: what is odd.
        seconds: how long it took.
        notice: what is said before all.
    """
    rows = rows_of(looks)
    entries = [
        Entry(f"r{number}", row, _pictures(f"r{number}", row)) for number, row in enumerate(rows)
    ]
    by_path = {look.path: entry for entry in entries for look in entry.row.looks}
    return render(
        "inspection.html.j2",
        program="initspec inspect",
        headline=source,
        notice=notice,
        facts=[
            ("tensors", f"{len(looks):,}"),
            ("elements", f"{sum(look.size for look in looks):,}"),
            ("dtypes", ", ".join(dict.fromkeys(look.dtype for look in looks)) or "none"),
            ("odd", counted(len(findings), "finding")),
            ("took", f"{seconds:.1f} s"),
        ],
        head=head,
        overview=overview(looks),
        places=[(place, by_path[place.findings[0].path]) for place in places_of(findings)],
        opened=OPEN,
        kinds=MEANINGS,
        entries=entries,
        number=number,
    )


def number(value: float) -> str:
    """Return a number of four digits.

    >>> number(0.0199934), number(float("nan"))
    ('0.01999', '-')
    """
    return "-" if math.isnan(value) else f"{value:.4g}"


def _pictures(name: str, row: Row) -> tuple[Picture, ...]:
    return tuple(drawn(f"{name}-{place}", panel) for place, panel in enumerate(_panels(row)))


def _panels(row: Row) -> list[Panel]:
    panels = []
    drawn_looks = [look for look in row.looks if look.histogram and look.moments is not None]
    if drawn_looks:
        moments = drawn_looks[0].moments
        assert moments is not None
        ends = moments.mean - REACH * moments.std, moments.mean + REACH * moments.std
        heights = np.sum([look.histogram for look in drawn_looks], axis=0).astype(float)
        several = ", of all blocks together" if len(drawn_looks) > 1 else ""
        caption = f"Some of the values{several}, four standard deviations to each side."
        panels.append(_histogram(caption, ends, heights.tolist()))
    by_depth = [(look.depth, look.moments.std) for look in drawn_looks if look.moments is not None]
    line = [(float(depth), std) for depth, std in by_depth if depth is not None]
    if len(line) > 1:
        panels.append(_by_depth(line))
    return panels


def _histogram(caption: str, ends: tuple[float, float], heights: list[float]) -> Panel:
    edges = np.linspace(*ends, len(heights) + 1).tolist()

    def paint(x: Scale, y: Scale) -> str:
        return path(bars(x, y, edges, heights), _BARS)

    return Panel(caption, paint, ends, (0.0, max(heights) * 1.04 or 1.0))


def _by_depth(line: list[tuple[float, float]]) -> Panel:
    depths, stds = zip(*line, strict=True)
    caption = f"The standard deviation by block, from 0: {min(stds):.4g} to {max(stds):.4g}."

    def paint(x: Scale, y: Scale) -> str:
        return path(points(x, y, line), _LINE)

    ends = (min(depths), max(*depths, min(depths) + 1))
    return Panel(caption, paint, ends, (0.0, max(stds) * 1.1), whole=True)
