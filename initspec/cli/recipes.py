"""`initspec recipes`: the recipes that come with initspec, and the rules of one."""

from __future__ import annotations

import typer

from initspec.cli.options import JSON


def recipes(
    name: str = typer.Argument(
        None, help="A recipe, or a .toml or .json file of one: show its rules.", show_default=False
    ),
    as_json: bool = JSON,
) -> None:
    """List the recipes for whole models with their sources, or show the rules of one.

    Example:
      initspec recipes gpt2-nanogpt
    """
    from initspec.cli.arguments import read_recipe
    from initspec.cli.console import print_json
    from initspec.cli.pages.recipes import show, show_rules
    from initspec.models.shipped import recipes as shipped

    if name is None:
        made = shipped()
        if as_json:
            print_json({key: recipe.source for key, recipe in made.items()})
        else:
            show(made)
        return
    recipe = read_recipe(name)
    if as_json:
        print_json(recipe.to_dict())
    else:
        show_rules(recipe)
