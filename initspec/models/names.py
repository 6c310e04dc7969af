"""The names of the streams that the parameters of a model are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from initspec.backend.parameter import Parameter
from initspec.errors import RecipeError, shown, unknown
from initspec.stream import check_name, split_name

if TYPE_CHECKING:
    from initspec.models.assignment import Assignment

Names = Mapping[str, str] | Callable[[str], str] | None


def named(
    names: Names, chosen: Iterable[Parameter], parameters: Iterable[Parameter]
) -> list[Parameter]:
    """Return parameters with the names of their streams.

    Such a name is what the weight is called in another framework, often; so the path of a rule may
    be it, `[1]` at its end being the member of a stack. The path of another weight here may not.

    Args:
        names: a dict of paths, of which a tied weight has several; or a function of the path.
        chosen: those that are to be named.
        parameters: those of the model.

    Raises:
        RecipeError: `names` is neither a dict nor a function, has a path that the model lacks, or
            has two names for a tied weight.
        SeedError: a name is not a str.
    """
    known = dict.fromkeys(p.path for parameter in parameters for p in parameter.places)
    if not callable(names):
        if not isinstance(names, Mapping):
            raise RecipeError(
                f"names={shown(names)}: pass a dict of paths, or a function of a path"
            )
        for path in names:
            if path not in known:
                raise RecipeError(unknown("path of the model in names=:", path, known))
    made = []
    for parameter in chosen:
        given = names(parameter.path) if callable(names) else _name(names, parameter)
        name = check_name(given)
        whole, _ = split_name(name) or (name, 0)
        aliases = tuple(alias for alias in dict.fromkeys((name, whole)) if alias not in known)
        made.append(replace(parameter, name=name, aliases=aliases))
    return made


def _name(names: Mapping[str, str], parameter: Parameter) -> str:
    """Return the name that any path of a parameter has in a dict."""
    paths = (parameter.path, *parameter.tied)
    given = {path: names[path] for path in paths if path in names}
    if len(set(given.values())) > 1:
        raise RecipeError(f"names={shown(given)}: the paths are one tied weight; name it once")
    return next(iter(given.values()), parameter.path)


def twins(assignments: Iterable[Assignment]) -> Iterator[str]:
    """Yield a warning for each name that several random weights have."""
    paths_of: dict[str, list[str]] = {}
    for a in assignments:
        if a.spec is not None and a.spec.distribution.random:
            paths_of.setdefault(a.name, []).append(a.path)
    for name, paths in paths_of.items():
        if len(paths) > 1:
            more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
            yield (
                f"names= gives {', '.join(paths[:3])}{more} one name, {name!r}: they are made of "
                "the same random numbers; give each its own"
            )
