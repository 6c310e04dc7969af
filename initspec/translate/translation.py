"""From a line of one framework to the spec that it is, and to the lines that others write."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from initspec.api import InitSpec
from initspec.axes import Axes, axes_of, by_rank, check_shape
from initspec.errors import AxesError, InitSpecError, unknown
from initspec.spec.value import axes_matter
from initspec.translate.layouts import alternatives
from initspec.translate.lines import Line, Weight, write
from initspec.translate.lookup import find
from initspec.translate.reading import read
from initspec.translate.values import Numbers
from initspec.translate.vocabularies import readable, vocabularies
from initspec.translate.vocabulary import (
    Reading,
    TranslationError,
    Vocabulary,
    WeightShape,
    failure,
)
from initspec.translate.writing import python


def targets() -> tuple[str, ...]:
    """Return what a line can be translated to: each backend, and "initspec" itself."""
    return (*vocabularies(), "initspec")


@dataclass(frozen=True, slots=True)
class Translation:
    """What a line of code is.

    Attributes:
        source: the line, as it was understood.
        framework: whose line it is, the name of a backend or "initspec".
        spec: the spec that it is exactly.
        axes: what the line takes each axis of the weight for; None where its law needs none.
        shape: the weight's shape, where it was given.
        lines: the spec in the words of each requested framework.
        changes: what surprises in the line itself, a sentence each.
    """

    source: str
    framework: str
    spec: InitSpec
    axes: str | None
    shape: tuple[int, ...] | None
    lines: tuple[Line, ...]
    changes: tuple[str, ...]

    @property
    def initspec(self) -> str:
        """The Python expression of the spec."""
        return python(self.spec)

    def line(self, framework: str) -> Line:
        """Return the line of one framework.

        Raises:
            TranslationError: it was not asked for.
        """
        for line in self.lines:
            if line.framework == framework:
                return line
        raise TranslationError(unknown("line", framework, [line.framework for line in self.lines]))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "source": self.source,
            "framework": self.framework,
            "spec": str(self.spec),
            "initspec": self.initspec,
            "document": self.spec.to_dict(),
            "axes": self.axes,
            "shape": None if self.shape is None else list(self.shape),
            "lines": [line.to_dict() for line in self.lines],
            "changes": list(self.changes),
        }


def translate(
    line: str,
    to: str | None = None,
    shape: tuple[int, ...] | None = None,
    axes: str | Axes | None = None,
) -> Translation:
    """Return what a line of a framework's initializers is.

    The line is read, never evaluated. Each framework's line is for the same layer, its weight in
    that framework's own layout.

    Args:
        line: a call, such as "nn.init.kaiming_uniform_(w, a=0.2)", a bare name, a quoted string as
            layers take it, or "InitSpec.he_normal()".
        to: the name of a backend, or "initspec"; a library that is read, such as "flax", is the
            backend of its framework; None gives all.
        shape: the shape that the line is called with, in the layout of its own framework.
        axes: what each axis of that shape is for, to hold the line's own fans against; what the
            line takes them for unless given.

    Raises:
        TranslationError: no such function, or not its arguments, or several that differ.
        NoEqualError: no spec equals it.
        InitSpecError: an argument is out of range, or the shape does not go with the function.

    >>> translation = translate("torch.nn.init.kaiming_uniform_", to="keras")
    >>> print(translation.spec)
    he_uniform
    >>> translation.line("keras").code
    'keras.initializers.HeUniform()'
    """
    words = vocabularies()
    if to is not None and to not in targets():
        libraries = {library.title.lower(): library.name for library in readable()}
        if to.lower() not in libraries:
            raise TranslationError(unknown("target", to, targets()))
        to = libraries[to.lower()]
    sizes, roles = None if shape is None else check_shape(shape), axes_of(axes)
    if roles is not None and sizes is None:
        raise AxesError(
            f"axes '{roles}' without a shape: give both, so that the fans can be counted"
        )
    call = read(line, _numbers(words.values()))
    entry, reading, source = find(call, WeightShape(sizes))
    if entry.framework.name == "initspec" and roles is not None:
        reading = replace(reading, axes=roles)  # a spec counts by the axes that it is given
    notes, matter = list(reading.notes), axes_matter(reading.spec)
    counted = reading.axes if matter or roles is None else roles
    if sizes is not None:
        # A law that does not depend on the axes fills a bias too, which no convention has axes for.
        reading.spec.resolve(sizes, counted if matter else roles)
        if matter and roles is not None:
            counted = _held_against(reading, roles, sizes, notes)
        elif matter and len(sizes) >= 2 and _is_own(counted, entry.framework.axes, sizes):
            notes.insert(0, _assumption(entry.framework, counted, sizes))
    names = tuple(words) if to is None else () if to == "initspec" else (to,)
    convention = entry.framework.axes
    home = words.get(entry.framework.name)
    weight = Weight(counted, sizes, roles or counted, home)
    if sizes is not None and len(sizes) < 2:  # one array in all
        weight = Weight(None if _is_own(counted, convention, None) else counted, sizes)
    plain = not (call.positional or call.keywords)
    return Translation(
        source,
        entry.framework.name,
        reading.spec,
        str(reading.axes) if axes_matter(reading.spec) else None,
        sizes,
        tuple(
            write(
                reading.spec,
                words[name],
                weight,
                "" if name == entry.framework.name else entry.topic,
                defaults=plain,
            )
            for name in names
        ),
        tuple(notes),
    )


def _numbers(frameworks: Iterable[Vocabulary]) -> Numbers:
    """Return the functions that give a number, bare and under each module of their framework."""
    numbers: dict[str, Callable[..., float]] = {}
    for words in reversed(tuple(frameworks)):  # the first one stays
        for name, function in words.numbers.items():
            guarded = partial(_number, words.name, function)
            modules = (words.module, *words.modules)
            numbers |= dict.fromkeys((name, *(f"{module}.{name}" for module in modules)), guarded)
    return numbers


def _number(backend: str, function: Callable[..., float], *args: Any, **keywords: Any) -> float:
    try:
        return function(*args, **keywords)
    except (InitSpecError, TypeError):  # its value is out of range, or these are not its arguments
        raise
    except Exception as error:  # a third party's package must not end in a traceback
        raise TranslationError(failure(backend, error)) from error


def _is_own(axes: Axes, convention: Axes, shape: tuple[int, ...] | None) -> bool:
    """Return whether a line reads the axes as its framework usually does."""
    if axes == convention:
        return True
    usual = None if shape is None else by_rank(convention, len(shape))
    return usual is not None and shape is not None and _same(axes, usual, shape)


def _same(axes: Axes, others: Axes, shape: tuple[int, ...]) -> bool:
    return axes.layout(shape) == others.layout(shape)


def _assumption(words: Vocabulary, axes: Axes, shape: tuple[int, ...]) -> str:
    """Return what a shape without axes is taken for, and what else it may be."""
    fans, others = axes.fans(shape), alternatives(words, shape)
    listed = ", ".join(f"axes='{line}' for {layer}" for line, layer in others)
    return (
        f"The shape is read as '{axes}': fan_in {fans.fan_in}, fan_out {fans.fan_out}. If it is "
        f"another layer, pass {listed}."
    )


def _held_against(reading: Reading, roles: Axes, shape: tuple[int, ...], notes: list[str]) -> Axes:
    """Return the axes of an exact translation, and note where the line counts other fans."""
    spec, read_as = reading.spec, reading.axes
    counted, true = spec.resolve(shape, read_as), spec.resolve(shape, roles)
    if _same(read_as, roles, shape):
        return roles
    if not spec.distribution.needs_axes and counted.scale == true.scale:
        return roles  # other fans, but the mode's fan is the same
    remedy = (
        "The lines below are exact for what it does; for what the weight needs, give the spec "
        f"axes='{roles}'."
    )
    taken = f"The line takes the axes for '{read_as}'"
    if counted.fans is None or true.fans is None or spec.distribution.needs_axes:
        notes.insert(0, f"{taken}, not for '{roles}'. {remedy}")
        return read_as
    notes.insert(
        0,
        f"{taken}: fan_in {counted.fans.fan_in}, fan_out {counted.fans.fan_out}. By '{roles}' they "
        f"are {true.fans.fan_in} and {true.fans.fan_out}. Its std is {counted.law.std:.4g}, that "
        f"of {spec} with the true fans {true.law.std:.4g}. {remedy}",
    )
    return read_as
