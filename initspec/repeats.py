"""The warning that two weights are equal because they share a seed and a name."""

from __future__ import annotations

import warnings
import weakref
from typing import Any

from initspec.errors import InitSpecWarning


class Repeats:
    """The names under which one seeded initializer has drawn, and what it filled."""

    def __init__(self) -> None:
        self._filled: dict[str, weakref.ref[Any] | None] = {}
        self._warned = False

    def note(self, name: str, target: Any = None) -> None:
        """Remember a draw under `name`; warn, once, where it is of a second weight.

        Args:
            name: the parameter's name.
            target: what is filled, where that is an object that was there before: to fill it again
                is no second weight.
        """
        if name in self._filled and not self._warned:
            last = self._filled[name]
            if target is None or last is None or last() is not target:
                self._warned = True
                warnings.warn(
                    f"a seeded initializer draws a second weight under the name {name!r}: both are "
                    "equal, number for number; give each parameter a name of its own",
                    InitSpecWarning,
                    stacklevel=3,
                )
        self._filled[name] = None if target is None else weakref.ref(target)

    def __reduce__(self) -> tuple[type[Repeats], tuple[()]]:
        return Repeats, ()  # a copy has drawn nothing yet
