"""`initspec list`: every named spec and its distribution."""

from __future__ import annotations

import inspect
import json
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from initspec.api import InitSpec
from initspec.spec.constructors import CONSTRUCTORS
from initspec.spec.formula import formula

_EXAMPLES = {"sparse": "sparse(sparsity=0.9)", "constant": "constant(value=0.5)"}
"""Examples of the constructors with a required argument."""

_ALIASES = {"xavier": "glorot", "kaiming": "he"}


def specs(as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """List every named spec with its distribution at its defaults."""
    rows = [_row(name) for name in CONSTRUCTORS]
    console = Console()
    wide = console.width >= 96
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("spec", "distribution", "arguments")[: 3 if wide else 2]:
        table.add_column(heading, overflow="fold")
    for row in rows:
        if row["same_as"] is None:
            arguments = [Text(", ".join(row["arguments"]), style="dim")] if wide else []
            table.add_row(Text(row["spec"]), Text(row["law"]), *arguments)
    console.print(table)
    for old, new in _ALIASES.items():
        console.print(Text(f"{old}_* is {new}_*", style="dim"))
    console.print(
        Text(
            "Bounds of a cut are in standard deviations of the normal before the cut.", style="dim"
        )
    )


def _row(name: str) -> dict[str, Any]:
    """Return the row of one constructor."""
    first, _, rest = name.partition("_")
    example = InitSpec.parse(_EXAMPLES.get(name, name))
    return {
        "spec": _EXAMPLES.get(name, name),
        "law": formula(example).short,
        "same_as": f"{_ALIASES[first]}_{rest}" if first in _ALIASES else None,
        "arguments": list(inspect.signature(getattr(InitSpec, name)).parameters),
    }
