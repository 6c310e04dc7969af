"""`initspec backends`: what is registered, and what can be used here."""

from __future__ import annotations

import dataclasses
import json

import typer
from rich.console import Console
from rich.table import Table

from initspec.backend import backends as registered


def backends(as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """List the registered backends, and which can be used here."""
    statuses = registered().values()
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(one) for one in statuses], indent=2))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("backend", "from", "version", ""):
        table.add_column(heading, overflow="fold")
    for one in statuses:
        table.add_row(
            one.name,
            one.provider,
            one.version or "-",
            "[green]usable[/]" if one.usable else f"[yellow]{one.why_unusable}[/]",
        )
    Console().print(table)
