"""Lines of specs whose numbers are arithmetic over names, such as `normal(std=0.02 / sqrt(depth))`.

The line is read, never evaluated: + - * / ** and parentheses, sqrt log min max.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from initspec.api import InitSpec
from initspec.errors import FormatError, InitSpecError, shown, unknown

_WORDS = ("mode", "along", "order", "of", "distribution", "variance", "through")
"""Arguments after which a word stands, not a number."""
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "sqrt": math.sqrt,
    "log": math.log,
    "min": min,
    "max": max,
}
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: math.pow,
}
LONGEST = 1_000
"""The characters of a line."""
_DEEPEST = 50
_IN = re.compile(r"=\s*in\b")  # users write `along=in`, and `in` is a keyword of Python

Lookup = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class Template:
    """A line of a spec with names in its numbers; equal lines are equal, whatever their spacing.

    Attributes:
        line: the line, as Python writes it.
        names: the names in its numbers, in the order of the alphabet.
    """

    line: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return self.line.replace("'in'", "in")

    def spec(self, number_of: Lookup) -> InitSpec:
        """Return the spec with a number for each name.

        Raises:
            FormatError: the arithmetic has no finite result, such as a division by 0.
            SpecError: the numbers are out of range.
        """
        line = ast.unparse(_filled(_tree(self.line), number_of, self.line))
        try:
            return InitSpec.parse(line)
        except InitSpecError as error:
            if line == self.line:
                raise
            raise type(error)(f"'{self}' is '{line}' here: {error}") from None


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Arithmetic over names by itself, such as `1 / width_ratio`.

    Attributes:
        text: as it was written.
        names: the names in it, in the order of the alphabet.
    """

    text: str
    names: tuple[str, ...]

    def value(self, number_of: Lookup) -> float:
        """Return the number that it is, with a number for each name.

        Raises:
            FormatError: it has no finite value, such as a division by 0.
        """
        try:
            return _value(_expression(self.text), number_of, self.text, 0)
        except (ArithmeticError, ValueError) as error:
            if isinstance(error, InitSpecError):
                raise
            raise FormatError(f"{self.text!r} has no finite value: mend the numbers") from error


def arithmetic(text: str) -> Arithmetic:
    """Return arithmetic over names, read and never evaluated.

    Raises:
        FormatError: the text is not arithmetic.

    >>> arithmetic("sqrt(depth) / 2").names
    ('depth',)
    """
    made = Arithmetic(text, tuple(sorted(_names(_expression(text)))))
    try:
        made.value(lambda _: 0.5)
    except FormatError as error:
        if not isinstance(error.__cause__, ArithmeticError | ValueError):
            raise
    return made


def read(line: str) -> InitSpec | Template:
    """Return the spec of a line, or its template where its numbers have names.

    Raises:
        FormatError: the line is not one call, or its arithmetic cannot be read.
        SpecError: it has no names, and its numbers are out of range.

    >>> read("normal(std=2 / 100)")
    InitSpec.normal(std=0.02)
    >>> read("normal(std=0.02 / sqrt(2 * depth))").names
    ('depth',)
    """
    tree = _tree(line)
    names = sorted({name for number in _numbers(tree) for name in _names(number)})
    if not names:
        return Template(line, ()).spec(lambda _: math.nan)
    template = Template(ast.unparse(tree), tuple(names))
    try:
        template.spec(lambda _: 0.5)
    except FormatError as error:
        if not isinstance(error.__cause__, ArithmeticError | ValueError):
            raise
    except InitSpecError:
        pass  # the true numbers may be in range
    return template


