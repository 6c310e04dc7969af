"""Which recipes that come with initspec fit a model that one of them does not fit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from initspec.backend.parameter import Parameter
from initspec.errors import InitSpecError, RecipeError
from initspec.models.assign import Only, assign_one, chosen_of, fits
from initspec.models.companion import Companion
from initspec.models.numbers import Numbers
from initspec.models.rule import Rule

MOST = 6
"""How many recipes are named."""
GENERAL = ("torch", "keras", "flax", "he", "glorot")
"""Those for all layers that are named first."""

Shipped = Callable[[], Mapping[str, tuple[tuple[Rule, ...], tuple[Companion, ...]]]]


@contextmanager
def advising(
    parameters: Sequence[Parameter],
    rules: tuple[Rule, ...],
    only: Only,
    shipped: Shipped,
    config: Any = None,
    numbers: Mapping[str, Any] | None = None,
) -> Iterator[None]:
    """Name in a RecipeError the recipes that fit, where a recipe of initspec does not.

    Those of an architecture come first, by the share of the model that their paths match, then
    those for all layers. One that lacks a number here, or that has companions, is left out: it
    would be no start of this model by itself.

    Args:
        parameters: those of the model.
        rules: those of the recipe that is assigned.
        only: paths or globs of the parameters that are to be filled.
        shipped: returns the rules and companions of the recipes of initspec, by name.
        config: the config of the model.
        numbers: the numbers of names that were passed.

    Raises:
        RecipeError: what was raised, with the names.
    """
    try:
        yield
    except RecipeError as error:
        recipes = shipped()
        ours = any(rules == of for of, _ in recipes.values())
        if not ours or fits(parameters, rules, only):
            raise
        lookup = Numbers.of(parameters, config, numbers or {})
        fitting = [
            name
            for name, (of, companions) in recipes.items()
            if not companions and _starts(parameters, of, only, lookup)
        ]
        if not fitting:
            raise
        matched = {name: _matched(parameters, recipes[name][0]) for name in fitting}
        order = {name: place for place, name in enumerate(GENERAL)}
        fitting.sort(key=lambda name: (-matched[name], order.get(name, len(order))))
        names = ", ".join(map(repr, fitting[:MOST]))
        more = f" and {len(fitting) - MOST} more" if len(fitting) > MOST else ""
        raise RecipeError(
            f"{error}\nof the recipes that come with initspec, these fit: {names}{more}"
        ) from None


def of_an_architecture(rules: Sequence[Rule]) -> bool:
    """Return whether rules are of an architecture: one must find its path."""
    return any(_is_of_paths(rule) and not rule.optional for rule in rules)


def _is_of_paths(rule: Rule) -> bool:
    return bool(rule.path) and all(pattern.text != "**" for pattern in rule.path)


def _matched(parameters: Sequence[Parameter], rules: Sequence[Rule]) -> int:
    """Return how many elements are in parameters that rules of an architecture have by path."""
    if not of_an_architecture(rules):
        return 0
    paths = [rule for rule in rules if _is_of_paths(rule)]
    return sum(
        math.prod(parameter.shape)
        for parameter in parameters
        if any(rule.where(parameter) for rule in paths)
    )


def _starts(
    parameters: Sequence[Parameter], rules: Sequence[Rule], only: Only, lookup: Numbers
) -> bool:
    """Return whether rules fit, and have their numbers, for all parameters."""
    if not fits(parameters, rules, only):
        return False
    try:
        return all(assign_one(p, rules, lookup) for p in chosen_of(parameters, only))
    except InitSpecError:
        return False
