"""Initialize a model: assign first, write after."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from initspec.api import InitSpec
from initspec.backend.parameter import Filling
from initspec.errors import InitSpecWarning, SeedError
from initspec.models.assign import Only
from initspec.models.assignment import Assignment
from initspec.models.names import Names, twins
from initspec.models.owner import owner
from initspec.models.recipe import Recipe, recipe_of
from initspec.models.rule import Rule
from initspec.stream import check_seed

Model = TypeVar("Model")


def initialize(
    model: Model,
    recipe: str | Recipe | Sequence[Rule],
    seed: int | None = None,
    *,
    names: Names = None,
    only: Only = None,
    inputs: Any = None,
    device: Any = None,
    **numbers: float,
) -> Model:
    """Fill every parameter of a model by a recipe, and return the model.

    Everything is assigned before anything is written: after an error the model is as it was.

    Args:
        model: a model of torch, Keras or JAX. It is filled in place where its framework allows
            that, and else returned anew.
        recipe: the name of one that comes with initspec, a Recipe, or a list of rules.
        seed: 0 to 2^64 - 1: the same bits in every framework, each parameter's stream named by its
            path. None takes the framework's own random numbers.
        names: the name of a path's stream, where it is another: a dict, or a function of the path;
            with a seed alone. A rule's path may be such a name.
        only: paths or globs of the parameters to fill; the rest is left alone.
        inputs: example arguments, for a model that has no parameters without them, as those of
            flax.linen: an array or its ShapeDtypeStruct, a tuple, or a dict of arguments by name.
        device: where parameters on torch's meta device are made.
        numbers: the numbers of names in the recipe, such as depth=12.

    Raises:
        RecipeError: the recipe does not fit the model; the message has every parameter and rule.
        TargetError: the model is of no known framework, or a parameter of it cannot be filled.
        SeedError: the seed is out of range, a name not a str, or there are names without a seed.
    """
    if seed is not None:
        seed = check_seed(seed)
    elif names is not None:
        raise SeedError("names= without a seed: they name its streams; pass seed=7, or no names=")
    assignments = recipe_of(recipe).on(model, only=only, names=names, inputs=inputs, **numbers)
    for message in (*_warnings(assignments), *twins(assignments)):
        warnings.warn(message, InitSpecWarning, stacklevel=2)
    fillings = [filling_of(a, a.spec) for a in assignments if a.spec is not None]
    filled: Model = owner(model).write(model, fillings, seed, inputs=inputs, device=device)
    return filled


def filling_of(assignment: Assignment, spec: InitSpec) -> Filling:
    """Return what a parameter is filled with under a spec, its parts under theirs."""
    parts = tuple((part.index, part.spec) for part in assignment.parts)
    return Filling(assignment.parameter, spec, assignment.axes, assignment.name, parts)


def _warnings(assignments: Iterable[Assignment]) -> Iterator[str]:
    ones = [
        assignment.path
        for assignment in assignments
        if assignment.parameter.zeros and assignment.spec is not None and assignment.mean == 1
    ]
    if ones:
        more = f" and {len(ones) - 3} more" if len(ones) > 3 else ""
        yield (
            f"ones for the scales {', '.join(ones[:3])}{more}, which the built model has at 0: its "
            "layer may add 1 to them; write 'zeros' for them if so"
        )
