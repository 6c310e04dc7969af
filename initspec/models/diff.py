"""The parameters of a model that two recipes start otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from initspec.models.assignment import Assignment, law_of
from initspec.models.recipe import Recipe, recipe_of
from initspec.models.rule import Rule

Given = str | Recipe | Sequence[Rule]


def diff(
    recipe_a: Given, recipe_b: Given, model: Any, *, inputs: Any = None
) -> tuple[tuple[Assignment, Assignment], ...]:
    """Return the parameters that two recipes start with different numbers.

    It is the law that counts and not how it is written: `he_normal` on 8 inputs and
    `normal(std=0.5)` are the same. Axes count where they change what is drawn.

    Args:
        recipe_a: the name of one that comes with initspec, a Recipe, or a list of rules.
        recipe_b: another.
        model: a model of torch, Keras or JAX, which is left as it is.
        inputs: example arguments, for a model that has no parameters without them.

    Returns:
        For each such parameter, in the order of the model, its assignment by either recipe.

    Raises:
        RecipeError: one of the recipes does not fit the model.
        TargetError: the model is of no known framework, or has no parameters yet.
    """
    first, second = (recipe_of(given).on(model, inputs=inputs) for given in (recipe_a, recipe_b))
    pairs = zip(first, second, strict=True)
    return tuple((a, b) for a, b in pairs if law_of(a) != law_of(b))
