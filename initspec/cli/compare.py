"""`initspec compare`: one spec through every framework."""

from __future__ import annotations

import json

import typer
from rich.console import Console, JustifyMethod, OverflowMethod
from rich.progress import Progress, TaskID
from rich.table import Table
from rich.text import Text

from initspec.api import InitSpec
from initspec.cli.arguments import read_seed, read_shape
from initspec.compare.comparison import Comparison
from initspec.compare.comparison import compare as run
from initspec.display.comparison import COLUMNS, LEGEND, NUMBERS, WORDS, heading, notes, rows

_WIDE = 100
"""Columns from which versions and initializers stand in the table; else they stand below."""


def compare(
    spec: str = typer.Argument(help="A spec, such as he_normal or 'orthogonal(gain=1.4)'."),
    shape: str = typer.Option(..., help="The weight's shape, such as 512,256."),
    axes: str = typer.Option(
        None, help="What each axis is for; 'out in kernel...' unless given.", show_default=False
    ),
    dtype: str = typer.Option("float32", help="float16, bfloat16, float32 or float64."),
    backends: str = typer.Option(
        None,
        help="Backends, commas between; all usable ones unless given.",
        show_default=False,
    ),
    seed: str = typer.Option(
        None, help="Draw the portable stream of this seed.", show_default=False
    ),
    name: str = typer.Option("", help="The parameter's name in the portable stream."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Draw one spec through several frameworks, and test each against its distribution."""
    names = None if backends is None else [name.strip() for name in backends.split(",")]
    errors = Console(stderr=True)
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def advance(backend: str, done: int, draws: int) -> None:
            if backend not in tasks:
                tasks[backend] = bar.add_task(f"drawing with {backend}", total=draws)
            bar.update(tasks[backend], completed=done)

        result = run(
            InitSpec.parse(spec),
            read_shape(shape),
            axes,
            dtype,
            names,
            advance,
            seed=None if seed is None else read_seed(seed),
            name=name,
        )
    if as_json:
        typer.echo(json.dumps(result.to_dict(), indent=2))
    else:
        _show(result, Console())
    raise typer.Exit(0 if result.agrees else 1)


def _show(result: Comparison, console: Console) -> None:
    first, *others = heading(result)
    console.print(Text.assemble((result.spec, "bold"), f" {first}"))
    for line in others:
        console.print(Text(line))
    wide = console.width >= _WIDE
    console.print(_table(result, wide))
    console.print(Text(LEGEND, style="dim"))
    if not wide:
        for row in result.rows:
            console.print(Text(f"{row.backend}: {row.initializer}, {row.version}", style="dim"))
    if result.seed is not None:
        for sha256 in dict.fromkeys(row.sha256 for row in result.rows):
            who = ", ".join(row.backend for row in result.rows if row.sha256 == sha256)
            words = Text.assemble("SHA-256 ", (str(sha256), "bold"), f" ({who})")
            console.print(words, soft_wrap=True)
    for note in notes(result):
        console.print(Text(note, style="dim" if note.startswith("not compared") else "red"))
    count, differ = len(result.rows), sum(not row.agrees for row in result.rows)
    if differ:
        console.print(f"[red]{differ} of {count} disagree with the expected distribution[/]")
    else:
        who = "The backend agrees" if count == 1 else f"All {count} agree"
        console.print(f"[green]{who} with the expected distribution[/]")


def _table(result: Comparison, wide: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    shown = [index for index, name in enumerate(COLUMNS) if wide or name not in WORDS[1:]]
    for name in (COLUMNS[index] for index in shown):
        words = name in WORDS
        justify: JustifyMethod = "right" if name in NUMBERS else "left"
        overflow: OverflowMethod = "fold" if words else "ellipsis"
        table.add_column(name, justify=justify, overflow=overflow, no_wrap=not words)
    for row in rows(result):
        style = {"agrees": "green", "differs": "red"}.get(row[-1], "")
        *cells, verdict = (row[index] for index in shown)
        table.add_row(*map(Text, cells), Text(verdict, style=style))
    return table
