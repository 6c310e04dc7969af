"""A line of code, taken apart: which function, with which arguments."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

from initspec.errors import FormatError, InitSpecError
from initspec.translate.values import Numbers, read_value

_LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class Call:
    """A line of code.

    Attributes:
        module: what stands before the function, such as "torch.nn.init"; "" for a bare name.
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

    A bare name is a call without arguments, and an initializer that is called at once, as in
    `he_normal()(key, shape)`, is the initializer.

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
        node = ast.parse(line.strip(), mode="eval").body
        return _read(node, line, numbers or {})
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, InitSpecError):
            raise
        raise _unreadable(line) from None


_EXAMPLE = "write one call, such as 'HeNormal(seed=1)'"


def _read(node: ast.expr, line: str, numbers: Numbers) -> Call:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return Call("", node.value, quoted=True)
    if not isinstance(node, ast.Call):
        return Call(*_dotted(node, line))
    if isinstance(node.func, ast.Call):
        return _read(node.func, line, numbers)
    module, function = _dotted(node.func, line)
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
    return Call(module, function, positional, tuple(keywords.items()))


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
