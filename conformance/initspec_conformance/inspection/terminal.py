"""An inspection in the terminal: a table, its blocks folded, and what is odd."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from initspec.models.table import TableRow
from initspec_conformance.inspection.look import Look
from initspec_conformance.models.findings import ModelFinding
from initspec_conformance.models.rows import one_line, places_of
from initspec_conformance.reports.sanitize import sanitize

WIDTH = 80
"""The columns of the text of an inspection."""

LONGEST = 12
"""The characters of a strip, at most."""

_BARS = " ▁▂▃▄▅▆▇█"


def show(
    rows: Sequence[TableRow], head: str, findings: Sequence[ModelFinding], console: Console
) -> None:
    """Print the table, then what is odd."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("tensor", overflow="fold", ratio=4)
    table.add_column("shape", overflow="fold", ratio=1, min_width=8)
    table.add_column("std", justify="right", no_wrap=True)
    table.add_column("by block", no_wrap=True)
    table.add_column("values", no_wrap=True)
    table.add_column("looks like", overflow="fold", ratio=4)
    for row in rows:
        table.add_row(*_cells(row))
    console.print(table)
    for line in ("", sanitize(head)):
        console.print(line, markup=False, highlight=False)
    for place in places_of(findings):
        console.print(f"[yellow]{escape(sanitize(place.title))}[/]", highlight=False)
        for line in place.lines:
            console.print(Padding(Text(sanitize(line)), (0, 0, 0, 2)))


def _cells(row: TableRow) -> list[str]:
    looks: Sequence[Look] = row.members
    shape, _, text, flags = row.cells
    stds = [look.moments.std for look in looks if look.moments is not None]
    summary = [text or _kurtosis(looks)]
    flag = f"[yellow]{escape(flags)}[/]" if flags else ""
    return [
        escape(one_line(row.path)),
        shape,
        _spread(stds),
        strip(stds) if len(stds) > 1 else "",
        strip(np.sum([look.histogram for look in looks], axis=0)) if looks[0].histogram else "",
        "\n".join(filter(None, [*map(escape, summary), flag])),
    ]


def _spread(stds: Sequence[float]) -> str:
    """Return the standard deviations of blocks in short: the mean of them."""
    finite = [std for std in stds if math.isfinite(std)]
    return f"{np.mean(finite):.4g}" if finite else ""


def _kurtosis(looks: Sequence[Look]) -> str:
    """Return the kurtosis of tensors without a text, the mean of those of blocks."""
    values = [look.moments.kurtosis for look in looks if look.moments is not None]
    finite = [value for value in values if math.isfinite(value)]
    return f"kurtosis {np.mean(finite):.3g}" if finite else ""


def strip(heights: Sequence[float]) -> str:
    """Return heights as a strip of bars, of which 0 is the foot.

    >>> strip([0, 1, 2, 4])
    ' ▂▄█'
    """
    array = np.nan_to_num(np.asarray(heights, np.float64))
    if len(array) > LONGEST:
        array = np.array([part.mean() for part in np.array_split(array, LONGEST)])
    top = float(array.max(initial=0.0)) or 1.0
    return "".join(_BARS[round(8 * height / top)] for height in array.tolist())
