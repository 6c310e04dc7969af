"""Assign a spec to every parameter of a model, or say of all that cannot be why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from initspec.api import InitSpec
from initspec.axes import Axes
from initspec.backend.layers import is_mixer
from initspec.backend.parameter import Parameter, Place
from initspec.dtypes import FLOATS, float_type
from initspec.errors import (
    AxesError,
    InitSpecError,
    RecipeError,
    ShapeError,
    nearest,
    shown,
    unknown,
)
from initspec.models.assignment import Assignment, Assignments, Part
from initspec.models.companion import Companion
from initspec.models.names import Names, named
from initspec.models.numbers import Numbers
from initspec.models.parts import part_of
from initspec.models.patterns import Pattern
from initspec.models.rule import KEEP, Rule
from initspec.models.table import TableRow, fold
from initspec.models.tables import table_classes
from initspec.models.template import Template
from initspec.spec.resolve import resolve

Only = str | Iterable[str] | None


def assign(
    parameters: Sequence[Parameter],
    rules: Sequence[Rule],
    *,
    only: Only = None,
    names: Names = None,
    config: Any = None,
    numbers: Mapping[str, Any] | None = None,
    meanings: Mapping[str, str] | None = None,
    companions: Sequence[Companion] = (),
) -> Assignments:
    """Assign a spec to every parameter.

    Args:
        parameters: those of the model.
        rules: those of a recipe, in order.
        only: paths or globs; the rest is left out.
        names: the names of streams, by path; see `initialize`.
        config: where names are looked up that nothing else has.
        numbers: the numbers of names, by name.
        meanings: what the names mean.
        companions: what belongs to the recipe beyond the weights.

    Raises:
        RecipeError: parameters without a rule, rules without a parameter, a name without a number,
            or a tied weight whose layers get different specs; the message has them all.
    """
    lookup = Numbers.of(parameters, config, numbers or {}, meanings)
    chosen = chosen_of(parameters, only)
    if names is not None:
        chosen = named(names, chosen, parameters)
        parameters = [*chosen, *parameters]
    problems: list[str] = [
        *_unused_numbers(rules, lookup, companions),
        *_unmatched(parameters, rules),
    ]
    assignments, missing = [], []
    paths: dict[str, list[str]] = {}  # of the parameters that have a problem, by what it is
    for parameter in chosen:
        try:
            assignment = assign_one(parameter, rules, lookup)
        except InitSpecError as error:
            text = str(error).removeprefix(f"{parameter.path}: ")
            paths.setdefault(text, []).append(parameter.path)
            continue
        if assignment is None:
            missing.append(parameter)
        else:
            assignments.append(assignment)
    problems += [
        text if text.startswith(several[0]) else f"{_listed(several)}: {text}"
        for text, several in paths.items()
    ]
    if missing:
        problems.append(_without_rule(missing, parameters))
    if problems:
        raise RecipeError("\n".join(problems))
    return Assignments(assignments, [companion.line(lookup.known) for companion in companions])


def fits(parameters: Sequence[Parameter], rules: Sequence[Rule], only: Only = None) -> bool:
    """Return whether each parameter has a rule, and each path of a rule a parameter."""
    whole = [rule for rule in rules if not rule.part]
    return not any(_unmatched(parameters, rules)) and all(
        any(_reaches(rule, parameter, place) for rule in whole for place in parameter.places)
        for parameter in chosen_of(parameters, only)
    )


def chosen_of(parameters: Sequence[Parameter], only: Only) -> Sequence[Parameter]:
    """Return the parameters that `only` names."""
    if only is None:
        return parameters
    texts = [only] if isinstance(only, str) else only
    if not isinstance(texts, Iterable) or not all(isinstance(text, str) for text in texts):
        raise RecipeError(f"only={shown(only)}: pass a path or a glob, or a list of them")
    paths = {place.path: None for parameter in parameters for place in parameter.places}
    chosen = {text for text in texts if text in paths}  # which may have the characters of a glob
    for pattern in [Pattern(text) for text in texts if text not in paths]:
        matching = set(filter(pattern.matches, paths))
        if not matching:
            raise RecipeError(unknown("path of the model in only=:", pattern.text, [*paths]))
        chosen |= matching
    return [p for p in parameters if any(place.path in chosen for place in p.places)]


def _unused_numbers(
    rules: Sequence[Rule], lookup: Numbers, companions: Sequence[Companion]
) -> Iterator[str]:
    templates = [rule.spec for rule in rules if isinstance(rule.spec, Template)]
    used = [*(template.names for template in templates), *(c.names for c in companions)]
    names = {name for several in used for name in several}
    for name in lookup.given:
        if not names:
            yield f"the recipe has no numbers: leave {name}= out"
        elif name not in names:
            yield unknown("number of the recipe:", name, sorted(names))


def _unmatched(parameters: Sequence[Parameter], rules: Sequence[Rule]) -> Iterator[str]:
    """Yield a line for each rule with a path that no parameter has, or a layer that is unknown."""
    paths = [place.path for parameter in parameters for place in parameter.places]
    classes = {name for parameter in parameters for p in parameter.places for name in p.classes}
    for number, rule in enumerate(rules, 1):
        if rule.optional:
            continue
        if rule.path:
            if not any(_settles(rule, parameter) for parameter in parameters):
                yield (
                    f"rule {number}, {rule!r}, matches no parameter{_hint(rule, paths)}: mend its "
                    "path, or write optional=True"
                )
        elif rule.layer and not _any_matches(rule.layer, classes):
            known = sorted(classes | table_classes())
            if not _any_matches(rule.layer, known):
                text = unknown("layer", rule.layer[0].text, known)
                yield (
                    f"rule {number}, {rule!r}, is for no layer of the model or of a table: mend "
                    f"it, or write optional=True; {text}"
                )


def _any_matches(patterns: Iterable[Pattern], names: Iterable[str]) -> bool:
    return any(pattern.matches(name) for pattern in patterns for name in names)


def _hint(rule: Rule, paths: Sequence[str]) -> str:
    """Return which path may be meant by a rule that matches none, or how globs are written."""
    texts = [pattern.text for pattern in rule.path]
    if any(character in text for text in texts for character in "?[/\\"):
        return " (parts are joined by dots; * and {a,b} are the wildcards)"
    near = [path for text in texts for path in nearest(text, paths)]
    return f" (did you mean {near[0]!r}?)" if near else ""


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(paths[:3]) + more


def _without_rule(missing: Sequence[Parameter], parameters: Sequence[Parameter]) -> str:
    """Return a line for each parameter without a rule, repeated blocks folded."""
    count = "1 parameter has" if len(missing) == 1 else f"{len(missing)} parameters have"
    lines = [f"{count} no rule; add one for each, or Rule('keep', ...):"]
    mixers = {owner for owner, name in map(_split, missing) if is_mixer([name])}
    kinds: dict[str, tuple[str, str]] = {}
    for parameter in missing:
        layer = f" of {parameter.layer}" if parameter.layer else ""
        more = ", frozen" if parameter.frozen else ""
        more += "" if parameter.dtype in FLOATS else f", {parameter.dtype}"
        kind = f"{parameter.shape}, {parameter.role}{layer}{more}"
        kinds[parameter.path] = kind, _advised(parameter, mixers)
    for row in fold([TableRow(tuple(path.split(".")), 1, cells) for path, cells in kinds.items()]):
        kind, spec = row.cells
        others = [p.path for p in parameters if kinds.get(p.path) != row.cells]
        lines.append(f"  {row.path} {kind}: Rule({spec!r}, {row.glob(others)!r})")
    if any(parameter.dtype not in FLOATS for parameter in missing):
        lines.append(f"  specs are of {', '.join(FLOATS)}: initialize first, quantize after")
    return "\n".join(lines)


def _split(parameter: Parameter) -> tuple[str, str]:
    """Return the path of a parameter's owner, and its name there."""
    owner, _, name = parameter.path.rpartition(".")
    return owner, name


