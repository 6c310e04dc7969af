"""`initspec assign`: what a recipe gives every parameter of a model."""

from __future__ import annotations

from typing import Any

from initspec.cli.options import JSON, MODEL, NUMBERS, RECIPE


def assign(
    model: str = MODEL,
    recipe: str = RECIPE,
    numbers: list[str] = NUMBERS,
    as_json: bool = JSON,
) -> None:
    """Show the spec that a recipe gives each parameter of a model, and its numbers.

    Example:
      initspec assign package.module:factory --recipe gpt2-nanogpt
    """
    from initspec.cli.arguments import read_numbers, read_recipe
    from initspec.cli.console import print_json
    from initspec.cli.factory import build
    from initspec.cli.pages.assign import show
    from initspec.numerics.finite import finite_or_none

    rules = read_recipe(recipe)
    given: dict[str, Any] = read_numbers(numbers)  # as **numbers they might be any argument
    network, inputs = build(model)
    result = rules.on(network, inputs=inputs, **given)
    if as_json:
        print_json(finite_or_none(result.to_dict()))
    else:
        show(result)
