"""Every recipe that comes with initspec, against numbers typed from its source.

A number, a name, a path or a layer of any rule that is changed is seen: nothing in a recipe is
there without a table that has it.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np
import pytest

from initspec.errors import RecipeError
from initspec.models.assign import assign
from initspec.models.assignment import Assignments
from initspec.models.recipe import recipe, shipped
from initspec.models.rule import Rule
from tests.core.models.typed.rows import BIAS, LINEAR, Law, Table, tables

RECIPES = shipped()
OFF = 1e-6
"""How far a typed number may be off."""


@cache
def tables_of(name: str) -> tuple[Table, ...]:
    """Return the tables of a recipe."""
    return tuple(table for table in tables() if table.recipe == name)


def assigned(table: Table, rules: Sequence[Rule], only: Sequence[str]) -> Assignments:
    """Return what rules give the parameters of a table."""
    numbers = {"config": table.config, "numbers": table.numbers}
    return assign(table.parameters, rules, only=only, **numbers)


def disagreements(table: Table, rules: Sequence[Rule], only: Sequence[str]) -> Iterator[str]:
    """Yield what rules give some paths otherwise than a table has it.

    Raises:
        RecipeError: the rules do not fit the model.
    """
    for assignment in assigned(table, rules, only):
        path = assignment.path
        row = table.expanded[path]
        resolved = assignment.resolved
        given: dict[str, Any] = {"": None if resolved is None else law_of(resolved)}
        for part in assignment.parts:
            given[part.name] = law_of(part.spec.resolve(assignment.shape, assignment.axes))
        typed = {"": row.law, **row.parts}
        if isinstance(row.law, np.ndarray) and assignment.spec is not None:
            given[""] = assignment.spec.to_numpy(axes=assignment.axes)(assignment.shape)
        if given.keys() != typed.keys() or not all(
            same(given[name], typed[name]) for name in given
        ):
            yield f"{table.form} {path}: {given}, and the source has {typed}"


def law_of(resolved: Any) -> Law:
    """Return the law of a resolved spec."""
    law = resolved.law
    name, fans = resolved.distribution.name(), resolved.fans
    return Law(name, law.mean, law.std, law.low, law.high, fans and tuple(fans))


def same(given: Any, typed: Law | np.ndarray | None) -> bool:
    """Return whether two laws or two weights are one, numbers but for their last digits."""
    if isinstance(typed, np.ndarray):
        return np.shape(given) == typed.shape and np.allclose(given, typed, 0, OFF)
    if given is None or typed is None:
        return given is typed
    numbers = zip(given[1:5], typed[1:5], strict=True)
    return (
        given.family == typed.family
        and typed.fans in (None, given.fans)
        and all(math.isclose(g, t, rel_tol=OFF, abs_tol=1e-12) for g, t in numbers)
    )


@pytest.mark.parametrize("name", RECIPES)
def test_numbers_are_those_of_the_source(name: str) -> None:
    """Of every form of its architecture."""
    assert tables_of(name), f"type a table of {name!r} in tests/core/models/typed"
    for table in tables_of(name):
        assert not list(disagreements(table, recipe(name).rules, [*table.expanded]))


def test_a_table_is_of_a_recipe() -> None:
    """A misspelt name would hold nothing."""
    assert {table.recipe for table in tables()} <= {*RECIPES}


@pytest.mark.parametrize("name", RECIPES)
def test_a_planted_disagreement_is_seen(name: str) -> None:
    """Each number times 1.1, each exponent, each choice of a path: some table has another."""
    rules = recipe(name).rules
    tried = [(table, assigned(table, rules, [*table.expanded])) for table in tables_of(name)]
    unseen = []
    for at, rule in enumerate(rules):
        places = [(table, settled(rule, by_table)) for table, by_table in tried]
        unseen += [
            f"rule {at + 1}, {what}"
            for what, planted in plants(rule)
            if not seen([*rules[:at], *planted, *rules[at + 1 :]], places)
        ]
    assert not unseen


def settled(rule: Rule, assignments: Assignments) -> list[str]:
    """Return the paths of what a rule gives a spec or a part: a change of it changes no others."""
    return [a.path for a in assignments if rule in (a.rule, *(part.rule for part in a.parts))]


def seen(rules: Sequence[Rule], places: Sequence[tuple[Table, Sequence[str]]]) -> bool:
    """Return whether rules disagree with a table at some paths."""
    for table, paths in places:
        try:
            if paths and any(disagreements(table, rules, paths)):
                return True
        except RecipeError:
            return True
    return False


def plants(rule: Rule) -> Iterator[tuple[str, list[Rule]]]:
    """Yield what may be wrong with a rule, and the rules in its place."""
    values = rule.to_dict()
    yield "left out", []
    for line in lines(values["spec"]):
        yield line, [Rule.from_dict(values | {"spec": line})]
    for key in ("path", "layer"):
        given = values.get(key, [])
        globs = [given] if isinstance(given, str) else given
        choices = [(i, less) for i, glob in enumerate(globs) for less in narrowed(glob)]
        if len(globs) > 1:
            choices += [(i, None) for i in range(len(globs))]
        for i, less in choices:
            rest = [*globs[:i], *([less] if less else []), *globs[i + 1 :]]
            yield f"{key}={rest}", [Rule.from_dict(values | {key: rest})]
    if rule.axes:
        yield "axes", [Rule.from_dict({k: v for k, v in values.items() if k != "axes"})]
    if rule.part:
        yield "part", [Rule.from_dict({k: v for k, v in values.items() if k != "part"})]


def narrowed(glob: str) -> Iterator[str]:
    """Yield a glob without one of the choices in its braces.

    >>> list(narrowed("h.{index}.{q,k}"))
    ['h.{index}.{k}', 'h.{index}.{q}']
    """
    for match in re.finditer(r"\{([^{}]*,[^{}]*)\}", glob):
        choices = match[1].split(",")
        for i in range(len(choices)):
            rest = ",".join(choices[:i] + choices[i + 1 :])
            yield f"{glob[: match.start()]}{{{rest}}}{glob[match.end() :]}"


OTHERS = {
    "zeros": "constant(value=0.01)",
    "ones": "constant(value=1.1)",
    "keep": "zeros",
    "fan_in": "fan_out",
    "fan_out": "fan_in",
    "fan_avg": "fan_in",
    "normal": "uniform",
    "uniform": "normal",
    "truncated_normal": "normal",
}
"""What stands for a word that is wrong."""


def lines(line: str) -> Iterator[str]:
    """Yield a line with one number times 1.1, one name to another power, or one word wrong.

    >>> list(lines("normal(std=0.02 / sqrt(depth))"))
    ['normal(std=1.1 * (0.02 / sqrt(depth)))', 'normal(std=0.02 / sqrt(depth ** 1.5))']
    >>> list(lines("he_normal"))
    ['he_normal(gain=1.1)']
    """
    if line in OTHERS:
        yield OTHERS[line]
        return
    tree = ast.parse(line.replace("along=in", "along='in'"), mode="eval").body
    if not isinstance(tree, ast.Call):
        yield f"{line}(gain=1.1)"
        return
    for at, argument in enumerate(tree.keywords):
        for value in wrong(argument.value):
            changed = deepcopy(tree)
            changed.keywords[at].value = value
            yield ast.unparse(changed).replace("'in'", "in")
    assert not tree.args, f"{line}: write the name of each argument"
    if all(isinstance(k.value, ast.Name) and k.value.id in OTHERS for k in tree.keywords):
        yield ast.unparse(tree)[:-1] + ", gain=1.1)"


def wrong(node: ast.expr) -> Iterator[ast.expr]:
    """Yield what may stand for an argument."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and node.value == 0:
        yield ast.Constant(0.01)
    elif isinstance(node, ast.Name) and node.id in OTHERS:
        yield ast.Name(OTHERS[node.id])
    elif not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        yield ast.BinOp(ast.Constant(1.1), ast.Mult(), node)
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        for name in sorted(names - {"sqrt", "log", "min", "max"}):
            yield Renamed(name).visit(deepcopy(node))


class Renamed(ast.NodeTransformer):
    """Put twice an index, and any other name to the power 1.5, in its place."""

    def __init__(self, name: str) -> None:
        self.name = name

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id != self.name:
            return node
        if node.id == "index":
            return ast.BinOp(ast.Constant(2), ast.Mult(), node)
        return ast.BinOp(node, ast.Pow(), ast.Constant(1.5))


OF_AN_ARCHITECTURE = [
    name for name in RECIPES if any(rule.path and not rule.optional for rule in recipe(name).rules)
]


@pytest.mark.parametrize("name", OF_AN_ARCHITECTURE)
def test_another_architecture_is_refused(name: str) -> None:
    """A perceptron lacks what the paths of the recipe are of."""
    rows = {"0.weight": (LINEAR, (8, 4), None), "0.bias": (BIAS, (8,), None)}
    perceptron = Table(name, "torch", rows, numbers=tables_of(name)[0].numbers)
    with pytest.raises(RecipeError, match=r"rule \d+, .* matches no parameter"):
        assign(perceptron.parameters, recipe(name).rules, numbers=perceptron.numbers)