def _advised(parameter: Parameter, mixers: Iterable[str]) -> str:
    """Return a spec that is right more often than not; "keep" where the constructor's values are.

    Those are gains, temperatures and the like, for what is a vector and no table has, and all
    within a mixer.
    """
    if parameter.dtype not in FLOATS or parameter.frozen:
        return KEEP
    if parameter.role in ("bias", "recurrent_bias", "shift"):
        return "zeros"
    if parameter.role == "scale":
        return "ones"
    vector = sum(size > 1 for size in parameter.shape) < 2
    inside = any(not owner or parameter.path.startswith(f"{owner}.") for owner in mixers)
    return KEEP if parameter.role == "other" and (vector or inside) else "normal(std=0.02)"


def _settles(rule: Rule, parameter: Parameter) -> bool:
    """Return whether a rule names one of the parameter's paths, for all of its places."""
    return rule.where(parameter) is not None and any(map(rule.fits, parameter.places))


def _reaches(rule: Rule, parameter: Parameter, place: Place) -> bool:
    """Return whether a rule is for a parameter at a place."""
    if rule.path:
        return _settles(rule, parameter)
    if parameter.frozen or (place.role == "other" and not (rule.layer or rule.role)):
        return False
    return rule.fits(place)


def assign_one(parameter: Parameter, rules: Sequence[Rule], lookup: Numbers) -> Assignment | None:
    """Return the assignment of a parameter; None where no rule is for it.

    Raises:
        RecipeError: it is tied, and its layers get different specs; or a name has no number.
        InitSpecError: its spec cannot fill it.
    """
    made, unruled = [], []
    for place in parameter.places:
        assignment = _assign_at(place, parameter, rules, lookup)
        if assignment is not None:
            made.append((place, assignment))
        elif place.role != "other":
            unruled.append(place)
    if not made:
        return None
    if unruled:
        place, assignment = made[0]
        raise RecipeError(
            f"{parameter.path} is tied to {', '.join(parameter.tied)}, and has a rule as the "
            f"{place.role} of {place.layer}, but none as the {unruled[0].role} of "
            f"{unruled[0].layer}; add a rule that settles it, before the others: "
            f"Rule('{assignment.rule.spec}', {parameter.path!r})"
        )
    place, assignment = made[0]
    for other, there in made[1:]:
        if not _same(assignment, there):
            raise RecipeError(
                f"{parameter.path} is tied to {', '.join(parameter.tied)}, and their rules differ: "
                f"'{assignment.rule.spec}' as the {place.role} of {place.layer}, "
                f"'{there.rule.spec}' as the {other.role} of {other.layer}; add a rule that "
                f"settles it, before the others: Rule('{assignment.rule.spec}', {place.path!r})"
            )
    return assignment


