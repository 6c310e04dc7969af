"""What of a new model nothing ever wrote."""

from __future__ import annotations

import gc
import math
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from initspec.backend import HasPoison
from initspec.backend.poison import Memory, Stored
from initspec.errors import TargetError, shown
from initspec.models.elements import described
from initspec.models.owner import owner, with_models
from initspec.models.table import TableRow, fold

COLUMNS = ("path", "kind", "shape", "dtype", "never written")
"""The columns of the table."""
_WIDTH = 80


@dataclass(frozen=True, slots=True)
class Untouched(Stored):
    """A parameter or a buffer that nothing ever wrote, in whole or in part.

    Attributes:
        part: which of its elements, such as "all", "rows 50256 to 50303" or "[:, 0:8]".
        elements: how many they are.
    """

    part: str
    elements: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "path": self.path,
            "tied": list(self.tied),
            "kind": self.kind,
            "shape": list(self.shape),
            "dtype": self.dtype,
            "part": self.part,
            "elements": self.elements,
        }


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of a new model nothing ever wrote; prints as a table, repeated blocks folded.

    Attributes:
        untouched: the parameters and buffers, in the order of the model.
        tensors: how many parameters and buffers the model has, each once; 0 where its framework
            leaves no memory unwritten.
        note: why nothing was looked for, where nothing was; else "".
    """

    untouched: tuple[Untouched, ...]
    tensors: int
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether everything was written."""
        return not self.untouched

    def __str__(self) -> str:
        """Return the table as text; below 80 columns, or with two lines for each row."""
        rows = [
            TableRow(
                tuple(item.path.split(".")),
                1,
                (item.kind, " x ".join(map(str, item.shape)) or "scalar", item.dtype, item.part),
            )
            for item in self.untouched
        ]
        lines = [(row.path, *row.cells) for row in fold(rows)]
        return "\n".join([*_table(lines), self._summary()])

    def _summary(self) -> str:
        if self.note:
            return self.note
        if self.passed:
            return f"all of {self.tensors} parameters and buffers were written"
        elements = sum(item.elements for item in self.untouched)
        return (
            f"{len(self.untouched)} of {self.tensors} parameters and buffers have elements that "
            f"nothing wrote, {elements:,} in all"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {
            "passed": self.passed,
            "tensors": self.tensors,
            "note": self.note,
            "untouched": [item.to_dict() for item in self.untouched],
        }


def coverage(factory: Callable[[], Any]) -> Coverage:
    """Find which parameters and buffers of a new model nothing ever wrote, in whole or in part.

    The model is built in memory that is filled with a poison. Where elements have the poison at the
    end, the model is built again, with another poison: an element that follows it was never
    written, or was computed from memory that was not. What equals a poison by itself does not
    follow it. Random numbers are the same both times, and all random state is afterwards as before.

    A model of a framework that leaves no memory unwritten passes, with a note.

    Args:
        factory: called without arguments, it builds the model, and does what is to be done before
            the model is used: `to_empty` and its initialization, or `from_pretrained`. It is
            called once or twice; a third time where it is the first to import its framework.

    Raises:
        TargetError: it is not a function, does not return a model, returns one that is still on
            the meta device or not built, an empty one, or another one the second time.
        Exception: what the factory raises.
    """
    _check(factory)
    backends: list[Any] = [b for b in with_models() if isinstance(b, HasPoison)]
    model, ready = _build(factory, backends, 0)
    backend = next((backend for backend in backends if backend.owns(model)), None)
    if backend is None:
        name = owner(model).name  # type: ignore[attr-defined]
        return Coverage((), 0, f"{name} leaves no memory unwritten: there is nothing to look for")
    if not isinstance(owner(model), HasPoison):
        owner(model).parameters(model, None)  # Keras on torch: raises where layers are not built
    if backend not in ready:
        del model
        model, _ = _build(factory, [backend], 0)
    first = list(backend.memory(model, 0))
    if not first:
        raise TargetError("the model has no parameters and no buffers: there is nothing to look at")
    suspects = {place: m for place, m in enumerate(first) if m.poisoned is not None}
    if not suspects:
        return Coverage((), len(first))
    del model
    gc.collect()  # the first model, before the second is built
    model, _ = _build(factory, [backend], 1)
    second = backend.memory(model, 1, suspects)
    return Coverage(tuple(_untouched([*suspects.values()], second)), len(first))


def _table(lines: list[tuple[str, ...]]) -> list[str]:
    if not lines:
        return []
    table = [COLUMNS, *lines]
    sizes = [max(map(len, column)) for column in zip(*table, strict=True)]
    if sum(sizes) + 2 * (len(sizes) - 1) > _WIDTH:
        return [text for path, *cells in lines for text in (path, f"  {', '.join(cells)}")]
    return ["  ".join(map(str.ljust, line, sizes)).rstrip() for line in table]


def _check(factory: object) -> None:
    if any(backend.owns(factory) for backend in with_models()):
        raise TargetError(
            f"{shown(factory)} is a model already: pass the function that builds it, such as "
            "lambda: Net(), for memory is poisoned before"
        )
    if not callable(factory):
        raise TargetError(
            f"{shown(factory)} cannot be called: pass a function that builds a model, such as "
            "lambda: Net()"
        )


def _build(factory: Callable[[], Any], backends: list[Any], poison: int) -> tuple[Any, list[Any]]:
    """Return the model, and the backends whose memory was poisoned."""
    with ExitStack() as stack, _random_state():
        ready = [b for b in backends if stack.enter_context(b.poisoned(poison))]
        return factory(), ready


@contextmanager
def _random_state() -> Iterator[None]:
    """Leave the random state of Python and NumPy as it was."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def _untouched(first: Sequence[Memory], second: Iterable[Memory]) -> Iterator[Untouched]:
    """Yield what follows the poison."""
    for before, memory in zip_longest(first, second):
        # Keras counts automatic names on: dense_3 of the second model is dense of the first.
        if memory is None or _stem(before.path) != _stem(memory.path):
            raise TargetError(
                f"{before.path}: not in the model that the factory builds the second time; it must "
                "build the same model each time"
            )
        if (before.shape, before.dtype) != (memory.shape, memory.dtype):
            raise TargetError(
                f"{before.path} is {before.dtype} of shape {before.shape} the first time, and "
                f"{memory.dtype} of shape {memory.shape} the second: the factory must build the "
                "same model each time"
            )
        if before.poisoned is None or memory.poisoned is None:
            continue
        packed = before.poisoned & memory.poisoned
        if packed.any():
            size = math.prod(memory.shape)
            mask = np.unpackbits(packed, count=size).astype(bool).reshape(memory.shape)
            yield Untouched(
                before.path,
                before.tied,
                before.kind,
                before.shape,
                before.dtype,
                described(mask),
                int(mask.sum()),
            )


def _stem(path: str) -> str:
    """Return a path without the numbers at the ends of names."""
    return re.sub(r"_\d+(?=[/.]|$)", "", path)
