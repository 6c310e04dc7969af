"""Python that repeats what was found, in an interpreter that knows nothing of it."""

from __future__ import annotations

import os
import sys
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from initspec.backend import usable
from initspec.errors import BackendError
from initspec_conformance.runner.levels import LEVELS, Level

_CHOICE = "KERAS_BACKEND"
"""What Keras draws with is chosen by a variable: without it a snippet repeats something else."""

_NAMED = (FunctionType, BuiltinFunctionType, MethodType, type)


def run_again(backend: Any, level: Level, nonce: int, only: str) -> str:
    """Return the Python that repeats a part of a run.

    A backend that can be had by neither a name nor an import stands there by its name, under a
    comment that says so: put the object in its place.
    """
    name = str(backend.name)
    lines, argument = chosen(name), repr(name)
    if not _registered(backend, name):
        line, argument = _brought(backend, argument, "backend")
        lines.append(line)
    return "\n".join(
        [
            *lines,
            *_level(level),
            "from initspec_conformance import run",
            f"print(run([{argument}], {_how(level, nonce)}, only={only!r}))",
        ]
    )


def audit_again(draw: Any, what: str, level: Level, nonce: int) -> str:
    """Return the Python that repeats the audit of a function, `what` being on which weight."""
    line, name = _brought(draw, "draw", "function")
    return "\n".join(
        [
            line,
            *_level(level),
            "from initspec import InitSpec",
            "from initspec_conformance import audit_callable",
            f"print(audit_callable({name}, {what}, {_how(level, nonce)}))",
        ]
    )


def native_again(backend: str, level: Level, nonce: int, only: str) -> str:
    """Return the Python that repeats a part of an audit of a framework's own initializers."""
    return "\n".join(
        [
            *chosen(backend),
            *_level(level),
            "from initspec_conformance.runner.builtin_audit import native_audit",
            f"print(native_audit([{backend!r}], {_how(level, nonce)}, only={only!r}))",
        ]
    )


def chosen(backend: str) -> list[str]:
    """Return the lines that choose what Keras draws with, as the environment does."""
    value = os.environ.get(_CHOICE)
    if value is None or "keras" not in backend.lower():
        return []
    return [f"import os; os.environ[{_CHOICE!r}] = {value!r}"]


def _named(level: Level) -> bool:
    return LEVELS.get(level.name) == level


def _level(level: Level) -> list[str]:
    return [] if _named(level) else ["from initspec_conformance.runner.levels import Level"]


def _how(level: Level, nonce: int) -> str:
    seed = f", seed={nonce}" if nonce else ""
    return f"level={(level.name if _named(level) else level)!r}{seed}"


def _registered(backend: Any, name: str) -> bool:
    try:
        return usable(name) is backend
    except BackendError:
        return False


def _brought(thing: Any, stands: str, kind: str) -> tuple[str, str]:
    """Return a line that brings a thing, and the expression that it has then.

    Args:
        thing: what a module may have under a name.
        stands: the expression where none has: then the line is a comment.
        kind: what to call it.
    """
    own = thing if isinstance(thing, _NAMED) else type(thing)
    module = str(own.__module__)
    if module != "__main__":
        for name, value in list(vars(sys.modules.get(module, object)).items()):
            if value is thing and name.isidentifier():
                return f"from {module} import {name}", name
    what = own.__qualname__ if own is thing else f"{own.__qualname__} object"
    whose = f"the {kind} that was checked, {what} of {module}"
    comment = f"# {stands} is {whose}: put it in its place"
    return " ".join(comment.split()), stands  # a comment ends with its line
