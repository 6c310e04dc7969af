"""`initspec compare`: one spec through every framework."""

from __future__ import annotations

import typer

from initspec.cli.options import AXES, DTYPE, JSON, NAME, SHAPE, SPEC


def compare(
    spec: str = SPEC,
    shape: str = SHAPE,
    axes: str = AXES,
    dtype: str = DTYPE,
    backends: str = typer.Option(
        None,
        help="Backends, with commas between; all that are usable unless given.",
        show_default=False,
    ),
    seed: str = typer.Option(
        None, help="Draw the portable stream of this seed.", show_default=False
    ),
    name: str = NAME,
    as_json: bool = JSON,
) -> None:
    """Draw one spec through several frameworks, and test each against its distribution.

    Example:
      initspec compare he_normal --shape 512,256 --backends numpy,torch
    """
    from initspec.api import InitSpec
    from initspec.cli.arguments import read_backends, read_seed, read_shape
    from initspec.cli.console import print_json, progress
    from initspec.cli.pages.compare import show
    from initspec.compare import compare as run
    from initspec.errors import SeedError

    if name and seed is None:
        raise SeedError(
            f"--name {name!r}: only a draw of the portable stream has a name; add --seed 7"
        )
    with progress() as bar:
        tasks = {}

        def advance(backend: str, done: int, draws: int) -> None:
            if backend not in tasks:
                tasks[backend] = bar.add_task(f"drawing with {backend}", total=draws)
            bar.update(tasks[backend], completed=done)

        result = run(
            InitSpec.parse(spec),
            read_shape(shape),
            axes,
            dtype,
            None if backends is None else read_backends(backends),
            advance,
            seed=None if seed is None else read_seed(seed),
            name=name,
        )
    if as_json:
        print_json(result.to_dict())
    else:
        show(result)
    verdicts = [row.verdict for row in result.rows]
    raise typer.Exit(1 if "differs" in verdicts else 2 if "error" in verdicts else 0)
