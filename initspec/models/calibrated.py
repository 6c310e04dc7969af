"""The rules of a recipe in which some weights have other specs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from initspec.api import InitSpec
from initspec.axes import Axes
from initspec.backend.parameter import Filling
from initspec.distributions.rules import Range, Std
from initspec.errors import InitSpecError
from initspec.models.assignment import Assignment, Assignments
from initspec.models.rule import KEEP, Rule
from initspec.models.table import TableRow, fold
from initspec.models.template import Template
from initspec.spec.resolve import resolve
from initspec.spec.value import Spec
from initspec.stream import split_name

Words = tuple[str, Axes | None, str | None]

_DIGITS = 7
"""The digits of a gain: its rounding moves a variance by 1e-6 at most."""


def scaled(spec: Spec, factor: float, filling: Filling) -> InitSpec | None:
    """Return a spec that draws a weight times a factor; None where no gain does that.

    The factor is rounded, so that the number is short.
    """
    rule, factor = spec.variance, _round(factor)
    changes: dict[str, Any] = {"distribution": spec.distribution.scaled_by(factor)}
    if isinstance(rule, Range):
        changes["variance"] = Range(_round(rule.low * factor), _round(rule.high * factor))
    elif isinstance(rule, Std):
        changes["variance"] = Std(_round(rule.std * factor), _round(rule.mean * factor))
    elif spec.distribution.takes_gain:
        changes["gain"] = _round(spec.gain * factor)
    shape, axes = filling.parameter.shape, filling.axes
    try:
        other = spec.replace(**changes)
        before, after = (resolve(s, shape, axes).law for s in (spec, other))
    except InitSpecError:
        return None
    exact = all(
        math.isclose(a * factor, b, rel_tol=1e-5, abs_tol=1e-9 * abs(after.std))
        for a, b in ((before.std, after.std), (before.mean, after.mean))
    )
    return cast("InitSpec", other) if exact and (after.std or after.mean) else None


def _round(number: float) -> float:
    return float(f"{number:.{_DIGITS}g}")


def rules_of(
    rules: Iterable[Rule], assignments: Assignments, changed: Mapping[str, Filling]
) -> list[Rule]:
    """Return few rules of numbers that assign what a recipe does, but for some weights.

    A rule of the recipe stays where it names no path that is another in a second framework, and
    needs no number; what other rules assign is assigned by paths.

    Args:
        rules: those of the recipe.
        assignments: what it assigns.
        changed: what other weights are filled with, by path.
    """
    stay: set[int] = set()
    groups: dict[tuple[Any, ...], list[Assignment]] = {}
    for a in assignments:
        by = [a.rule, *(part.rule for part in a.parts if part.rule)]
        if a.path not in changed and all(_stays(rule, a) for rule in by):
            stay |= set(map(id, by))
        else:
            groups.setdefault(_words(a, changed.get(a.path)), []).append(a)
    made, members = [], []
    for words, group in groups.items():
        paths = _globs(group, assignments)
        inside = [rule for a in group for rule in _member(a, words[-1][0])]
        made += [
            Rule(spec, paths, axes=axes, part=part, optional=bool(inside))
            for spec, axes, part in words
        ]
        members += inside
    # The whole of a stack, which its members then draw over.
    wholes = {rule.path: Rule(str(rule.spec), rule.label, optional=True) for rule in members}
    return [*made, *members, *wholes.values(), *(rule for rule in rules if id(rule) in stay)]


def _stays(rule: Rule, a: Assignment) -> bool:
    return not isinstance(rule.spec, Template) and not (rule.path and a.name != a.path)


def _words(a: Assignment, changed: Filling | None) -> tuple[Words, ...]:
    """Return spec, axes and part of the rules for an assignment: its parts, then the whole."""
    spec = a.spec if changed is None else changed.spec
    specs = [part.spec for part in a.parts] if changed is None else [s for _, s in changed.parts]
    parts = [
        (str(spec), part.rule.axes, part.name)
        for spec, part in zip(specs, a.parts, strict=True)
        if part.rule  # a padding row is one by itself
    ]
    return (*reversed(parts), (KEEP if spec is None else str(spec), a.rule.axes, None))


def _member(a: Assignment, spec: str) -> Iterator[Rule]:
    """Yield the rule of a weight that is, elsewhere, the member of a stack."""
    member = split_name(a.name)
    if member and member[0] in a.parameter.aliases and spec != KEEP:
        yield Rule(spec, member[0], part=f"stack[{member[1]}]", optional=True)


def _names(a: Assignment) -> list[str]:
    """Return the path of a weight, and the one that it has elsewhere."""
    lone = a.name in a.parameter.aliases and split_name(a.name) is None
    return [a.path, a.name] if lone else [a.path]


def _globs(group: Sequence[Assignment], assignments: Assignments) -> tuple[str, ...]:
    """Return globs of the paths of a group, and of the names that these have elsewhere."""
    paths = [name for a in group for name in _names(a)]
    rows = fold([TableRow(tuple(path.split(".")), 1, ()) for path in paths])
    others: list[str] = []
    if len(rows) < len(paths):
        inside = {id(a) for a in group}
        others = [
            name for a in assignments if id(a) not in inside for name in (*_names(a), *a.tied)
        ]
    return tuple(row.glob(others) for row in rows)
