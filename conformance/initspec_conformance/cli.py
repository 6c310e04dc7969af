"""`initspec conformance`: a run with live progress, a table, and reports as files."""

from __future__ import annotations

import io
import os
import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

from initspec.backend import backends as registered
from initspec.errors import InitSpecError
from initspec_conformance.reports.sanitize import sanitize

if TYPE_CHECKING:
    from initspec_conformance.results.report import Report


def conformance(
    names: list[str] = typer.Argument(
        None, metavar="BACKENDS", help="Registered backends; all usable ones unless given."
    ),
    quick: bool = typer.Option(False, "--quick", help="Under a minute a backend."),
    thorough: bool = typer.Option(False, "--thorough", help="Hours: every spec on every layer."),
    fresh: bool = typer.Option(False, "--fresh", help="New seeds, instead of the fixed ones."),
    seed: int = typer.Option(
        None, min=0, help="Repeat a fresh run by the seed that it printed.", show_default=False
    ),
    only: str = typer.Option("*", help="A pattern of cells, such as 'he_normal/*'."),
    native: bool = typer.Option(
        False, "--native", help="Audit the frameworks' own initializers instead."
    ),
    html: Path = typer.Option(None, help="Write a report to look at.", show_default=False),
    json: Path = typer.Option(None, help="Write the findings as JSON.", show_default=False),
) -> None:
    """Prove that backends draw what specs say, with a false-alarm rate of 1e-6 for the run."""
    _show_any_character()
    # A framework reads this when it is loaded, which is later. On threads that wait for the cores
    # that judge, a small QR takes 100 times as long, and on two threads its bits are others.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if quick and thorough:
        raise InitSpecError("--quick and --thorough: pass one of them, or neither")
    if fresh and seed is not None:
        raise InitSpecError("--fresh and --seed: a fresh run draws its own seed; pass one of them")
    level = "quick" if quick else "thorough" if thorough else "default"
    nonce: int | str | None = "fresh" if fresh else seed
    files = {"json": json, "html": html}
    reports = {kind: path for kind, path in files.items() if path is not None}
    _needs_scipy()
    from initspec_conformance.reports.console import show
    from initspec_conformance.reports.files import check_writable, uninterrupted, write
    from initspec_conformance.results.report import Report

    check_writable(reports.values())
    console = _Console()
    try:
        report = _run(names or _usable(), level, nonce, only, native)
    except KeyboardInterrupt:  # before the first cell, while SciPy was imported, say
        report = Report((), level, 0, 0, interrupted=True)
    with uninterrupted():
        try:
            for path in write(report, reports):
                console.print(f"wrote {path}", markup=False, highlight=False, soft_wrap=True)
        finally:
            show(report, console)
    if report.interrupted:
        # Pressed again while Python ends, Ctrl-C would decide the exit status.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise typer.Exit(130)
    raise typer.Exit(0 if report.passed else 1)


def _run(names: list[str], level: str, nonce: int | str | None, only: str, native: bool) -> Report:
    errors = _Console(stderr=True)
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
        from initspec_conformance.runner.run import run

        return run(names, level, nonce, only=only, progress=advance)


class _Console(Console):
    """A console whose reader may leave, as `head` does: the verdict is the exit status even so."""

    def on_broken_pipe(self) -> None:
        """Print no more. Rich would end the process, with the status of a failed run."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())  # Python flushes at its end what could not be written
        os.close(nowhere)


def _show_any_character() -> None:
    """Escape what the terminal's encoding lacks; a message or a name may hold any character."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _usable() -> list[str]:
    return [name for name, status in registered().items() if status.usable]


def _needs_scipy() -> None:
    # Looked for, not imported: that takes a second, and a Ctrl-C within it is to leave a report.
    if find_spec("scipy") is None:
        raise InitSpecError(
            "the conformance suite needs SciPy: pip install 'initspec[conformance]'"
        )
