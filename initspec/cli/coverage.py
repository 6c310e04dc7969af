"""`initspec coverage`: what of a new model nothing ever wrote."""

from __future__ import annotations

import typer

from initspec.cli.options import JSON, MODEL


def coverage(model: str = MODEL, as_json: bool = JSON) -> None:
    """List the parameters and buffers of a new model that nothing ever wrote, in whole or part.

    The factory is called once or twice, in memory that is filled with a poison. The exit status is
    1 where something was not written.

    Example:
      initspec coverage package.module:factory
    """
    from initspec.cli.console import print_json
    from initspec.cli.factory import builder
    from initspec.models.coverage import coverage as run

    build = builder(model)
    result = run(lambda: build().model)
    if as_json:
        print_json(result.to_dict())
    else:
        typer.echo(str(result))
    raise typer.Exit(0 if result.passed else 1)
