"""Which spec an initializer of JAX, flax or Haiku is: closures of their functions, and objects."""

from __future__ import annotations

import inspect
import sys
from functools import partial
from itertools import chain
from types import FunctionType
from typing import TYPE_CHECKING, Any

from initspec.backend import FormatError, shown
from initspec.translate.authors import Entry, NoEqualError, read_object
from initspec_jax.vocabulary import FLAX, HAIKU, JAX

if TYPE_CHECKING:
    from initspec.backend import Axes, Spec

_WRAPPERS = (
    *(("flax.linen", "with_partitioning"), ("flax.linen", "with_logical_partitioning")),
    ("flax.nnx", "with_metadata"),  # of which nnx.with_partitioning is made
)
"""The functions of flax that return an initializer which draws as the one that they are given."""

_CALL = {"dtype", "out_sharding"}
"""Arguments of an initializer's own call that a partial may have set."""


def read_native(initializer: object) -> tuple[Spec, Axes | None] | None:
    """Return the spec of an initializer, and its axes; see `initspec.backend.HasNative`."""
    function: Any = initializer
    given: dict[str, Any] = {}
    if isinstance(initializer, partial):
        function, given = initializer.func, initializer.keywords
    if type(function).__name__ == "PjitFunction":  # of jax.jit, which changes no law
        function = function.__wrapped__
    module: Any = sys.modules.get("jax.nn.initializers")
    if module is None or not callable(function):
        return None
    for entry in chain(*(words.entries.values() for words in (JAX, FLAX, HAIKU))):
        owner = sys.modules.get(entry.framework.module)
        if getattr(owner, entry.name, None) is not function:
            continue
        if entry.name not in ("zeros", "ones") and entry.reader is not None:
            words = ", ".join(f"{name}=..." for name in entry.required())
            raise FormatError(
                f"{shown(initializer)} returns an initializer, and is not one itself: call it, "
                f"{entry.path}({words})"
            )
        return _drawn(initializer, entry, {}, given)
    haiku: Any = sys.modules.get("haiku.initializers")
    kind = type(function)
    if getattr(haiku, kind.__name__, None) is kind and function is initializer:
        entry = HAIKU.entries[kind.__name__]
        return read_object(
            entry, {name: getattr(function, name) for name in entry.signature().parameters}
        )
    if not isinstance(function, FunctionType):
        return None
    if _made_by(_flax(), function):
        hook = inspect.getclosurevars(function).nonlocals.get("on_create_value")
        if hook:
            raise NoEqualError(f"{shown(initializer)}: its on_create_value may draw anything else")
        wrapped = function.__wrapped__  # type: ignore[attr-defined]
        if isinstance(initializer, partial):
            return read_native(partial(wrapped, *initializer.args, **given))
        return read_native(wrapped)
    makers = {name: getattr(module, name, None) for name in JAX.entries}
    maker = _made_by(makers, function)
    if maker is None:
        return None
    dtype = inspect.signature(function).parameters["dtype"].default
    arguments = {**inspect.getclosurevars(function).nonlocals, "dtype": dtype}
    return _drawn(initializer, JAX.entries[maker], arguments, given)


def _drawn(
    initializer: object, entry: Entry, arguments: dict[str, Any], given: dict[str, Any]
) -> tuple[Spec, Axes | None]:
    """Return what an initializer draws that a partial may have given a dtype."""
    if (isinstance(initializer, partial) and initializer.args) or given.keys() - _CALL:
        raise FormatError(
            f"{shown(initializer)}: a partial of an initializer may have the arguments "
            f"{', '.join(sorted(_CALL))}, by name; pass the initializer without the others"
        )
    return read_object(entry, arguments | {key: given[key] for key in given if key == "dtype"})


def _flax() -> dict[str, Any]:
    modules = ((sys.modules.get(module), name) for module, name in _WRAPPERS)
    return {name: getattr(module, name, None) for module, name in modules if module}


def _made_by(makers: dict[str, Any], function: FunctionType) -> str | None:
    """Return which function a closure was made by: the one whose code has that of the closure."""
    for name, maker in makers.items():
        constants = getattr(getattr(maker, "__code__", None), "co_consts", ())
        if any(constant is function.__code__ for constant in constants):
            return name
    return None
