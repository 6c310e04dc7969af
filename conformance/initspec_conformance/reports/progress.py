"""Run the suite with a progress bar on standard error."""

from __future__ import annotations

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

from initspec.cli.console import Console
from initspec_conformance.reports.sanitize import sanitize
from initspec_conformance.results.report import Report


def run(names: list[str], level: str, nonce: int | str | None, only: str, native: bool) -> Report:
    """Return the report of a run, or of the frameworks' own initializers."""
    errors = Console(stderr=True)
    # What is drawn stands last and takes what is left: the count is seen at any width.
    columns = (
        BarColumn(min(40, errors.width // 4)),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn(
            "{task.description}",
            markup=False,
            table_column=Column(ratio=1, no_wrap=True, overflow="crop"),
        ),
    )
    # Without a terminal a bar would leave a blank line.
    unseen = not errors.is_terminal
    with Progress(*columns, console=errors, transient=True, expand=True, disable=unseen) as bar:
        task = bar.add_task("drawing", total=None)

        def advance(done: int, total: int, what: str, passed: bool) -> None:
            line = sanitize(what)
            if not passed:
                text = f"[red]differs[/] {escape(line)}"
                bar.console.print(text, highlight=False, soft_wrap=True)
            bar.update(task, completed=done, total=total, description=line)

        if native:
            from initspec_conformance.runner.builtin_audit import native_audit

            return native_audit(names, level, nonce, progress=advance, only=only)
        from initspec_conformance.runner.run import run as suite

        return suite(names, level, nonce, only=only, progress=advance)
