"""A recipe against freshly built models of its implementation: every parameter, pooled over builds.

A file of tests has at most `default_laws.TESTS` random statistics, each at the level
`default_laws.LEVEL`, so that it raises a false alarm with a probability of at most 1e-6. A std that
is off by 10 % is seen with a probability of 0.99 in every parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from typing import Any

import numpy as np
from initspec_conformance import audit_model

from initspec.models.assignment import Assignment
from initspec.models.recipe import Recipe, recipe_of
from initspec.models.rule import Rule
from tests.default_laws import check_sample, is_random, kurtosis, needed, standardised

OFF = 0.9
"""The factor on a std that is seen, and 1 / OFF the more."""


def check_built(
    recipe: str | Recipe | Sequence[Rule],
    build: Callable[[int], Any],
    values: Callable[[Any], dict[str, np.ndarray]],
    **numbers: float,
) -> None:
    """Hold a recipe against builds of a model.

    Args:
        recipe: its name, or its rules.
        build: returns a new model, given the number of the build.
        values: returns the parameters of a model by path.
        numbers: the numbers of names in the recipe.

    Raises:
        AssertionError: a parameter starts otherwise.
        RecipeError: the recipe does not fit the model.
    """
    model = build(0)
    rules = recipe_of(recipe)
    audit = audit_model(model, rules, **numbers)
    assert audit.passed, str(audit)
    assigned = [a for a in rules.on(model, **numbers) if a.spec is not None]
    sampled = samples(assigned, (values(model if i == 0 else build(i)) for i in count()))
    for assignment, sample in sampled:
        where = f"{assignment.layer} {assignment.path} {assignment.shape}"
        check_sample(assignment.spec, sample, where)


def samples(
    assigned: Sequence[Assignment], builds: Iterable[dict[str, np.ndarray]]
) -> Iterator[tuple[Assignment, np.ndarray]]:
    """Yield the random parameters with their standardised values, of as many builds as they need.

    Raises:
        AssertionError: what is to be constant is not.
    """
    pooled: dict[str, list[np.ndarray]] = {a.path: [] for a in assigned}
    short = list(assigned)
    for held in builds:
        for assignment in short:
            pooled[assignment.path].append(standardised(assignment, held[assignment.path]))
        short = [
            a
            for a in short
            if is_random(a.spec) and sum(map(len, pooled[a.path])) < needed(kurtosis(a), OFF)
        ]
        if not short:
            break
    for assignment in assigned:
        if is_random(assignment.spec):
            yield assignment, np.concatenate(pooled[assignment.path])
