"""Initializers of a framework that are objects: what they mean, by its vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from initspec.api import InitSpec
from initspec.axes import Axes
from initspec.errors import shown
from initspec.translate.reading import Call
from initspec.translate.vocabulary import Entry, NoEqualError, WeightShape


def read_object(entry: Entry, arguments: Mapping[str, Any]) -> tuple[InitSpec, Axes | None]:
    """Return what `HasNative.read_native` does, of a function of a vocabulary.

    Args:
        entry: the function or class that made the initializer.
        arguments: what it was made with, by name; a list stands for a tuple.

    Raises:
        NoEqualError: no spec equals it.
        TranslationError: the arguments are not those of the function.
        InitSpecError: an argument is out of range.
    """
    for name, value in arguments.items():
        if getattr(value, "shape", ()):
            raise NoEqualError(
                f"{entry.path}({name}={shown(value)}) has no equal: a spec holds numbers and no "
                "arrays; keep the initializer"
            )
    keywords = tuple(
        (name, tuple(value) if isinstance(value, list) else value)
        for name, value in arguments.items()
    )
    call = Call(entry.framework.module, entry.name, (), keywords)
    reading = entry.read(call, WeightShape())
    return reading.spec, None if reading.axes == entry.framework.axes else reading.axes