def _tree(line: str) -> ast.expr:
    if not isinstance(line, str):
        raise FormatError(f"spec={shown(line)}: pass an InitSpec, its line, or 'keep'")
    if len(line) > LONGEST:
        raise FormatError(f"a spec of {len(line)} characters: at most {LONGEST} are read")
    try:
        return ast.parse(_IN.sub("='in'", line.strip()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise FormatError(
            f"{line!r} cannot be read: write one call, such as 'normal(std=0.02 / sqrt(depth))'"
        ) from None


def _expression(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise FormatError(f"arithmetic of {len(text)} characters: at most {LONGEST} are read")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise FormatError(f"{text!r} is not arithmetic: write such as '1 / width'") from None


def _is_arithmetic(node: ast.expr) -> bool:
    """Return whether an argument is to be computed: not a constant, a word or a distribution."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS
    return not isinstance(node, ast.Constant)


def _arguments(call: ast.Call) -> Iterator[tuple[ast.expr, Callable[[ast.expr], None]]]:
    """Yield the arguments that are numbers, nested calls included, each with how to replace it."""
    words = isinstance(call.func, ast.Name) and call.func.id in ("InitSpec", "repeat")
    for position, node in enumerate(call.args):
        if isinstance(node, ast.Call) and not _is_arithmetic(node):
            yield from _arguments(node)
        elif _is_arithmetic(node) and not (words and isinstance(node, ast.Name)):
            yield node, lambda value, at=position: call.args.__setitem__(at, value)  # type: ignore[misc]
    for keyword in call.keywords:
        node = keyword.value
        if isinstance(node, ast.Call) and keyword.arg in _WORDS:
            yield from _arguments(node)
        elif isinstance(node, ast.Call) or (
            _is_arithmetic(node) and not (keyword.arg in _WORDS and isinstance(node, ast.Name))
        ):
            yield node, lambda value, of=keyword: setattr(of, "value", value)  # type: ignore[misc]


def _numbers(tree: ast.expr) -> list[ast.expr]:
    return [node for node, _ in _arguments(tree)] if isinstance(tree, ast.Call) else []


def _names(node: ast.expr) -> set[str]:
    functions = {call.func for call in ast.walk(node) if isinstance(call, ast.Call)}
    return {
        part.id for part in ast.walk(node) if isinstance(part, ast.Name) and part not in functions
    }


def _filled(tree: ast.expr, number_of: Lookup, line: str) -> ast.expr:
    if isinstance(tree, ast.Call):
        for node, replace in list(_arguments(tree)):
            try:
                value = _value(node, number_of, line, 0)
            except (ArithmeticError, ValueError) as error:
                if isinstance(error, InitSpecError):
                    raise
                given = {name: number_of(name) for name in sorted(_names(node))}
                numbers = ", ".join(f"{name}={value:g}" for name, value in given.items())
                raise FormatError(
                    f"{ast.unparse(node)!r} of {line!r} has no finite value"
                    + (f" for {numbers}" if numbers else "")
                    + ": mend the arithmetic"
                    + (" or the numbers" if numbers else "")
                ) from error
            replace(ast.parse(repr(value), mode="eval").body)
    return tree


def _value(node: ast.expr, number_of: Lookup, line: str, depth: int) -> float:
    if depth > _DEEPEST:
        raise FormatError(f"the arithmetic of {line!r} is nested more than {_DEEPEST} deep")

    def value(of: ast.expr) -> float:
        return _value(of, number_of, line, depth + 1)

    result: Any
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            result = float(number)
        case ast.Name(id=name):
            result = float(number_of(name))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            result = -value(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            result = value(operand)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            result = _OPERATORS[type(operator)](value(left), value(right))
        case ast.Call(func=ast.Name(id=name), args=[_, *_] as args, keywords=[]):
            if name not in _FUNCTIONS:
                raise FormatError(f"{unknown('function', name, _FUNCTIONS)}, in {line!r}")
            single = name in ("sqrt", "log")
            if single != (len(args) == 1):
                raise FormatError(
                    f"{name} of {len(args)} numbers in {line!r}: pass {1 if single else 2}"
                )
            result = _FUNCTIONS[name](*map(value, args))
        case _:
            raise FormatError(
                f"{ast.unparse(node)!r} of {line!r} is not arithmetic: write numbers, names, "
                "+ - * / ** and parentheses, sqrt log min max"
            )
    if not math.isfinite(result):
        raise OverflowError
    return float(result)
