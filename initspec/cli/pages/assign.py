"""The pages of `initspec assign` and `initspec diff`."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence, Sized

from initspec.cli.console import Console
from initspec.cli.pages.layout import show_sentences, show_table, show_text
from initspec.models.assignment import BEYOND, Assignment, Assignments
from initspec.models.table import COLUMNS, TableRow, fold


def show(assignments: Assignments) -> None:
    """Print the table of a model; in a narrow terminal a few lines for each row.

    In a pipe each row is one line, for `grep`.
    """
    console = Console()
    rows = assignments.rows()
    lines = [(row.path, *row.cells) for row in rows]
    columns = [(head, [line[i] for line in lines]) for i, head in enumerate(COLUMNS)]
    width = sum(2 + max(map(len, (head, *cells))) for head, cells in columns) - 2
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(width=width)
    if width <= console.width:
        show_table(console, columns, left=COLUMNS)
    else:
        for before, row in zip([None, *rows], rows, strict=False):
            _show_row(console, row, before is None or before.path != row.path)
    elements = sum(math.prod(assignment.shape) for assignment in assignments)
    show_text(console, f"{_counted(assignments)}, {elements:,} elements", "dim")
    if assignments.companions:
        show_text(console, BEYOND, "bold")
        show_sentences(console, assignments.companions)


def show_pairs(pairs: Sequence[tuple[Assignment, Assignment]], names: tuple[str, str]) -> None:
    """Print what differs between two recipes, repeated blocks folded."""
    console = Console()
    rows = [TableRow(tuple(a.path.split(".")), 1, (_numbers(a), _numbers(b))) for a, b in pairs]
    size = max(map(len, names))
    for row in fold(rows):
        show_text(console, row.path, "bold")
        for name, numbers in zip(names, row.cells, strict=True):
            show_text(console, numbers, "cyan", f"  {name:<{size}}  ")
    verb = "differs" if len(pairs) == 1 else "differ"
    count = f"{_counted(pairs)} {verb}" if pairs else "Nothing differs"
    show_text(console, f"{count} between {names[0]} and {names[1]}", "dim")


def _counted(several: Sized) -> str:
    return "1 parameter" if len(several) == 1 else f"{len(several)} parameters"


def _show_row(console: Console, row: TableRow, name: bool) -> None:
    layer, shape, axes, fans, spec, std, rule = row.cells
    if name:
        show_text(console, row.path, "bold")
    if not fans:
        show_text(console, f"{shape}: {spec}, rule: {rule}", "cyan", "  ")
        return
    random = f", std {std}" if float(std or 0) else ""
    show_text(console, f"{spec}{random}, rule: {rule}", "cyan", "  ")
    words = [layer, shape, axes and f"axes '{axes}'", f"fans {fans}"]
    show_text(console, ", ".join(filter(None, words)), head="  ")


def _numbers(assignment: Assignment) -> str:
    if assignment.spec is None:
        return "keep"
    parts = [f"; {part.name}: {part.spec}" for part in assignment.parts]
    return f"{assignment.spec}, axes '{assignment.axes}', std {assignment.std:.4g}{''.join(parts)}"
