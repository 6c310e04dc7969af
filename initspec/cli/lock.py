"""`initspec lock`: write what the weights of a model are drawn from to a small file."""

from __future__ import annotations

from pathlib import Path

import typer

from initspec.cli.options import MODEL, NUMBERS, RECIPE


def lock(
    model: str = MODEL,
    recipe: str = RECIPE,
    seed: str = typer.Option(..., help="The seed of the portable stream."),
    output: Path = typer.Option(
        ..., "-o", "--output", help="The file to write, such as init.lock."
    ),
    numbers: list[str] = NUMBERS,
    first: bool = typer.Option(
        False, "--first", help="Hash the first 65,536 elements of each parameter alone."
    ),
    no_hashes: bool = typer.Option(False, "--no-hashes", help="Leave the hashes out."),
) -> None:
    """Write what the weights of a model are drawn from, and their hashes, to a small file.

    Example:
      initspec lock zoo.nets:gpt --recipe gpt2-nanogpt --seed 7 -o init.lock
    """
    from initspec.cli.arguments import read_numbers, read_recipe, read_seed
    from initspec.cli.console import progress
    from initspec.cli.factory import build
    from initspec.cli.files import check_writable, write_whole
    from initspec.errors import InitSpecError
    from initspec.models.locking import hashed, planned

    if first and no_hashes:
        raise InitSpecError("--first and --no-hashes: write one of them")
    given, rules, number = read_numbers(numbers), read_recipe(recipe), read_seed(seed)
    check_writable([output])
    network, inputs = build(model)
    plan = planned(network, rules, number, inputs=inputs, numbers=given)
    with progress() as bar:
        total = sum(parameter.size for parameter in plan.drawn if parameter.exact)
        task = bar.add_task("hashing", total=total)
        hashes = "first" if first else not no_hashes
        result = hashed(plan, network, hashes, lambda elements: bar.advance(task, elements))
    write_whole(output, result.save)
    typer.echo(f"{output}: {len(result.parameters)} parameters, {output.stat().st_size} bytes")
