"""An audit in the terminal: a row for each parameter, the findings, the verdict, the next step."""

from __future__ import annotations

import os

from initspec.cli.console import Console
from initspec.cli.pages.layout import show_table, show_text
from initspec_conformance.models.report import TRAINED, ModelAudit
from initspec_conformance.models.rows import HEADS, Row, counted, places_of, rows_of
from initspec_conformance.reports.sanitize import sanitize
from initspec_conformance.statistics.error_rates import FAMILY

MOST = 20
"""How many findings are printed, repeated blocks being one."""


def show(audit: ModelAudit, model: str, pictures: bool) -> None:
    """Print an audit; in a narrow terminal two lines for each row.

    In a pipe each row is one line, for `grep`.

    Args:
        audit: the audit.
        model: what the model is on the command line.
        pictures: whether a page with pictures is written.
    """
    console = Console()
    rows = rows_of(audit.findings, audit.parameters)
    lines = [[row.path, *row.cells] for row in rows]
    columns = list(zip(HEADS, zip(*lines, strict=True), strict=True)) if lines else []
    width = sum(2 + max(map(len, (head, *cells))) for head, cells in columns) - 2
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(width=max(width, 1000))
    if width > console.width:
        for row in rows:
            _show_row(console, row)
    elif lines:
        left = [head for head in HEADS if head != "elements"]
        show_table(console, columns, left, [_style(row) for row in rows])
    console.print()
    places = places_of(audit.findings)
    for place in places[:MOST]:
        show_text(console, sanitize(place.title), "bold red")
        for line in place.lines:
            show_text(console, sanitize(line), head="  ")
    if len(places) > MOST:
        show_text(console, f"... and {len(places) - MOST} more; --json or --html has them all")
    if places:
        console.print()
    if audit.trained:
        show_text(console, TRAINED, "yellow")
    tests = counted(audit.tests, "random test")
    show_text(console, f"probability of a false alarm: {FAMILY:g} for all {tests}")
    show_text(console, audit.verdict, "bold green" if audit.passed else "bold red")
    if step := _next_step(audit, model, pictures):
        show_text(console, step, "dim")


def _show_row(console: Console, row: Row) -> None:
    spec, elements, sees = row.cells
    sees = sees if row.parameters[0].skipped else f"sees {sees}"
    show_text(console, row.path, "bold red" if row.kinds else "bold")
    show_text(console, f"{spec}, {elements} elements, {sees}", _style(row), "  ")


def _style(row: Row) -> str:
    if row.kinds:
        return "red"
    return "yellow" if row.parameters[0].skipped else ""


def _next_step(audit: ModelAudit, model: str, pictures: bool) -> str:
    kinds = {finding.kind for finding in audit.findings}
    if audit.passed:
        recipe = repr(audit.recipe) if audit.recipe else "recipe"
        return f"in your tests: assert_model_initialized(build(), {recipe})"
    if audit.trained:
        return "next: audit the model as it is built, before its weights are loaded"
    if "untouched" in kinds:
        return f"next: initspec coverage {model} lists what nothing wrote"
    if not pictures:
        return "next: --html report.html shows the values beside their law"
    return ""
