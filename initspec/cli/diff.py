"""`initspec diff`: the parameters of a model that two recipes start otherwise."""

from __future__ import annotations

import typer

from initspec.cli.options import JSON, MODEL, RECIPE


def diff(
    model: str = MODEL,
    recipe: str = RECIPE,
    other: str = typer.Option(..., "--with", help="The recipe to compare it with."),
    as_json: bool = JSON,
) -> None:
    """Show the parameters of a model that two recipes start with different numbers.

    The exit status is 1 where there are any.

    Example:
      initspec diff package.module:factory --recipe he --with glorot
    """
    from initspec.cli.arguments import read_recipe
    from initspec.cli.console import print_json
    from initspec.cli.factory import build
    from initspec.cli.pages.assign import show_pairs
    from initspec.models.diff import diff as run
    from initspec.numerics.finite import finite_or_none

    first, second = read_recipe(recipe), read_recipe(other)
    network, inputs = build(model)
    pairs = run(first, second, network, inputs=inputs)
    if as_json:
        rows = {a.path: [a.to_dict(), b.to_dict()] for a, b in pairs}
        print_json(finite_or_none(rows))
    else:
        show_pairs(pairs, (first.name or recipe, second.name or other))
    raise typer.Exit(1 if pairs else 0)
