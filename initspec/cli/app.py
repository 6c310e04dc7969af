"""The typer application with all commands."""

from __future__ import annotations

from importlib.metadata import entry_points

import typer

from initspec import __version__
from initspec.cli.backends import backends
from initspec.cli.compare import compare
from initspec.cli.explain import explain
from initspec.cli.list import specs
from initspec.cli.propagate import propagate
from initspec.cli.recommend import recommend
from initspec.cli.sample import sample
from initspec.cli.translate import translate

app = typer.Typer(
    help="Say once what initial weights should be; get exactly that in every framework.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command()(compare)
app.command()(explain)
app.command()(sample)
app.command()(recommend)
app.command()(propagate)
app.command()(translate)
app.command("list")(specs)
app.command()(backends)
# Packages above the language, such as the conformance suite, bring their command by entry point.
for _entry in sorted(entry_points(group="initspec.commands"), key=lambda entry: entry.name):
    app.command(_entry.name)(_entry.load())


def _version(requested: bool) -> None:
    if requested:
        typer.echo(f"initspec {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Options of all commands."""
