"""The vocabulary of a framework: each of its functions, and the spec that a call of it means."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from initspec.api import InitSpec
from initspec.axes import Axes
from initspec.errors import InitSpecError, unknown
from initspec.translate.reading import Call
from initspec.translate.values import is_tensor


class TranslationError(InitSpecError):
    """A line of code cannot be read as a call of a known initializer."""


class NoEqualError(TranslationError):
    """A function that no spec equals; the message says why."""


@dataclass(frozen=True, slots=True)
class Site:
    """The weight that a line is called with.

    Attributes:
        shape: its shape; None where nobody said it.
    """

    shape: tuple[int, ...] | None = None

    @property
    def rank(self) -> int | None:
        """The number of axes."""
        return None if self.shape is None else len(self.shape)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a call means.

    Attributes:
        spec: the spec that it equals.
        axes: what it takes each axis of the weight for.
        notes: what surprises in it, a sentence each.
    """

    spec: InitSpec
    axes: Axes
    notes: tuple[str, ...] = ()


class Given:
    """The default of an argument that says no law: the tensor, a generator, a key."""

    def __repr__(self) -> str:
        return "..."


GIVEN: Any = Given()

Reader = Callable[..., Reading]


@dataclass(frozen=True, slots=True)
class Entry:
    """A public name of a framework.

    Attributes:
        framework: the framework.
        name: the name.
        topic: what it is called by everybody, such as "he_normal": the functions of one topic are
            those that people take for equal.
        reader: turns the call's arguments into a Reading; None where there is no equal.
        reason: why there is no equal.
    """

    framework: Framework
    name: str
    topic: str = ""
    reader: Reader | None = None
    reason: str = ""

    @property
    def path(self) -> str:
        """The name with its module."""
        return f"{self.framework.module}.{self.name}"

    def signature(self) -> inspect.Signature:
        """Return the arguments as the framework declares them."""
        assert self.reader is not None
        whole = inspect.signature(self.reader)
        _site, *own = whole.parameters.values()
        return whole.replace(parameters=own)

    def required(self) -> tuple[str, ...]:
        """Return the arguments without a default."""
        own = self.signature().parameters.values()
        return tuple(
            one.name
            for one in own
            if one.default is inspect.Parameter.empty and one.name != "tensor"
        )

    def read(self, call: Call, site: Site) -> Reading:
        """Return what a call of it means.

        Raises:
            NoEqualError: no spec equals it.
            TranslationError: the arguments are not those of the function.
            InitSpecError: an argument is out of range.
        """
        if self.reader is None:
            raise NoEqualError(f"{self.path} has no equal: {self.reason}")
        signature, positional = self.signature(), call.positional
        if (
            "tensor" in signature.parameters
            and "tensor" not in dict(call.keywords)
            and not (positional and is_tensor(positional[0]))
        ):
            positional = (GIVEN, *positional)  # `constant_(0.3)`, the tensor left out
        try:
            bound = signature.bind(*positional, **dict(call.keywords))
        except TypeError as error:
            raise TranslationError(f"{self.path}: {self._misfit(call, error)}") from None
        return self.reader(site, *bound.args, **bound.kwargs)

    def _misfit(self, call: Call, error: TypeError) -> str:
        names = list(self.signature().parameters)
        for name, _ in call.keywords:
            if name not in names:
                return unknown("argument", name, names)
        missing = [f"{name}=..." for name in self.required()]
        example = f"; write {self.name}({', '.join(missing)})" if missing else ""
        return f"{error}; its arguments are ({', '.join(names)}){example}"


@dataclass(slots=True, eq=False)
class Framework:
    """A framework's initializers.

    Attributes:
        name: its name, that of its backend.
        module: the module in which they live.
        modules: what else may stand before them in a line.
        axes: what its functions take the axes of a weight for.
        entries: every public name of the module.
        strings: names that exist as strings only.
    """

    name: str
    module: str
    modules: tuple[str, ...]
    axes: Axes
    entries: dict[str, Entry] = field(default_factory=dict)
    strings: dict[str, Entry] = field(default_factory=dict)

    def line(self, *names: str, topic: str) -> Callable[[Reader], Reader]:
        """Enter a function under its names, the usual one first."""

        def enter(reader: Reader) -> Reader:
            for name in names:
                self.entries[name] = Entry(self, name, topic, reader)
            return reader

        return enter

    def no_equal(self, *names: str, reason: str) -> None:
        """Enter names that no spec equals."""
        for name in names:
            self.entries[name] = Entry(self, name, reason=reason)

    def says(self, module: str) -> bool:
        """Return whether `module` may stand before this framework's functions."""
        return module == self.module or module in self.modules

    def usual(self, topic: str) -> Entry | None:
        """Return the function of a topic, by its usual name."""
        return next((one for one in self.entries.values() if one.topic == topic), None)


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed name that is most like `name`, whatever the case of its letters.

    >>> nearest("henormall", ["HeNormal", "HeUniform"])
    'HeNormal'
    """
    by_fold: dict[str, str] = {}
    for one in allowed:
        by_fold.setdefault(one.lower(), one)
    near = difflib.get_close_matches(name.lower(), by_fold, n=1, cutoff=0.5)
    return by_fold[near[0]] if near else None
