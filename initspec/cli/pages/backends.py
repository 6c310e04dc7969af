"""The page of `initspec backends`."""

from __future__ import annotations

from collections.abc import Sequence

from initspec.backend import Status
from initspec.cli.console import Console
from initspec.cli.pages.layout import show_rows
from initspec.stream.kernel import why_numpy


def show(statuses: Sequence[Status]) -> None:
    """Print a line for each backend."""
    table = [
        (status.name, status.provider, status.version or "-", status.why_unusable or "usable")
        for status in statuses
    ]
    styles = ["green" if status.usable else "yellow" for status in statuses]
    reason = why_numpy()
    kernel = "machine code" if reason is None else f"NumPy; {reason}"
    console = Console()
    show_rows(console, ("backend", "from", "version", ""), table, styles)
    console.print(f"seeded draws: {kernel}", highlight=False, markup=False)
