"""What a standard deviation is instead of the one that a recipe says: its own arithmetic first."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from initspec import FanRule, InitSpec
from initspec.backend.parameter import Parameter
from initspec.errors import InitSpecError
from initspec.models.advice import of_an_architecture
from initspec.models.assign import assign_one, fits
from initspec.models.assignment import Assignment
from initspec.models.numbers import Numbers
from initspec.models.recipe import Recipe, recipe, shipped
from initspec.models.rule import Rule
from initspec.models.template import Lookup, Template

DEPTHS = 256
"""Up to how many blocks a wrong depth is looked for."""

LOOSE = 0.2
"""A standard deviation that is less certain than this is that of too many specs."""


@dataclass(frozen=True)
class Context:
    """The model and the recipe that an audit is about.

    Attributes:
        parameters: all parameters of the model.
        recipe: the recipe.
        config: what the model says of itself; None where it says nothing.
        numbers: the numbers of names in the recipe.
        default: the name of the recipe of what the layers start with; "" for none.
        arithmetic: what was computed for rules and shapes already.
    """

    parameters: Sequence[Parameter]
    recipe: Recipe
    config: Any
    numbers: Mapping[str, float]
    default: str = ""
    arithmetic: dict[Any, list[tuple[str, float]]] = field(default_factory=dict)

    @cached_property
    def lookup(self) -> Numbers:
        """The numbers of names in the recipe's specs."""
        return Numbers.of(self.parameters, self.config, self.numbers)

    @cached_property
    def fitting(self) -> list[tuple[str, Recipe]]:
        """The other recipes of initspec whose rules all match.

        What layers start with comes first, as a layer that is left out does, then those of an
        architecture.
        """
        rest = ((name, recipe(name)) for name in shipped())
        every = [
            (name, other)
            for name, other in rest
            if other.rules != self.recipe.rules and fits(self.parameters, other.rules, only=())
        ]
        return sorted(
            every, key=lambda pair: (pair[0] != self.default, not of_an_architecture(pair[1].rules))
        )

    def others(self, parameter: Parameter) -> Iterator[tuple[str, Assignment]]:
        """Yield what the other recipes of initspec give a parameter, equal ones together."""
        alike: dict[str, list[tuple[str, Assignment]]] = {}
        lookup = Numbers.of(self.parameters, self.config, {})
        for name, other in self.fitting:
            with suppress(InitSpecError):
                assignment = assign_one(parameter, other.rules, lookup)
                if assignment is not None:
                    alike.setdefault(str(assignment.spec), []).append((repr(name), assignment))
        for line, pairs in alike.items():
            names = ", ".join(name for name, _ in pairs[:2])
            more = f" and {len(pairs) - 2} more" if len(pairs) > 2 else ""
            yield f"the recipe{'s'[: len(pairs) - 1]} {names}{more}, {line}", pairs[0][1]


def explain(
    assignment: Assignment, part: str, std: float, error: float, family: str, context: Context
) -> str:
    """Return what a standard deviation is the one of; "" where nothing fits.

    Args:
        assignment: the parameter and its rule.
        part: the name of the part that was measured; "" for the whole.
        std: the standard deviation.
        error: how far it may be off, as a share of it.
        family: the family of the values.
        context: the model and the recipe.
    """
    if not std or not error < LOOSE:
        return ""
    nearest, text = error, ""
    for name, candidate in _candidates(assignment, part, family, context):
        off = abs(math.log(std / candidate)) if candidate > 0 else math.inf
        if off < nearest / (1 if not text else 3):  # a later one only where it fits much better
            nearest, text = off, name
    return text


def _candidates(
    assignment: Assignment, part: str, family: str, context: Context
) -> Iterator[tuple[str, float]]:
    """Yield what a parameter may have been drawn with instead, and its standard deviation."""
    rule, spec = assignment.rule, assignment.spec
    for block in assignment.parts:
        if block.name == part:
            if block.rule is None:
                return
            rule, spec = block.rule, block.spec
    shape, axes = assignment.shape, assignment.axes
    if isinstance(rule.spec, Template):
        yield from _arithmetic(assignment, rule, context)
    if spec is not None and isinstance(spec.variance, FanRule):
        for mode in ("fan_in", "fan_out", "fan_avg"):
            if mode != spec.mode:
                with suppress(InitSpecError):
                    moded = replace_mode(spec, mode)
                    yield f"that of {mode} instead of {spec.mode}", moded.std(shape, axes)
    for name, other in context.others(assignment.parameter):
        if other.spec is not None and other.std and other.spec.distribution.name() == family:
            yield f"that of {name}", other.std


