"""The page of `initspec backends`."""

from __future__ import annotations

from collections.abc import Sequence

from initspec.backend import Status
from initspec.cli.console import Console
from initspec.cli.pages.layout import show_rows


def show(statuses: Sequence[Status]) -> None:
    """Print a line for each backend."""
    table = [
        (status.name, status.provider, status.version or "-", status.why_unusable or "usable")
        for status in statuses
    ]
    styles = ["green" if status.usable else "yellow" for status in statuses]
    show_rows(Console(), ("backend", "from", "version", ""), table, styles)
