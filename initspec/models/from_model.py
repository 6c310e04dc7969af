"""What the layers of a model start with, as a recipe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from initspec.axes import Axes
from initspec.backend import HasInitializers, HasLayers
from initspec.backend.layers import ROLES, LayerTable
from initspec.backend.parameter import Declared, Parameter
from initspec.dtypes import FLOATS
from initspec.errors import InitSpecError
from initspec.models.assign import assign_one
from initspec.models.assignment import Assignment, law_of
from initspec.models.numbers import Numbers
from initspec.models.owner import owner, parameters
from initspec.models.rule import KEEP, Rule
from initspec.models.table import TableRow, fold
from initspec.spec.resolve import resolve
from initspec.spec.value import axes_matter

_NORMS = ("scale", "shift")
"""The roles of norms, which start as ones and zeros in other libraries, too."""


@dataclass(frozen=True, slots=True)
class _Start:
    """What a parameter starts as: the words of its rules.

    Attributes:
        spec: a line, or "keep".
        axes: the axes of the rule.
        parts: the part and the line of the rules before it.
    """

    spec: str = KEEP
    axes: Axes | None = None
    parts: tuple[tuple[str, str], ...] = ()

    def rules(self, **where: Any) -> list[Rule]:
        """Return the rules that give it to what they match."""
        parts = [Rule(spec, part=part, axes=self.axes, **where) for part, spec in self.parts]
        return [*parts, Rule(self.spec, axes=self.axes, **where)]


def rules_of(
    model: Any, inputs: Any, recipe: Callable[[str], Sequence[Rule]]
) -> tuple[list[Rule], str]:
    """Return what `Recipe.from_model` does, as rules and their source.

    Args:
        model: the model.
        inputs: example arguments.
        recipe: returns the rules of a recipe that comes with initspec.
    """
    made, backend = parameters(model, inputs=inputs), owner(model)
    stated: Mapping[str, Declared | None] = {}
    defaults: Sequence[Rule] = ()
    if isinstance(backend, HasInitializers):
        stated = backend.initializers(model, inputs)
        name = backend.default_recipe(model)
        defaults = recipe(name) if name else ()
    table = backend.layers() if isinstance(backend, HasLayers) else None
    lookup = Numbers.of(made, getattr(model, "config", None), {})
    starts = {}
    for parameter in made:
        known = parameter.role in _NORMS or table is None or _in(table, parameter)
        start = _by_default(parameter, defaults, lookup) if known else _Start()
        if parameter.path in stated and parameter.dtype in FLOATS:
            other = _stated(parameter, stated[parameter.path])
            if not _equal(parameter, other, start, lookup):  # else in the words of the recipe
                start = other
        starts[parameter.path] = start
    by = f"{backend.name} {backend.version()}"  # type: ignore[attr-defined]
    source = f"what the layers of {type(model).__name__} start with, by {by}"
    return _fewest(made, starts, lookup), source


def _in(table: LayerTable, parameter: Parameter) -> bool:
    """Return whether a parameter is of a layer of the framework, not of one that is registered."""
    return any(table.find(place.classes) is not None for place in parameter.places)


def _stated(parameter: Parameter, declared: Declared | None) -> _Start:
    if declared is None:
        return _Start()
    axes, spec = declared.axes, declared.spec
    if not axes_matter(spec) or _same(parameter, declared):
        axes = None
    elif axes is None:
        return _Start()  # a fan rule, and nothing says what its axes are
    parts = tuple((part, str(spec)) for part, spec in declared.parts.items())
    return _Start(str(spec), axes, parts)


def _same(parameter: Parameter, declared: Declared) -> bool:
    """Return whether an initializer draws the same law by the parameter's true axes."""
    if parameter.axes is None:
        return False
    if declared.axes is None:
        return True
    by_layer, by_initializer = (
        resolve(declared.spec, parameter.shape, axes) for axes in (parameter.axes, declared.axes)
    )
    if declared.spec.distribution.needs_axes:
        return by_layer.layout == by_initializer.layout
    return by_layer.scale == by_initializer.scale


