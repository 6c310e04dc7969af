"""The frameworks' own lines of a spec's name, whatever they mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from initspec.api import InitSpec
from initspec.axes import OUT_IN, Axes
from initspec.errors import InitSpecError
from initspec.translate.laws import uncut
from initspec.translate.lines import Weight, topic_of
from initspec.translate.reading import Call, read
from initspec.translate.values import is_tensor
from initspec.translate.vocabularies import vocabularies
from initspec.translate.vocabulary import Entry, Reading, WeightShape

_ARGUMENTS = {
    **{"std": ("std", "stddev"), "mean": ("mean",), "gain": ("gain", "scale"), "mode": ("mode",)},
    **{"low": ("a", "minval"), "high": ("b", "maxval")},
    **{"sparsity": ("sparsity",), "value": ("value", "val")},
}
"""What the frameworks call the arguments of a spec."""


@dataclass(frozen=True, slots=True)
class OwnLine:
    """A framework's own line of a spec's name, with the spec's arguments, on the same layer.

    Attributes:
        framework: the name of its backend.
        name: the function or class.
        code: the line.
        reading: what it means.
        shape: the weight's shape there.
        axes: what the weight's axes are for there; None for a vector without axes.
    """

    framework: str
    name: str
    code: str
    reading: Reading
    shape: tuple[int, ...]
    axes: Axes | None


def own_lines(spec: InitSpec, shape: tuple[int, ...], axes: Axes | None) -> Iterator[OwnLine]:
    """Yield each framework's line of a spec's name, where it has one that takes its arguments.

    Args:
        spec: the spec.
        shape: the weight's shape, in the order of `axes`, or of `out in kernel...`.
        axes: the role of each axis.

    >>> [line.code for line in own_lines(InitSpec.he_normal(), (512, 256), None)][:2]
    ['torch.nn.init.kaiming_normal_(w)', 'keras.initializers.HeNormal()']
    """
    roles = axes or (OUT_IN if len(shape) >= 2 else None)
    for words in vocabularies().values():
        entry = words.usual(topic_of(spec))
        if entry is None or entry.reader is None:
            continue
        placed = Weight(roles, shape, roles).at(words)
        there = placed.shape or shape
        try:
            arguments = _arguments(spec, entry)
            if arguments is None:
                continue
            reading = entry.read(Call("", entry.name, (), arguments), WeightShape(there))
        except InitSpecError:  # it does not fill this weight
            continue
        if uncut(reading.spec.distribution):
            reading = replace(reading, spec=reading.spec.replace(distribution="normal"))
        listed = [words.weight] if words.weight else []
        listed += [f"{name}={value!r}" for name, value in arguments]
        ready = "key" in entry.signature().parameters  # the initializer itself, as JAX' zeros
        code = entry.path if ready else f"{entry.path}({', '.join(listed)})"
        yield OwnLine(words.name, entry.name, code, reading, there, roles and placed.axes)


def _arguments(spec: InitSpec, entry: Entry) -> tuple[tuple[str, Any], ...] | None:
    """Return a spec's arguments by the names of a function; None where it does not take them."""
    arguments = []
    for key, value in read(str(spec)).keywords:
        if key == "corrected":  # what a name means there, not an argument
            continue
        taken = [name for name in _ARGUMENTS.get(key, ()) if name in entry.signature().parameters]
        if not taken:
            return None
        arguments.append((taken[0], str(value) if is_tensor(value) else value))
    return None if set(entry.required()) - {name for name, _ in arguments} else tuple(arguments)
