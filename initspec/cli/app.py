"""The typer application with all commands."""

from __future__ import annotations

import typer

from initspec import __version__
from initspec.cli.group import Commands

app = typer.Typer(
    cls=Commands,
    help="Say once what initial weights should be; get exactly that in every framework.",
    epilog="\b\nExample:\n  initspec compare he_normal --shape 512,256",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich cuts the names of options in a narrow terminal
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(requested: bool) -> None:
    if requested:
        typer.echo(f"initspec {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "-V", "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Options of all commands."""
