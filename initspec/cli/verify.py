"""`initspec verify`: compare a file of weights, or a model, with a lock."""

from __future__ import annotations

from pathlib import Path

import typer

from initspec.cli.options import JSON, LOCK


def verify(
    lock: Path = LOCK,
    target: str = typer.Argument(
        help="A .safetensors, .npz, .keras or .pt file, or package.module:factory of a model."
    ),
    as_json: bool = JSON,
) -> None:
    """List the weights of a file or a model that are not those of a lock.

    Example:
      initspec verify init.lock w.safetensors
    """
    from typing import Any

    from initspec.cli.arguments import read_lock
    from initspec.cli.console import print_json, progress
    from initspec.cli.factory import build
    from initspec.errors import InitSpecError
    from initspec.models.verify import compare
    from initspec.models.weights_file import is_file

    source = read_lock(lock)
    if not is_file(target) and ":" not in target:
        raise InitSpecError(
            f"{target!r}: name a .safetensors, .npz, .keras or .pt file, or "
            "package.module:factory of a model"
        )
    given: Any = Path(target) if is_file(target) else build(target).model
    differing = []
    with progress() as bar:
        task = bar.add_task("comparing", total=sum(p.size for p in source.parameters))
        for path, size, same in compare(source.parameters, source.seed, given):
            if not same:
                differing.append(path)
            bar.advance(task, size)
    if as_json:
        print_json({"differing": differing, "parameters": len(source.parameters)})
    else:
        for path in differing:
            typer.echo(path)
        typer.echo(f"{len(differing)} of {len(source.parameters)} parameters differ")
    raise typer.Exit(1 if differing else 0)