def _arithmetic(assignment: Assignment, rule: Rule, context: Context) -> list[tuple[str, float]]:
    """Return what may be wrong with the arithmetic of a rule, the same for all of one shape."""
    template, fans = rule.spec, assignment.fans
    assert isinstance(template, Template)
    shape, axes = assignment.shape, assignment.axes

    def number_of(name: str) -> float:
        return context.lookup.find(name, rule, assignment.parameter, fans)

    key = (template.line, shape, str(axes), *map(number_of, template.names))
    if key in context.arithmetic:
        return context.arithmetic[key]
    candidates = context.arithmetic[key] = []
    for text, line in variants(template, number_of):
        with suppress(InitSpecError):
            candidates.append((text, Template(line, ()).spec(number_of).std(shape, axes)))
    for depth in range(1, DEPTHS) if "depth" in template.names else ():
        with suppress(InitSpecError):
            std = template.spec(_with(number_of, "depth", depth)).std(shape, axes)
            candidates.append((f"that of depth={depth}", std))
    return candidates


def replace_mode(spec: InitSpec, mode: str) -> InitSpec:
    """Return a spec with another mode."""
    return InitSpec(spec.distribution, spec.variance, gain=spec.gain, mode=mode)


def _with(number_of: Lookup, name: str, value: float) -> Callable[[str], float]:
    return lambda asked: value if asked == name else number_of(asked)


def variants(template: Template, number_of: Lookup) -> Iterator[tuple[str, str]]:
    """Yield what may be wrong with the arithmetic of a line, and the line that it makes.

    One factor that is missing, a product for a quotient, or a root that was not taken.

    >>> from initspec.models.template import read
    >>> for text, line in variants(read("normal(std=0.02 / sqrt(2 * depth))"), lambda name: 12.0):
    ...     print(text)
    the residual scaling 1/sqrt(2 * 12) is missing
    multiplied by sqrt(2 * 12) where the recipe divides
    2 * 12 stands for its square root
    the factor 2 is missing
    the factor 12 is missing
    """
    tree = ast.parse(template.line, mode="eval")
    for place, node in enumerate(ast.walk(tree)):
        for text, change in _changes(node, number_of):
            changed = deepcopy(tree)
            target = list(ast.walk(changed))[place]
            new = change(target)
            yield text, ast.unparse(_Replaced(target, new).visit(changed))


class _Replaced(ast.NodeTransformer):
    """Put a node in the place of another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        return self.new if node is self.old else self.generic_visit(node)


def _changes(node: ast.AST, number_of: Lookup) -> Iterator[tuple[str, Callable[[Any], ast.AST]]]:
    """Yield the ways in which one operation may have been got wrong."""

    def text(of: ast.AST) -> str:
        numbers = _Numbered(number_of).visit(deepcopy(of))
        shown = ast.unparse(numbers)
        return f"({shown})" if isinstance(of, ast.BinOp) else shown

    match node:
        case ast.BinOp(op=ast.Div(), right=right):
            named = "residual scaling" if _reads(right, ("depth", "index")) else "factor"
            yield f"the {named} 1/{text(right)} is missing", lambda there: there.left
            yield (
                f"multiplied by {text(right)} where the recipe divides",
                lambda there: ast.BinOp(there.left, ast.Mult(), there.right),
            )
        case ast.BinOp(op=ast.Mult(), left=left, right=right):
            yield f"the factor {text(left)} is missing", lambda there: there.right
            yield f"the factor {text(right)} is missing", lambda there: there.left
        case ast.BinOp(op=ast.Pow(), right=right):
            yield f"the power {text(right)} is missing", lambda there: there.left
        case ast.Call(func=ast.Name(id="sqrt"), args=[inside]):
            shown = ast.unparse(_Numbered(number_of).visit(deepcopy(inside)))
            yield f"{shown} stands for its square root", lambda there: there.args[0]


def _reads(node: ast.AST, names: tuple[str, ...]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))


class _Numbered(ast.NodeTransformer):
    """Put numbers in the places of names."""

    def __init__(self, number_of: Lookup) -> None:
        self.number_of = number_of

    def visit_Call(self, node: ast.Call) -> ast.AST:
        node.args = [self.visit(argument) for argument in node.args]
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        value = self.number_of(node.id)
        return ast.Constant(int(value) if value == int(value) else value)
