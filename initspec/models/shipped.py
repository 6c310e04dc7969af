"""The recipes that come with initspec, one TOML file each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from initspec.errors import FormatError, RecipeError, shown, unknown
from initspec.models.recipe import Recipe
from initspec.models.rule import Rule

_FOLDER = Path(__file__).parent / "recipes"


def recipes() -> dict[str, Recipe]:
    """Return the recipes that come with initspec, by name."""
    return {name: recipe(name) for name in sorted(path.stem for path in _FOLDER.glob("*.toml"))}


@cache
def recipe(name: str) -> Recipe:
    """Return a recipe that comes with initspec.

    Raises:
        RecipeError: there is none of this name.
    """
    file = _FOLDER / f"{name}.toml"
    names = sorted(path.stem for path in _FOLDER.glob("*.toml"))
    if name not in names:
        raise RecipeError(unknown("recipe", name, names))
    return Recipe.load(file)


def recipe_of(given: str | Recipe | Sequence[Rule]) -> Recipe:
    """Return the recipe that is meant: of a name, a list of rules, or itself.

    Raises:
        RecipeError: there is no recipe of this name.
        FormatError: it is none of these.
    """
    if isinstance(given, Recipe):
        return given
    if isinstance(given, str):
        return recipe(given)
    if isinstance(given, (list, tuple)):
        return Recipe(given)
    raise FormatError(f"recipe={shown(given)}: pass a name, a Recipe, or a list of Rule")
