"""An inspection in the terminal: a row for each tensor, its blocks folded, and what is odd."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from initspec_conformance.inspection.look import Look, Row
from initspec_conformance.models.findings import ModelFinding
from initspec_conformance.models.rows import places_of
from initspec_conformance.reports.sanitize import sanitize

WIDTH = 80
"""The columns of the text of an inspection."""

HEADS = ("shape", "std", "by block", "values", "looks like")
"""What stands beside the path of a tensor, or in narrow terminals below it."""

LONGEST = 12
"""The characters of a strip, at most."""

_BARS = " ▁▂▃▄▅▆▇█"


def show(
    rows: Sequence[Row], head: str, findings: Sequence[ModelFinding], console: Console
) -> None:
    """Print the rows, then what is odd; in a narrow terminal two lines for each row."""
    cells = [_cells(row) for row in rows]
    paths = [Text(row.path, "bold yellow" if row.flags else "bold") for row in rows]
    whole = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("tensor", *HEADS):
        whole.add_column(name, no_wrap=True, justify="right" if name == "std" else "left")
    for path, line in zip(paths, cells, strict=True):
        whole.add_row(path, *line)
    room = console.options.update(max_width=1 << 16)
    if console.measure(whole, options=room).maximum <= console.width:
        console.print(whole)
    else:
        for path, line in zip(paths, cells, strict=True):
            console.print(path)
            grid = _grid(cells)
            grid.add_row(*line)
            console.print(Padding(grid, (0, 0, 0, 2)))
    console.print()
    console.print(Text(head))
    for place in places_of(findings):
        console.print(Text(sanitize(place.title), "bold yellow"))
        for text in place.lines:
            console.print(Padding(Text(sanitize(text)), (0, 0, 0, 2)))


def _grid(cells: Sequence[Sequence[Text]]) -> Table:
    """Return a table of one row, as wide in its first columns as those of all rows."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    *columns, _ = zip(*cells, strict=True) if cells else ((),)
    for number, column in enumerate(columns):
        width = max(text.cell_len for text in column)
        justify = "right" if HEADS[number] == "std" else "left"
        grid.add_column(width=width, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    grid.add_column()
    return grid


def _cells(row: Row) -> list[Text]:
    looks = row.looks
    first = looks[0]
    parts = [Text(row.text or _kurtosis(looks))]
    if row.flags:
        parts.append(Text(row.flags, "yellow"))
    return [
        Text(row.shape),
        Text(_mean(row.stds)),
        Text(strip(row.stds) if len(looks) > 1 and any(row.stds) else ""),
        Text(strip(np.sum([look.histogram for look in looks], axis=0)) if first.histogram else ""),
        Text("; ").join(part for part in parts if part.plain),
    ]


def _mean(values: Sequence[float]) -> str:
    finite = [value for value in values if math.isfinite(value)]
    return f"{np.mean(finite):.4g}" if finite else ""


def _kurtosis(looks: Sequence[Look]) -> str:
    """Return the kurtosis of tensors that look like no spec, the mean of those of blocks."""
    mean = _mean([look.moments.kurtosis for look in looks if look.moments is not None])
    return f"kurtosis {mean}" if mean else ""


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
