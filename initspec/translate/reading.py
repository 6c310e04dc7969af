"""A line of code, taken apart: which function, with which arguments."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from typing import Any

from initspec.errors import FormatError, InitSpecError
from initspec.spec.line import quoted
from initspec.translate.values import Numbers, read_value

_LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class Call:
    """A line of code.

    Attributes:
        module: what stands before the function, such as "torch.nn.init", or the weight whose method
            it is; "" for a bare name.
        name: the function or class.
        positional: its arguments without names.
        keywords: its arguments with names.
        quoted: whether the line is a string, as some layers take it.
    """

    module: str
    name: str
    positional: tuple[Any, ...] = ()
    keywords: tuple[tuple[str, Any], ...] = ()
    quoted: bool = False

    def __str__(self) -> str:
        name = f"{self.module}.{self.name}" if self.module else self.name
        words = [_show(value) for value in self.positional]
        words += [f"{key}={_show(value)}" for key, value in self.keywords]
        if self.quoted:
            return repr(name)
        return f"{name}({', '.join(words)})" if words else name


def read(line: str, numbers: Numbers | None = None) -> Call:
    """Return the call that a line of code makes; it is read, never evaluated.

    A bare name is a call without arguments. An initializer is read where code has it, too: called
    at once, as in `he_normal()(key, shape)`, assigned, alone under an `if` or a `with`, as the
    argument `kernel_init` or `kernel_initializer` of a layer, inside `partial` or
    `with_partitioning`, or as the configuration that a layer saves.

    Args:
        line: the line.
        numbers: functions that give an argument's number, by name.

    Raises:
        FormatError: the line is not one call.
    """
    if not isinstance(line, str):
        raise FormatError(f"{line!r}: pass a line of code as text; {_EXAMPLE}")
    if len(line) > _LONGEST:
        raise FormatError(f"a line of {len(line)} characters: at most {_LONGEST} are read")
    try:
        node = _expression(ast.parse(quoted(line.strip().rstrip(",;"))).body, line)
        return _read(node, line, numbers or {})
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, InitSpecError):
            raise
        raise _unreadable(line) from None


_EXAMPLE = "write one call, such as 'HeNormal(seed=1)'"


def _expression(body: list[ast.stmt], line: str) -> ast.expr:
    """Return the one expression of a statement, such as `w_init = he_normal()`."""
    match body:
        case [ast.Expr() | ast.Assign() | ast.AnnAssign() | ast.Return() as statement] if (
            statement.value is not None
        ):
            return statement.value
        case [ast.If(orelse=[]) | ast.With() as block]:
            return _expression(block.body, line)
    raise _unreadable(line)


def _read(node: ast.expr, line: str, numbers: Numbers) -> Call:
    match node:
        case ast.Constant(value=str() as name):
            return Call("", name, quoted=True)
        case ast.Dict():
            return _configuration(node, line, numbers)
        case ast.Call(func=ast.Call() as initializer):
            return _read(initializer, line, numbers)
        case ast.Call() if inside := _inside(node, line):
            call = _read(inside, line, numbers)
            if _name(node.func) != "partial":
                return call
            more = _arguments(ast.Call(node.func, node.args[1:], node.keywords), line, numbers)
            return replace(call, positional=call.positional + more[0], keywords=more[1])
        case ast.Call():
            module, function = _owner(node.func, line)
            return Call(module, function, *_arguments(node, line, numbers, module))
    return Call(*_dotted(node, line))


def _name(function: ast.expr) -> str:
    """Return the last name of a function, "" where it has none."""
    return getattr(function, "attr", "") or getattr(function, "id", "")


def _inside(node: ast.Call, line: str) -> ast.expr | None:
    """Return the initializer that a layer, `partial` or `with_partitioning` is called with."""
    name = _name(node.func)
    if node.args and (name == "partial" or name.startswith("with_")):
        return node.args[0]
    given = [word for word in node.keywords if re.search("_init(ializer)?$", word.arg or "")]
    if len(given) > 1:
        names = " and ".join(str(word.arg) for word in given)
        raise FormatError(f"{line!r} sets {names}: translate the value of one of them")
    return given[0].value if given else None


def _configuration(node: ast.Dict, line: str, numbers: Numbers) -> Call:
    """Return the call that {"class_name": ..., "config": {...}} stands for."""
    match _items(node, line):
        case {"class_name": ast.Constant(value=str() as name), "config": ast.Dict() as config}:
            words = [ast.keyword(key, value) for key, value in _items(config, line).items()]
            call = ast.Call(ast.Name(name), [], words)
            return Call("", name, *_arguments(call, line, numbers))
    raise _unreadable(line)


def _items(node: ast.Dict, line: str) -> dict[str, ast.expr]:
    items: dict[str, ast.expr] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
            raise _unreadable(line)
        items[key.value] = value
    return items


def _arguments(
    node: ast.Call, line: str, numbers: Numbers, module: str = ""
) -> tuple[tuple[Any, ...], tuple[tuple[str, Any], ...]]:
    """Return the arguments of a call, those without a name and those with one."""
    prefix = f"{module}."  # a number's bare name is that of the line's module, where that has it
    near = {key.removeprefix(prefix): f for key, f in numbers.items() if key.startswith(prefix)}
    numbers = {**numbers, **near}
    keywords: dict[str, Any] = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            raise _unreadable(line)
        if keyword.arg in keywords:  # ast reads it; only the compiler would refuse
            raise FormatError(f"{line!r} gives {keyword.arg!r} twice; leave one out")
        keywords[keyword.arg] = read_value(keyword.value, numbers)
    if any(isinstance(value, ast.Starred) for value in node.args):
        raise _unreadable(line)
    positional = tuple(read_value(value, numbers) for value in node.args)
    return positional, tuple(keywords.items())


def _owner(function: ast.expr, line: str) -> tuple[str, str]:
    """Return what stands before a function, a module or a weight as in `w[0].zero_()`, and it."""
    try:
        return _dotted(function, line)
    except FormatError:
        if not isinstance(function, ast.Attribute):
            raise
        return ast.unparse(function.value), function.attr


def _dotted(node: ast.expr, line: str) -> tuple[str, str]:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        raise _unreadable(line)
    *modules, name = [node.id, *parts]
    return ".".join(modules), name


def _show(value: object) -> str:
    return str(value) if type(value).__name__ == "Word" else repr(value)


def _unreadable(line: str) -> FormatError:
    return FormatError(f"{line!r} is no call with numbers and names; {_EXAMPLE}")