def _equal(parameter: Parameter, start: _Start, other: _Start, lookup: Numbers) -> bool:
    """Return whether the laws of two starts are equal, whatever they count by."""
    if KEEP in (start.spec, other.spec):
        return start == other
    laws = []
    for each in (start, other):
        resolved = _exact(parameter, each, lookup).resolved
        assert resolved is not None
        family, law = resolved.distribution, resolved.law
        layout = resolved.layout if family.needs_axes else None
        laws.append((family, layout, law.mean, law.std, law.low, law.high, each.parts))
    return laws[0] == laws[1]


def _exact(parameter: Parameter, start: _Start, lookup: Numbers) -> Assignment:
    """Return the assignment of a parameter by rules of its own."""
    assignment = assign_one(parameter, start.rules(path=parameter.path), lookup)
    assert assignment is not None  # the path is its own
    return assignment


def _by_default(parameter: Parameter, rules: Sequence[Rule], lookup: Numbers) -> _Start:
    assignment = _assigned(parameter, rules, lookup)
    if assignment is None or assignment.spec is None:
        return _Start()
    parts = tuple(
        (part.name, str(part.rule.spec)) for part in reversed(assignment.parts) if part.rule
    )
    return _Start(str(assignment.rule.spec), assignment.rule.axes, parts)


def _assigned(parameter: Parameter, rules: Sequence[Rule], lookup: Numbers) -> Assignment | None:
    try:
        return assign_one(parameter, rules, lookup)
    except InitSpecError:  # it is tied, and its layers start otherwise
        return None


def _fewest(made: Sequence[Parameter], starts: Mapping[str, _Start], lookup: Numbers) -> list[Rule]:
    """Return rules: by path for what those by role and layer do not give its start."""
    exact = {p.path: law_of(_exact(p, starts[p.path], lookup)) for p in made}

    def missed(rules: Sequence[Rule]) -> list[Parameter]:
        """Return the parameters that rules do not start as they are to."""
        given = ((p, _assigned(p, rules, lookup)) for p in made)
        return [p for p, short in given if short is None or law_of(short) != exact[p.path]]

    by_layer, by_role = _general(made, starts)
    rest = missed([*chain(*by_layer), *by_role])
    for rules in by_layer:  # such as those with axes that are the same for a matrix
        others = [other for other in by_layer if other is not rules]
        if len(missed([*chain(*others), *by_role])) <= len(rest):
            by_layer = others
    groups: dict[_Start, list[Parameter]] = {}
    for parameter in missed([*chain(*by_layer), *by_role]):
        groups.setdefault(starts[parameter.path], []).append(parameter)
    by_path = []
    for start, group in groups.items():
        paths = [place.path for p in made if starts[p.path] != start for place in p.places]
        rows = fold([TableRow(tuple(p.path.split(".")), 1, ()) for p in group])
        by_path += start.rules(path=tuple(row.glob(paths) for row in rows))
    return _used(made, [*by_path, *chain(*by_layer), *by_role], lookup)


def _general(
    made: Sequence[Parameter], starts: Mapping[str, _Start]
) -> tuple[list[list[Rule]], list[Rule]]:
    """Return the rules of layers that do not start as most of their role do, and those of roles."""
    by_layer, by_role = [], []
    for role in ROLES:
        group = [p for p in made if p.role == role and not p.frozen]
        usual = {
            layer: _most(starts[p.path] for p in group if p.layer == layer)
            for layer in sorted({p.layer for p in group})
        }
        if not usual:
            continue
        common = _most(usual.values())
        by_role += common.rules(role=role)
        for start in dict.fromkeys(usual.values()):
            layers = tuple(name for name in usual if name and usual[name] == start)
            if start != common and layers:
                by_layer.append(start.rules(role=role, layer=layers))
    return by_layer, by_role


def _most(starts: Iterable[_Start]) -> _Start:
    return Counter(starts).most_common(1)[0][0]


def _used(made: Sequence[Parameter], rules: Sequence[Rule], lookup: Numbers) -> list[Rule]:
    """Return the rules that some parameter goes by."""
    used: set[int] = set()
    for parameter in made:
        assignment = _assigned(parameter, rules, lookup)
        if assignment is not None:
            used |= {id(assignment.rule), *(id(part.rule) for part in assignment.parts)}
    return [rule for rule in rules if id(rule) in used]
