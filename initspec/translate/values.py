"""The arguments of a line of code, read from its syntax tree and never evaluated."""

from __future__ import annotations

import ast
import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from initspec.errors import FormatError

Numbers = Mapping[str, Callable[..., float]]
"""Functions of a framework that give a number, by name, with its module and without."""

_CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf}


class Word(str):
    """A bare name, such as `fan_out` without quotes or a variable."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, repr=False)
class Opaque:
    """An expression that is not read: a tensor, a generator, a dtype."""

    source: str

    def __repr__(self) -> str:
        return self.source


def read_value(node: ast.expr, numbers: Numbers) -> Any:
    """Return an argument's value: a number, text, None, a list of them, else what it looks like.

    Arithmetic on numbers and `math.sqrt` are worked out, because real lines have `a=math.sqrt(5)`,
    and so are the functions of `numbers`, such as `gain=nn.init.calculate_gain("relu")`.

    Raises:
        FormatError: the arithmetic has no result.
    """
    match node:
        case ast.Constant(value=None | bool() | int() | float() | str() as value):
            return value
        case ast.Name(id=name):
            return Word(name)
        case ast.Attribute(value=ast.Name(id="math" | "np" | "numpy"), attr=name) if (
            name in _CONSTANTS
        ):
            return _CONSTANTS[name]
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return tuple(read_value(item, numbers) for item in items)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            value = read_value(operand, numbers)
            if not _is_number(value):
                return Opaque(ast.unparse(node))
            return -value if isinstance(sign, ast.USub) else value
        case ast.BinOp(left=left, op=operator, right=right):
            return _arithmetic(
                node, read_value(left, numbers), operator, read_value(right, numbers)
            )
        case ast.Call():
            return _call(node, numbers)
    return Opaque(ast.unparse(node))


def is_tensor(value: object) -> bool:
    """Return whether an argument can only be the weight: neither a number nor text."""
    return isinstance(value, (Word, Opaque))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _arithmetic(node: ast.BinOp, left: Any, operator: ast.operator, right: Any) -> Any:
    if not (_is_number(left) and _is_number(right)):
        return Opaque(ast.unparse(node))
    # In float64, so that no integer power can fill the memory.
    left, right = _float(node, left), _float(node, right)
    try:
        match operator:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.Div():
                return left / right
            case ast.Pow():
                return _real(node, left**right)
    except ArithmeticError as error:
        raise FormatError(f"'{ast.unparse(node)}': {error}; write the number itself") from None
    return Opaque(ast.unparse(node))


def _call(node: ast.Call, numbers: Numbers) -> Any:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            pass
        case _:
            return Opaque(ast.unparse(node))
    arguments = [read_value(argument, numbers) for argument in node.args]
    named = {str(word.arg): read_value(word.value, numbers) for word in node.keywords}
    match name, arguments:
        case "sqrt", [value] if not named and _is_number(value):
            if value < 0:
                raise FormatError(f"'{ast.unparse(node)}' has no real value; write a number")
            return math.sqrt(_float(node, value))
        case _ if function := numbers.get(ast.unparse(node.func)) or numbers.get(name):
            with contextlib.suppress(TypeError):  # not its arguments
                return function(*arguments, **named)
    return Opaque(ast.unparse(node))


def _float(node: ast.expr, value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        raise FormatError(f"'{ast.unparse(node)}': beyond float64; write a number") from None


def _real(node: ast.expr, value: Any) -> float:
    if isinstance(value, complex):
        raise FormatError(f"'{ast.unparse(node)}' has no real value; write a number")
    return float(value)
