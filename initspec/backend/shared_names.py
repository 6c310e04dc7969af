"""The warning that two weights are equal because they share a seed and a name."""

from __future__ import annotations

import sys
import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable
from sysconfig import get_path
from typing import Any, NamedTuple

from initspec.axes import Axes, Layout
from initspec.errors import InitSpecWarning
from initspec.spec.value import Spec


class Filled(NamedTuple):
    """The weight that a draw filled.

    Attributes:
        place: equal where the same weight is filled again, such as a path; None where not known.
        exists: returns whether the weight still exists; None where not known.
        within: the traced program that the draw is a part of. A function is traced for its shapes
            and again for its program, so that draws of two programs are not two weights.
    """

    place: Any = None
    exists: Callable[[], bool | None] = lambda: None
    within: Any = None


def returned(array: Any, place: Any = None, within: Any = None) -> Filled:
    """Return what a new array fills: when it is gone, a copy of it may be the weight."""
    reference = weakref.ref(array)
    return Filled(place, lambda: None if reference() is None else True, within)


class SharedNames:
    """The names under which one seeded initializer has drawn, and what it filled last.

    Draws without a name are compared across initializers of one spec: a seed in each of two layers
    makes them equal. Initializers that share a name are not compared: who writes
    it twice means twins.

    Args:
        backend: the name of the backend. The same weight in two frameworks is what a seed is for.
    """

    def __init__(self, backend: str) -> None:
        self._backend = backend
        self._filled: dict[str, Filled] = {}
        self._warned = False

    def note(self, spec: Spec, seed: int, name: str, filled: Filled) -> None:
        """Remember a draw; warn, once, where a weight that exists has the same numbers."""
        if name:
            last, mine = self._filled.get(name), True
            self._filled[name] = filled
        else:
            last, mine = _swap((self._backend, spec, seed), filled, self)
        if last is None or self._warned or last.within != filled.within:
            return
        if last.place is not None and last.place == filled.place:
            return
        exists = last.exists()
        if exists or (mine and exists is None):
            under = f"under the name {name!r}" if name else "without a name"
            self._warn(
                f"seed={seed} draws a second weight {under}: both are made of the same random "
                "numbers; give each parameter a name of its own, such as "
                f"seed={seed}, name='encoder.0.weight'"
            )

    def repeat(
        self, how: str, seed: int, name: str, layout: Layout, axes: Axes | None, count: int | str
    ) -> None:
        """Warn, once, that a transformation makes several members of one draw.

        Args:
            how: the transformation, as the subject of a sentence.
            seed: of the portable stream.
            name: the parameter's name.
            layout: of one member.
            axes: what was given for one member; None for the convention of the framework.
            count: how many members there are.
        """
        line = " ".join(layout.roles) if axes is None else str(axes)
        self._warn(
            f"{how} makes several weights of one draw, seed={seed}, name={name!r}: all are equal; "
            f'draw them as one weight outside of it, with axes="stack {line}" and the shape '
            f"({', '.join(map(str, (count, *layout.shape)))})"
        )

    def _warn(self, message: str) -> None:
        """Warn, once for each initializer."""
        if not self._warned:
            self._warned = True
            warnings.warn(message, InitSpecWarning, stacklevel=_stacklevel())

    def __reduce__(self) -> tuple[type[SharedNames], tuple[str]]:
        return SharedNames, (self._backend,)  # a copy has drawn nothing yet


def _stacklevel() -> int:
    """Return how far above `warn` the first frame outside of initspec and libraries is."""
    libraries = ("<", *(get_path(kind) for kind in ("stdlib", "purelib", "platlib")))
    frame, level = sys._getframe(1), 1
    while frame.f_back and (
        frame.f_globals.get("__name__", "").startswith("initspec")
        or frame.f_code.co_filename.startswith(libraries)
    ):
        frame, level = frame.f_back, level + 1
    return level


_MOST = 1024  # specs and seeds in use at one time, beyond which the oldest is forgotten

_unnamed: OrderedDict[tuple[str, Spec, int], tuple[Filled, weakref.ref[SharedNames]]] = (
    OrderedDict()
)
"""What each spec and seed filled last without a name, and by which initializer."""


def _swap(
    key: tuple[str, Spec, int], filled: Filled, names: SharedNames
) -> tuple[Filled | None, bool]:
    """Remember what a spec and a seed fill; return what they filled before, and if `names` did."""
    last, owner = _unnamed.pop(key, (None, None))
    _unnamed[key] = filled, weakref.ref(names)
    if len(_unnamed) > _MOST:
        _unnamed.popitem(last=False)
    return last, owner is not None and owner() is names
