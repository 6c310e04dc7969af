"""The warning that two weights are equal because they share a seed and a name."""

from __future__ import annotations

import warnings
import weakref
from typing import Any

from initspec.errors import InitSpecWarning


class SharedNames:
    """The names under which one seeded initializer has drawn, and what it filled."""

    def __init__(self) -> None:
        self._filled: dict[str, tuple[Any, Any]] = {}
        self._warned = False

    def note(self, name: str, target: Any = None, within: Any = None) -> None:
        """Remember a draw under `name`; warn, once, where it is of a second weight.

        Args:
            name: the parameter's name.
            target: what is filled, where that is known: an object that was there before, or the
                path of a parameter as a str; to fill it again is no second weight.
            within: what the draw is a part of, such as a traced program; a draw within another one
                is no second weight.
        """
        last = self._filled.get(name)
        if last is not None and not self._warned and last[1] == within:
            filled = last[0]() if isinstance(last[0], weakref.ref) else last[0]
            same = filled == target if isinstance(target, str) else filled is target
            if target is None or not same:
                self._warned = True
                warnings.warn(
                    f"a seeded initializer draws a second weight under the name {name!r}: both are "
                    "equal, number for number; give each parameter a name of its own",
                    InitSpecWarning,
                    stacklevel=3,
                )
        known = target is None or isinstance(target, str)
        self._filled[name] = target if known else weakref.ref(target), within

    def __reduce__(self) -> tuple[type[SharedNames], tuple[()]]:
        return SharedNames, ()  # a copy has drawn nothing yet
