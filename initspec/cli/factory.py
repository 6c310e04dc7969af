"""Build what `package.module:factory` on the command line means."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, redirect_stdout
from importlib import import_module
from inspect import signature
from typing import Any, NamedTuple

from initspec.errors import InitSpecError, TargetError, shown, unknown, with_article


class Built(NamedTuple):
    """A model, and example arguments where its framework has no parameters without them."""

    model: Any
    inputs: Any = None


def build(reference: str) -> Built:
    """Return what a factory builds, called without arguments: a model, or (model, inputs).

    Args:
        reference: see `builder`.

    Raises:
        InitSpecError: there is no such module or attribute, it raises, or returns no model.
    """
    return builder(reference)()


def builder(reference: str) -> Callable[[], Built]:
    """Return a function that calls a factory, which is found before.

    Args:
        reference: "package.module:factory", where `factory` is a function or a class of the module,
            which is looked for in the current folder too.

    Raises:
        InitSpecError: there is no such module or attribute, or it cannot be called.
    """
    module, colon, path = reference.partition(":")
    if not colon or not all(name.isidentifier() for name in f"{module}.{path}".split(".")):
        raise InitSpecError(
            f"{reference!r} is not a factory: write package.module:factory, the module and the "
            "function in it that builds the model"
        )
    factory = _attribute(_imported(reference, module), module, path)
    if not isinstance(factory, type) and _is_model(factory):
        raise InitSpecError(
            f"{reference} is a model, {with_article(type(factory).__name__)}: name a function that "
            f"returns it, such as 'def build(): return {path}'"
        )
    if not callable(factory):
        raise InitSpecError(
            f"{reference}: {shown(factory)} cannot be called: name a function or a class that "
            "builds the model without arguments"
        )
    return lambda: _built(reference, factory)


def _built(reference: str, factory: Callable[[], Any]) -> Built:
    from initspec.models.owner import owner  # with NumPy, and not for a slip of the pen

    try:
        signature(factory).bind()
    except TypeError as error:
        raise InitSpecError(
            f"{reference} is called without arguments: {error}; name a function that needs none, "
            "and passes them"
        ) from None
    except ValueError:
        pass  # of C, without a signature
    try:
        with _aside():
            result = factory()
    except (Exception, SystemExit) as error:  # a script without a main guard exits with 0
        raise InitSpecError(
            f"{reference} raised {_summary(error)}; it is called without arguments"
        ) from error
    pair = isinstance(result, tuple) and len(result) == 2  # which no model is
    built = Built(*result) if pair else Built(result)
    try:
        owner(built.model)
    except TargetError as error:
        raise TargetError(
            f"{reference} must return a model, or (model, inputs), and returned {shown(result)}: "
            f"{error}"
        ) from None
    return built


def _is_model(value: Any) -> bool:
    from initspec.models.owner import owner

    try:
        owner(value)
    except TargetError:
        return False
    return True


def _imported(reference: str, module: str) -> Any:
    folder = os.getcwd()
    if folder not in sys.path and "" not in sys.path:
        sys.path.insert(0, folder)  # as `python -m` does
    try:
        with _aside():
            return import_module(module)
    except (Exception, SystemExit) as error:  # a script without a main guard exits with 0
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{module}.".startswith(f"{missing}."):
            raise InitSpecError(
                f"{reference}: there is no module {missing!r} here; run initspec where "
                f"'import {module}' works, or add its folder to PYTHONPATH"
            ) from None
        raise InitSpecError(f"{reference}: importing {module} raised {_summary(error)}") from error


def _aside() -> AbstractContextManager[Any]:
    """Print to standard error what the model's code prints: the result alone is for a pipe."""
    return redirect_stdout(sys.stderr)


def _attribute(module: Any, name: str, path: str) -> Any:
    value, where = module, f"attribute of {name}:"
    for part in path.split("."):
        if not hasattr(value, part):
            names = [other for other in dir(value) if not other.startswith("_")]
            raise InitSpecError(unknown(where, part, names))
        value, where = getattr(value, part), f"attribute of {name}:{part}:"
    return value


def _summary(error: BaseException) -> str:
    """Return an error in one line, with the file and the line that it is from."""
    text = traceback.format_exception_only(error)[-1].strip()
    frames = traceback.extract_tb(error.__traceback__)
    return f"{text} ({frames[-1].filename}, line {frames[-1].lineno})" if frames else text
