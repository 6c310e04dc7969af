"""`initspec backends`: the registered backends, and which can be used here."""

from __future__ import annotations

import dataclasses
import json

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from initspec.backend import backends as registered


def backends(as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """List the registered backends, and which can be used here."""
    statuses = registered().values()
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(status) for status in statuses], indent=2))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("backend", "from", "version", ""):
        table.add_column(heading, overflow="fold")
    for status in statuses:
        table.add_row(
            # Text, because rich would read the `[torch]` of a pip command as a style.
            *map(Text, (status.name, status.provider, status.version or "-")),
            Text("usable", "green") if status.usable else Text(str(status.why_unusable), "yellow"),
        )
    Console().print(table)
