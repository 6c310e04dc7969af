"""What a run prints at its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from initspec_conformance.reports.sanitize import visible
from initspec_conformance.results.findings import Finding, told
from initspec_conformance.results.report import Report
from initspec_conformance.statistics.error_rates import FAMILY

MOST = 20
"""How many failures are printed in full."""

GROUPS = {
    "moments": ("mean", "variance", "pooled_mean", "pooled_variance", "too_good"),
    "shape": ("legendre", "distance", "tails"),
    "support and extremes": ("support", "extremes"),
    "independence": (
        "lags",
        "seeds",
        "periods",
        "transpose",
        "serial",
        "rows",
        "positions",
        "copies",
        "repeats",
        "stuck",
    ),
    "orthogonality": ("orthogonality",),
    "Haar measure": (),
    "sparsity": (),
    "fixed values": ("fixed",),
    "dtype": ("distinct", "full_width", "binades", "resolution", "atoms", "rounding"),
    "reproducibility": ("draws", "reproducible", "distinct_seeds", "global_state"),
    "portable stream": ("stream", "names"),
    "resolution and scaling": ("resolution", "convention", "scaling"),
}
"""The rows of the table, and the checks that each of them sums up."""

_PREFIXES = {"haar_": "Haar measure", "zero": "sparsity"}
"""Rows whose checks are known by how their names begin."""

_WORD = 16
"""The longest word of a head that is not broken."""


def group_of(check: str) -> str:
    """Return the row that a check belongs to."""
    for prefix, group in _PREFIXES.items():
        if check.startswith(prefix):
            return group
    return next((group for group, names in GROUPS.items() if check in names), "other")


def summary(report: Report) -> list[tuple[str, list[str]]]:
    """Return the table of a run: for each property, a cell for each backend."""
    rows = []
    for group in (*GROUPS, "other"):
        cells = [
            _cell([f for f in report.checks if f.backend == name and group_of(f.check) == group])
            for name in report.versions
        ]
        if any(cells):
            rows.append((group, cells))
    return rows


def to_markdown(report: Report) -> str:
    """Return the table of a run as Markdown, for a README."""
    heads = [_column(f"{name} ({version})") for name, version in report.versions.items()]
    lines = [
        "| property | " + " | ".join(heads) + " |",
        "|---" * (len(heads) + 1) + "|",
        *(f"| {group} | " + " | ".join(cells) + " |" for group, cells in summary(report)),
    ]
    return "\n".join(lines) + "\n"


def show(report: Report, console: Console) -> None:
    """Print the table, the failures, and the verdict."""
    for table in _tables(report, console):
        console.print(table)
    for text in told(report.failures[:MOST]):
        console.print(f"[red]{_plain(text)}[/]", highlight=False, soft_wrap=True)
    if len(report.failures) > MOST:
        console.print(f"... and {len(report.failures) - MOST} more; --json or --html has them all")
    for finding in report.deviations:
        text = f"known deviation: {finding.id}: {finding.deviation}"
        console.print(f"[yellow]{_plain(text)}[/]", highlight=False, soft_wrap=True)
    console.print(_verdict(report), highlight=False, soft_wrap=True)


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
    return escape(visible(text))


def _column(text: str) -> str:
    """Return the head of a column of a Markdown table."""
    line = visible(text).replace("\n", " ").replace("\\", "\\\\").replace("|", "\\|")
    return line.replace("<", "&lt;").replace("`", "\\`")


def _verdict(report: Report) -> str:
    seeds = f"fresh seeds, --seed {report.nonce} repeats them" if report.nonce else "fixed seeds"
    checks = _count(len(report.checks), "check")
    what = (
        f"{checks} in {report.seconds:.0f} s, level {report.level}, {seeds}; "
        f"false alarms: {FAMILY:g} a run of {_count(report.tests, 'test')}"
    )
    if report.interrupted:
        return f"[red]Interrupted[/]: {what}"
    if report.passed:
        who = "Every backend matches" if len(report.versions) > 1 else "The backend matches"
        return f"[green]{who}[/]: {what}"
    return f"[red]{_count(len(report.failures), 'failure')}[/]: {what}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _cell(findings: Iterable[Finding]) -> str:
    found = list(findings)
    if not found:
        return ""
    failed = sum(finding.failed for finding in found)
    known = sum(bool(finding.deviation) for finding in found)
    text = f"{failed} of {len(found)} fail" if failed else f"{len(found)} pass"
    if known and not failed:
        text = f"{len(found) - known} pass, {known} known"
    return text


def _coloured(cell: str) -> str:
    colour = "red" if "fail" in cell else "yellow" if "known" in cell else "green"
    return f"[{colour}]{cell}[/]" if cell else "[dim]-[/]"
