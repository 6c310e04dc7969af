"""Layout of `explain`, `translate` and `list`: short lines with a hanging indent."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from initspec.translate import Line


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """Return facts as two columns; the second one wraps under itself."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in rows:
        table.add_row(name, Text(fact))
    return table


def sentences(lines: Iterable[str], style: str = "") -> Table:
    """Return sentences as a list."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for line in lines:
        table.add_row("-", Text(line, style=style))
    return table


def show_line(console: Console, line: Line) -> None:
    """Print a spec in the words of one framework."""
    where = [] if line.axes is None else [f"axes '{line.axes}'"]
    if line.shape is not None:
        where.append(f"shape {','.join(map(str, line.shape)) or 'scalar'}")
    head = Text(line.framework, style="bold")
    head.append(f"  {', '.join(where)}" if where else "", style="dim")
    console.print(head)
    codes: list[Text] = []
    if line.code is None:
        codes.append(Text("no line of its own", style="yellow"))
    else:
        # A statement a line, as it would be typed.
        codes += [Text(part, style="green") for part in line.code.split("; ")]
    codes.append(Text(line.initspec, style="cyan"))
    for code in codes:
        console.print(Padding(code, (0, 0, 0, 2)), soft_wrap=False)
    remarks = (*line.namesakes, *line.notes)
    if remarks:
        console.print(Padding(sentences(remarks), (0, 0, 0, 2)))
