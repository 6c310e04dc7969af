"""Assign a recipe to a model, and where it does not fit, name those that come with initspec."""

from __future__ import annotations

from typing import Any

from initspec.errors import RecipeError
from initspec.models.assign import Only
from initspec.models.assignment import Assignments
from initspec.models.recipe import Recipe
from initspec.models.shipped import recipes


def assign_or_advise(
    rules: Recipe, model: Any, only: Only, inputs: Any, numbers: dict[str, float]
) -> Assignments:
    """Return what a recipe gives a model.

    Raises:
        RecipeError: it does not fit; the message ends with the recipes of initspec that do.
    """

    def on(recipe: Recipe) -> Assignments:
        return recipe.on(model, only=only, inputs=inputs, **numbers)

    try:
        return on(rules)
    except RecipeError as error:
        fitting: list[str] = []
        for name, recipe in recipes().items():
            try:
                on(recipe)
            except RecipeError:
                continue
            special = any(rule.path and not rule.optional for rule in recipe.rules)
            fitting.insert(0 if special else len(fitting), repr(name))
        if not fitting:
            raise
        text = f"{error}\nof the recipes that come with initspec, these fit: {', '.join(fitting)}"
        raise RecipeError(text) from None
