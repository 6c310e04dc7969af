"""The names of the streams that the parameters of a model are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from initspec.errors import RecipeError, shown, unknown
from initspec.models.assignment import Assignments

Names = Mapping[str, str] | Callable[[str], str] | None


def naming(names: Names, assignments: Assignments) -> Callable[[str], str]:
    """Return the function that names the streams of paths.

    Raises:
        RecipeError: `names` is neither a dict nor a function, or has a path that the model lacks.
    """
    if names is None:
        return lambda path: path
    if callable(names):
        return names
    if not isinstance(names, Mapping):
        raise RecipeError(f"names={shown(names)}: pass a dict of paths, or a function of a path")
    paths = [path for a in assignments for path in (a.path, *a.tied)]
    for path in names:
        if path not in paths:
            raise RecipeError(unknown("path of the model in names=:", path, paths))
    return lambda path: names.get(path, path)
