"""Lock the weights that a recipe and a seed give a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from initspec.backend import HasValues
from initspec.errors import FormatError, shown
from initspec.models.blocks import MOST, Advance, boxes
from initspec.models.digest import FIRST, hash_of
from initspec.models.lock import Lock
from initspec.models.locked import Locked
from initspec.models.names import Names
from initspec.models.owner import owner
from initspec.models.recipe import Recipe, recipe_of
from initspec.models.rule import Rule
from initspec.stream import check_seed


def lock(
    model: Any,
    recipe: str | Recipe | Sequence[Rule],
    seed: int,
    *,
    names: Names = None,
    inputs: Any = None,
    hashes: bool | str = True,
    **numbers: float,
) -> Lock:
    """Return the lock of the weights that `initialize` draws, without drawing them into the model.

    Args:
        model: a model of torch, Keras or JAX, which may be without memory; it is left as it is.
        recipe: the name of one that comes with initspec, a Recipe, or a list of rules.
        seed: 0 to 2^64 - 1.
        names: the name of a path's stream, where it is another: a dict, or a function of the path.
        inputs: example arguments, for a model that has no parameters without them.
        hashes: True takes the SHA-256 of each parameter, for which it is drawn with NumPy, block by
            block; "first" that of its first 65,536 elements; False none. Orthogonal weights have
            none, because their last bits depend on LAPACK.
        numbers: the numbers of names in the recipe, such as depth=12.

    Raises:
        RecipeError: the recipe does not fit the model; the message has every parameter and rule.
        TargetError: the model is of no known framework, or has no parameters yet.
        SeedError: the seed is out of range, or a name not a str.
        FormatError: `hashes` is none of these.
    """
    plan = planned(model, recipe, seed, names=names, inputs=inputs, numbers=numbers)
    return hashed(plan, model, hashes)


def planned(
    model: Any,
    recipe: str | Recipe | Sequence[Rule],
    seed: int,
    *,
    names: Names = None,
    inputs: Any = None,
    numbers: Mapping[str, Any],
) -> Lock:
    """Return the lock of a model without hashes; see `lock`."""
    seed, rules = check_seed(seed), recipe_of(recipe)
    assignments = rules.on(model, names=names, inputs=inputs, **numbers)
    locked = tuple(Locked.of(a, a.name) for a in assignments)
    return Lock(seed, rules.name, locked)


def hashed(
    plan: Lock,
    model: Any,
    hashes: bool | str,
    advance: Advance | None = None,
) -> Lock:
    """Return a lock with hashes: of what is drawn, and of what the model has where that is kept.

    Args:
        plan: the lock without hashes.
        model: the model.
        hashes: see `lock`.
        advance: called after each block that is drawn.
    """
    if hashes not in (True, False, "first"):
        raise FormatError(
            f"hashes={shown(hashes)}: pass True, False, or 'first' for those of first blocks"
        )
    if not hashes:
        return plan
    first = hashes == "first"
    kept = _kept(plan, model)
    locked = []
    blocks: Iterator[NDArray[Any]] | None
    for parameter in plan.parameters:
        if parameter.spec is None:
            values = next(kept)
            blocks = None if values is None else (values[i] for i in boxes(parameter.shape))
        else:
            blocks = _drawn(parameter, plan.seed, first, advance) if parameter.exact else None
        sha256 = None if blocks is None else hash_of(blocks, first)
        locked.append(replace(parameter, sha256=sha256, first=first and sha256 is not None))
    return replace(plan, parameters=tuple(locked))


def _kept(plan: Lock, model: Any) -> Iterator[NDArray[Any] | None]:
    """Return the values of the parameters that are kept, one after the other."""
    paths = [parameter.path for parameter in plan.parameters if parameter.spec is None]
    backend = owner(model)
    if not isinstance(backend, HasValues):
        return iter([None] * len(paths))
    return iter(backend.values(model, paths))


def _drawn(
    parameter: Locked, seed: int, first: bool, advance: Advance | None
) -> Iterator[NDArray[Any]]:
    for _, block in parameter.blocks(seed, FIRST if first else MOST):
        yield block
        if advance is not None:
            advance(block.size)
