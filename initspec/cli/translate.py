"""`initspec translate`: translate a line of one framework to the others."""

from __future__ import annotations

import json

import typer
from rich.console import Console
from rich.text import Text

from initspec.cli.arguments import read_shape
from initspec.cli.pages import facts, sentences, show_line
from initspec.spec.formula import formula
from initspec.translate import Translation
from initspec.translate import translate as run


def translate(
    call: str = typer.Argument(
        help="A framework's line, such as 'HeNormal()'; it is read, never run."
    ),
    to: str = typer.Option(
        None, help="A backend's name, or initspec; all unless given.", show_default=False
    ),
    shape: str = typer.Option(
        None, help="The shape that it is called with, such as 64,32,3,3.", show_default=False
    ),
    axes: str = typer.Option(
        None, help="What each axis of that shape is for, to check its fans.", show_default=False
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Show which spec a framework's line is, its line elsewhere, and what changes."""
    result = run(call, to, None if shape is None else read_shape(shape), axes)
    if as_json:
        typer.echo(json.dumps(result.to_dict(), indent=2, allow_nan=False))
    else:
        _show(result, to is None, Console())


def _show(result: Translation, every: bool, console: Console) -> None:
    console.print(Text(result.source, style="bold"))
    rows = [("is exactly", str(result.spec)), ("", formula(result.spec).law)]
    if result.axes is not None:
        rows.append(("on axes", result.axes))
    rows.append(("initspec", result.initspec))
    console.print(facts(rows))
    if result.changes:
        console.print("\n[bold]Easy to overlook[/]")
        console.print(sentences(result.changes))
    # The line of its own framework is the input.
    lines = [line for line in result.lines if not (every and line.framework == result.framework)]
    if lines:
        console.print("\n[bold]Elsewhere[/]\n")
    for line in lines:
        show_line(console, line)
