"""`initspec compare`: one spec through every framework."""

from __future__ import annotations

import json
import math

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Table

from initspec.api import InitSpec
from initspec.cli.arguments import read_seed, read_shape
from initspec.compare.comparison import ALPHA, Comparison
from initspec.compare.comparison import compare as run

_WIDE = 100
"""Columns from which versions and initializers stand in the table; else they stand below."""

_LEGEND = f"p: probability of this deviation by chance; probability of a false alarm: {ALPHA:g}"


def compare(
    spec: str = typer.Argument(help="A spec, such as he_normal or 'orthogonal(gain=1.4)'."),
    shape: str = typer.Option(..., help="The weight's shape, such as 512,256."),
    axes: str = typer.Option(
        None, help="What each axis is for; 'out in kernel...' unless given.", show_default=False
    ),
    dtype: str = typer.Option("float32", help="float16, bfloat16, float32 or float64."),
    backends: str = typer.Option(
        None, help="Backends, such as torch,jax; all usable ones unless given.", show_default=False
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
    shape = " x ".join(map(str, result.shape)) or "scalar"
    axes = "without axes" if result.axes is None else f"axes '{escape(result.axes)}'"
    console.print(f"[bold]{escape(result.spec)}[/] on {shape}, {result.dtype}, {axes}")
    if result.fan_in is not None:
        console.print(f"fan_in {result.fan_in}, fan_out {result.fan_out}")
    wide = console.width >= _WIDE
    console.print(_table(result, wide))
    console.print(f"[dim]{_LEGEND}[/]")
    if not wide:
        for row in result.rows:
            console.print(
                f"[dim]{escape(row.backend)}: {escape(row.initializer)}, {escape(row.version)}[/]"
            )
    if result.seed is not None:
        for sha256 in dict.fromkeys(row.sha256 for row in result.rows):
            who = ", ".join(escape(row.backend) for row in result.rows if row.sha256 == sha256)
            console.print(f"SHA-256 [bold]{sha256}[/] ({who})", soft_wrap=True)
    for row in result.rows:
        for reason in row.reasons:
            console.print(f"[red]{escape(row.backend)}[/]: {escape(reason)}")
    for name, reason in result.left_out.items():
        console.print(f"[dim]not compared: {escape(name)}: {escape(reason)}[/]")
    count, differ = len(result.rows), sum(not row.agrees for row in result.rows)
    if differ:
        console.print(f"[red]{differ} of {count} disagree with the expected distribution[/]")
    else:
        who = "The backend agrees" if count == 1 else f"All {count} agree"
        console.print(f"[green]{who} with the expected distribution[/]")


def _table(result: Comparison, wide: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("backend", "version", "initializer") if wide else ("backend",):
        table.add_column(heading, overflow="fold")
    for heading in ("mean", "std", "min", "max", "p"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    low, high = result.bounds
    blank = ("", "") if wide else ()
    table.add_row("expected", *blank, *map(_number, (result.mean, result.std, low, high)), "", "")
    for row in result.rows:
        table.add_row(
            escape(row.backend),
            *((escape(row.version), escape(row.initializer)) if wide else ()),
            *map(_number, (row.mean, row.std, row.low, row.high)),
            "exact" if row.p_value is None else f"{row.p_value:.2g}",
            "[green]agrees[/]" if row.agrees else "[red]differs[/]",
        )
    return table


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4g}"
