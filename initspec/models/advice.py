"""Which recipes that come with initspec fit a model that one of them does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from initspec.backend.parameter import Parameter
from initspec.errors import RecipeError
from initspec.models.assign import Only, fits
from initspec.models.rule import Rule

MOST = 6
"""How many recipes are named."""

Shipped = Callable[[], Mapping[str, tuple[Rule, ...]]]


@contextmanager
def advising(
    parameters: Sequence[Parameter], rules: tuple[Rule, ...], only: Only, shipped: Shipped
) -> Iterator[None]:
    """Name in a RecipeError the recipes that fit, where a recipe of initspec does not.

    Those of an architecture come first, then those for all layers.

    Args:
        parameters: those of the model.
        rules: those of the recipe that is assigned.
        only: paths or globs of the parameters that are to be filled.
        shipped: returns the rules of the recipes of initspec, by name.

    Raises:
        RecipeError: what was raised, with the names.
    """
    try:
        yield
    except RecipeError as error:
        recipes = shipped()
        if rules not in recipes.values() or fits(parameters, rules, only):
            raise
        fitting = [name for name, of in recipes.items() if fits(parameters, of, only)]
        if not fitting:
            raise
        fitting.sort(key=lambda name: not of_an_architecture(recipes[name]))
        names = ", ".join(map(repr, fitting[:MOST]))
        more = f" and {len(fitting) - MOST} more" if len(fitting) > MOST else ""
        raise RecipeError(
            f"{error}\nof the recipes that come with initspec, these fit: {names}{more}"
        ) from None


def of_an_architecture(rules: Sequence[Rule]) -> bool:
    """Return whether rules are of an architecture: one must find its path."""
    return any(rule.path and not rule.optional for rule in rules)
