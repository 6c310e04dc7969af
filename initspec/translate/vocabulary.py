"""The vocabulary of a framework: what its functions mean, and how it writes a spec."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from initspec.api import InitSpec
from initspec.axes import Axes
from initspec.distributions import Mapped
from initspec.errors import InitSpecError, unknown
from initspec.translate.reading import Call
from initspec.translate.values import is_tensor
from initspec.translate.writing import LineRequest, Lines, Written, none, roles


class TranslationError(InitSpecError):
    """A line of code cannot be read as a call of a known initializer."""


class NoEqualError(TranslationError):
    """A function that no spec equals; the message has the reason."""


@dataclass(frozen=True, slots=True)
class WeightShape:
    """The shape of the weight that a line is called with.

    Attributes:
        shape: the shape; None where it was not given.
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


class Ignored:
    """The default of an argument that the law does not depend on: the tensor, a key, a shape."""

    def __repr__(self) -> str:
        return "..."


IGNORED: Any = Ignored()

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

    framework: Vocabulary
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
        try:
            whole = inspect.signature(self.reader)
            _shape, *arguments = whole.parameters.values()
        except (TypeError, ValueError) as error:
            raise self._failed(error) from error
        return whole.replace(parameters=arguments)

    def required(self) -> tuple[str, ...]:
        """Return the arguments without a default."""
        arguments = self.signature().parameters.values()
        return tuple(
            parameter.name
            for parameter in arguments
            if parameter.default is inspect.Parameter.empty and parameter.name != "tensor"
        )

    def read(self, call: Call, shape: WeightShape) -> Reading:
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
            positional = (IGNORED, *positional)  # `constant_(0.3)`, the tensor left out
        try:
            bound = signature.bind(*positional, **dict(call.keywords))
        except TypeError as error:
            raise TranslationError(f"{self.path}: {self.explain_arguments(call, error)}") from None
        try:
            reading = self.reader(shape, *bound.args, **bound.kwargs)
        except InitSpecError as error:
            if name := _unread(call, str(error)):
                raise type(error)(
                    f"{error}; a line is read, never run: write the number instead of {name}"
                ) from None
            raise
        except Exception as error:  # a third party's package must not stop the others
            raise self._failed(error) from error
        whole = isinstance(reading, Reading) and isinstance(reading.spec, InitSpec)
        if not (whole and isinstance(reading.axes, Axes)):
            raise self._failed(
                TypeError(f"its reader returned {reading!r}, not a Reading of a spec and axes")
            )
        return reading

    def _failed(self, error: Exception) -> TranslationError:
        return TranslationError(f"{self.path}: {failure(self.framework.name, error)}")

    def explain_arguments(self, call: Call, error: TypeError) -> str:
        """Return which argument of a call does not fit, and what the arguments are."""
        names = list(self.signature().parameters)
        for name, _ in call.keywords:
            if name not in names:
                return unknown("argument", name, names)
        missing = [f"{name}=..." for name in self.required()]
        example = f"; write {self.name}({', '.join(missing)})" if missing else ""
        return f"{error}; its arguments are ({', '.join(names)}){example}"


@dataclass(slots=True, eq=False)
class Vocabulary:
    """The initializers of a framework, in both directions.

    Attributes:
        name: the name of its backend.
        title: its name in a sentence.
        module: the module in which its initializers live.
        modules: what else may stand before them in a line; "*" is the weight, of any expression,
            whose methods they are.
        axes: what its functions take the axes of a weight for.
        layouts: the axes of layers that it stores otherwise: "transposed" and "depthwise"
            convolutions.
        weight: what its lines call the weight, "w", where they fill one in place.
        numbers: functions that give an argument's number, such as torch's calculate_gain.
        entries: every public name of the module.
        strings: what its layers take as quoted names, beside the entries; None where they take
            none.
        lines: for each family, what writes a spec of it as a line of the framework.
        gap: why there is no line of a family that `lines` does not have.
        libraries: what else is read and means weights of this framework: vocabularies of its name,
            without lines of their own.
        order: its place among the frameworks, the smallest first, then by name; where a bare name
            means the same in several, the line is that of the first.
    """

    name: str
    title: str
    module: str
    modules: tuple[str, ...]
    axes: Axes
    weight: str = ""
    numbers: Mapping[str, Callable[..., float]] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    strings: dict[str, Entry] | None = None
    lines: Lines = field(default_factory=dict)
    gap: str = ""
    layouts: Mapping[str, Axes] = field(default_factory=dict)
    libraries: tuple[Vocabulary, ...] = ()
    order: int = 100

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

    def write(self, spec: InitSpec, axes: Axes | None, rank: int | None) -> Written:
        """Return the framework's line for a spec; `axes` None is its own convention."""
        write = self.lines.get(type(spec.distribution))
        if write is None:
            family = spec.distribution
            kind = (
                "initializer of numbers through a function"
                if isinstance(family, Mapped)
                else (f"{family.name()} initializer")
            )
            return none(self.gap or f"{self.title} has no {kind}.")
        try:
            written = write(LineRequest(spec, axes or self.axes, rank))
        except Exception as error:  # a third party's package must not stop the others
            return none(f"{failure(self.name, error)}.")
        if not (isinstance(written, Written) and isinstance(written.code, str | None)):
            return none(f"The backend {self.name!r} wrote {written!r}: not a Written.")
        return written

    def fault(self) -> str:
        """Return which attribute is not what it has to be, and what to write; "" where all are."""
        kinds = {
            **dict.fromkeys(("name", "title", "module", "weight", "gap"), str),
            **{"modules": tuple, "axes": Axes, "numbers": Mapping, "entries": dict},
            **{
                "strings": dict | None,
                "lines": Mapping,
                "layouts": Mapping,
                "libraries": tuple,
                "order": int,
            },
        }
        for attribute, kind in kinds.items():
            if not isinstance(value := getattr(self, attribute), kind):
                expected = getattr(kind, "__name__", str(kind))
                return f"its {attribute} is {value!r}: write {expected}"
        if roles(self.axes, None) is None:
            return f"its axes are '{self.axes}': write one role an axis"
        for name, entry in self.names(quoted=True).items():
            if not isinstance(entry, Entry) or not (entry.reader is None or callable(entry.reader)):
                return f"its entry {name!r} is {entry!r}: write an Entry, by `line` or `no_equal`"
        for library in self.libraries:
            if not isinstance(library, Vocabulary) or library.name != self.name:
                return f"its library {library!r}: write a Vocabulary whose name is {self.name!r}"
            if fault := library.fault():
                return f"in its library {library.title}, {fault}"
        return ""

    def has_module(self, module: str) -> bool:
        """Return whether `module` may stand before this framework's functions."""
        return module == self.module or module in self.modules

    def names(self, quoted: bool) -> dict[str, Entry]:
        """Return what a line may name, in quotes or without."""
        return self.entries | (self.strings or {}) if quoted else self.entries

    def usual(self, topic: str) -> Entry | None:
        """Return the function of a topic, by its usual name."""
        return next((entry for entry in self.entries.values() if entry.topic == topic), None)


def _unread(call: Call, message: str) -> str:
    """Return the argument that a message refuses because it is a name; "" where it is another."""
    arguments = (*call.positional, *dict(call.keywords).values())
    names = [value for value in arguments if is_tensor(value) and f"={value!r}:" in message]
    return str(names[0]) if names else ""


def failure(backend: str, error: Exception) -> str:
    """Return the sentence, without its full stop, that a part of a backend raised an error."""
    return f"The backend {backend!r} failed: {type(error).__name__}: {error}"
