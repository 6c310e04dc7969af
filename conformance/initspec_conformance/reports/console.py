"""Print a report: a table, the failures, and the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from initspec_conformance.checks.base import GROUPS
from initspec_conformance.reports.sanitize import sanitize
from initspec_conformance.results.findings import Finding, format_failures
from initspec_conformance.results.report import Report
from initspec_conformance.statistics.error_rates import FAMILY

MOST = 20
"""How many failures are printed in full."""

_WORD = 16
"""The longest word of a head that is not broken."""


def summary(report: Report) -> list[tuple[str, list[str]]]:
    """Return the table of a run: for each group of checks, a cell for each backend."""
    rows = []
    for group in GROUPS:
        members = [finding for finding in report.checks if finding.group == group]
        cells = [_cell([f for f in members if f.backend == name]) for name in report.versions]
        if any(cells):
            rows.append((group, cells))
    return rows


def show(report: Report, console: Console) -> None:
    """Print the table, the failures, and the verdict."""
    for table in _tables(report, console):
        console.print(table)
    for text in format_failures(report.failures[:MOST]):
        console.print(f"[red]{_plain(text)}[/]", highlight=False, soft_wrap=True)
    if len(report.failures) > MOST:
        console.print(f"... and {len(report.failures) - MOST} more; --json or --html has them all")
    for finding in report.deviations:
        text = f"known deviation: {finding.id}: {finding.deviation}"
        console.print(f"[yellow]{_plain(text)}[/]", highlight=False, soft_wrap=True)
    console.print(_numbers(report), highlight=False)
    console.print(_verdict(report), highlight=False)


def _tables(report: Report, console: Console) -> list[Table]:
    """Return the table; where it does not fit in the terminal, one for each backend."""
    rows = summary(report)
    heads = [
        f"{_plain(name)}\n[dim]{_plain(version)}[/]" for name, version in report.versions.items()
    ]
    columns = range(len(heads))
    whole = _table(heads, rows)
    room = console.options.update(max_width=1 << 16)
    if console.measure(whole, options=room).maximum <= console.width:
        return [whole]
    widths = []
    for i in columns:
        words = Text.from_markup(heads[i]).plain.split()
        head = min(_WORD, max(map(cell_len, words), default=0))
        widths.append(max([head, *(len(cells[i]) for _, cells in rows)]))
    first = max(len(name) for name in ("property", *(name for name, _ in rows)))
    if first + sum(width + 1 for width in widths) <= console.width:
        return [_table(heads, rows, widths)]
    return [
        _table([heads[i]], [(name, [cells[i]]) for name, cells in rows if cells[i]])
        for i in columns
    ]


def _table(
    heads: Sequence[str],
    rows: Iterable[tuple[str, list[str]]],
    widths: Sequence[int] | None = None,
) -> Table:
    """Return a table of backends; heads are broken at a width where one is given."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("property", no_wrap=True)
    for i, head in enumerate(heads):
        width = widths[i] if widths else None
        table.add_column(head, justify="right", overflow="fold", width=width)
    for name, cells in rows:
        table.add_row(name, *map(_coloured, cells))
    return table


def _plain(text: str) -> str:
    """Return text that neither rich nor the terminal takes for a command."""
    return escape(sanitize(text))


def _numbers(report: Report) -> str:
    seeds = f"fresh seeds, --seed {report.nonce} repeats them" if report.nonce else "fixed seeds"
    checks = _count(len(report.checks), "check")
    return (
        f"{checks} in {report.seconds:.0f} s, level {report.level}, {seeds}\n"
        f"probability of a false alarm: {FAMILY:g} for all {_count(report.tests, 'test')}"
    )


def _verdict(report: Report) -> str:
    if report.interrupted:
        return "[red]Interrupted[/]"
    if report.passed:
        who = "Every backend matches" if len(report.versions) > 1 else "The backend matches"
        return f"[green]{who}[/]"
    return f"[red]{_count(len(report.failures), 'failure')}[/]"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _cell(findings: Sequence[Finding]) -> str:
    count = len(findings)
    failed = sum(finding.failed for finding in findings)
    known = sum(bool(finding.deviation) for finding in findings)
    if failed:
        return f"{failed} of {count} fail"
    if known:
        return f"{count - known} pass, {known} known"
    return f"{count} pass" if count else ""


def _coloured(cell: str) -> str:
    colour = "red" if "fail" in cell else "yellow" if "known" in cell else "green"
    return f"[{colour}]{cell}[/]" if cell else "[dim]-[/]"