def _axes_of(rule: Rule, place: Place, parameter: Parameter) -> Axes | None:
    """Return the axes that a rule's spec goes by: those of one layer, where layers are stacked."""
    line = str(rule.axes)
    if rule.axes is None or not place.stacked or line.startswith(("stack", "(stack")):
        return rule.axes or parameter.axes
    axes = Axes("stack " * place.stacked + line)
    try:
        axes.layout(parameter.shape)
    except (AxesError, ShapeError):  # they are of the stack
        return rule.axes
    return axes


def _assign_at(
    place: Place, parameter: Parameter, rules: Sequence[Rule], lookup: Numbers
) -> Assignment | None:
    """Return the assignment of a parameter as the layer at one of its places has it."""
    parts: list[Part] = []
    for rule in rules:
        if not _reaches(rule, parameter, place):
            continue
        axes = _axes_of(rule, place, parameter)
        known = axes or Axes(" ".join(["out"] * len(parameter.shape)) or "[in=1]")
        layout = known.layout(parameter.shape)
        spec = rule.spec
        if isinstance(spec, Template):
            fans = layout.fans if axes else None
            spec = spec.spec(lambda name, r=rule, f=fans: lookup.find(name, r, parameter, f))  # type: ignore[misc]
        if isinstance(spec, InitSpec):
            if axes is None and _counts(spec):
                raise RecipeError(
                    f"{parameter.path}: '{spec}' goes by axes, and no table has those of "
                    f"{parameter.shape}: give the rule axes, such as axes='in out', or register "
                    "the layer"
                )
            # A dtype that cannot hold the values raises here.
            resolve(spec, parameter.shape, axes, kind=float_type(parameter.dtype))
        if rule.part:
            if not isinstance(spec, InitSpec):
                raise RecipeError(f"{rule!r}: a part cannot be kept; give it a spec")
            parts.append(Part(rule.part, spec, part_of(rule.part, layout), rule))
        elif isinstance(spec, InitSpec):
            drawn = (*_padding(parameter), *reversed(parts))
            return Assignment(parameter, rule, spec, known, drawn)
        else:
            return Assignment(parameter, rule, None, known)
    if parts:
        raise RecipeError(
            f"{parameter.path}: rules for its parts {', '.join(part.name for part in parts)}, and "
            "none for the whole; add one after them"
        )
    return None


def _counts(spec: InitSpec) -> bool:
    """Return whether a spec means something else for other axes."""
    variance = spec.variance
    return bool(spec.distribution.needs_axes) or (variance is not None and variance.takes_mode)


def _padding(parameter: Parameter) -> Iterator[Part]:
    """Yield the row of an embedding that stays at 0, which torch keeps out of training."""
    row = parameter.padding
    if row is not None:
        rest = (slice(0, size) for size in parameter.shape[1:])
        yield Part(f"[{row}]", InitSpec.zeros(), (slice(row, row + 1), *rest), None)


def _same(a: Assignment, b: Assignment) -> bool:
    """Return whether two places of a tied weight ask for the same values."""
    if a.spec is None or b.spec is None:
        return a.spec is b.spec
    if (a.spec, a.axes) == (b.spec, b.axes):
        return _specs(a) == _specs(b)
    same = (a.mean, a.std, a.spec.distribution) == (b.mean, b.std, b.spec.distribution)
    structured = a.spec.distribution.needs_axes
    return same and (not structured or a.axes == b.axes) and _specs(a) == _specs(b)


def _specs(assignment: Assignment) -> list[tuple[str, InitSpec]]:
    return [(part.name, part.spec) for part in assignment.parts]
