"""The recipes that come with initspec, one TOML file each."""

from __future__ import annotations

from initspec.models.recipe import Recipe, recipe, shipped


def recipes() -> dict[str, Recipe]:
    """Return the recipes that come with initspec, by name."""
    return {name: recipe(name) for name in shipped()}
