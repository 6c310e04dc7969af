"""The names of the streams that the parameters of a model are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from initspec.backend.parameter import Parameter
from initspec.errors import RecipeError, shown, unknown
from initspec.models.assignment import Assignment, Assignments
from initspec.stream import check_name

Names = Mapping[str, str] | Callable[[str], str] | None


def stream_names(
    names: Names, assignments: Assignments, parameters: Callable[[], Iterable[Parameter]]
) -> dict[str, str]:
    """Return the name of each parameter's stream by its path.

    Args:
        names: a dict of paths, of which a tied weight has several; or a function of the path.
        assignments: those that are to be named.
        parameters: returns those of the model, of which some may be left out.

    Raises:
        RecipeError: `names` is neither a dict nor a function, has a path that the model lacks, or
            has two names for a tied weight.
        SeedError: a name is not a str.
    """
    if names is None:
        return {a.path: a.path for a in assignments}
    if callable(names):
        return {a.path: check_name(names(a.path)) for a in assignments}
    if not isinstance(names, Mapping):
        raise RecipeError(f"names={shown(names)}: pass a dict of paths, or a function of a path")
    if not set(names) <= {path for a in assignments for path in (a.path, *a.tied)}:
        known = dict.fromkeys(p.path for parameter in parameters() for p in parameter.places)
        for path in names:
            if path not in known:
                raise RecipeError(unknown("path of the model in names=:", path, known))
    return {a.path: check_name(_name(names, a)) for a in assignments}


def _name(names: Mapping[str, str], assignment: Assignment) -> str:
    """Return the name that any path of a parameter has in a dict."""
    given = {path: names[path] for path in (assignment.path, *assignment.tied) if path in names}
    if len(set(given.values())) > 1:
        raise RecipeError(f"names={shown(given)}: the paths are one tied weight; name it once")
    return next(iter(given.values()), assignment.path)


def twins(names: Mapping[str, str], assignments: Iterable[Assignment]) -> Iterator[str]:
    """Yield a warning for each name that several random weights have."""
    paths_of: dict[str, list[str]] = {}
    for a in assignments:
        if a.spec is not None and a.spec.distribution.random:
            paths_of.setdefault(names[a.path], []).append(a.path)
    for name, paths in paths_of.items():
        if len(paths) > 1:
            more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
            yield (
                f"names= gives {', '.join(paths[:3])}{more} one name, {name!r}: they are made of "
                "the same random numbers; give each its own"
            )
