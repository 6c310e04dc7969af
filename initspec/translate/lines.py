"""A spec in the words of each framework."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import Any

from initspec.api import InitSpec
from initspec.axes import OUT_IN, Axes, axes_of, by_rank, check_shape
from initspec.distributions import Elementwise
from initspec.distributions.rules import FanRule, Std
from initspec.errors import InitSpecError
from initspec.spec.constructors import CONSTRUCTORS
from initspec.spec.value import axes_matter
from initspec.translate.difference import differences
from initspec.translate.layouts import Placed, place
from initspec.translate.reading import read
from initspec.translate.vocabularies import vocabularies
from initspec.translate.vocabulary import Vocabulary, WeightShape
from initspec.translate.writing import Written, by_hand, python


@dataclass(frozen=True, slots=True)
class Line:
    """A spec in the words of one framework.

    Attributes:
        framework: the name of its backend.
        code: its own line, `w` being the weight; None where it has none.
        kind: "built-in", "by hand" where it takes more than one call of an initializer, or "none".
        initspec: the line of initspec that draws it there.
        axes: the axes of the weight that both lines take; None where the law needs none.
        shape: the weight's shape there, where it was given: that of the same layer.
        namesakes: functions of the same name that are something else, a sentence each.
        notes: what else changes there, or why there is no line, a sentence each.
    """

    framework: str
    code: str | None
    kind: str
    initspec: str
    axes: str | None
    shape: tuple[int, ...] | None
    namesakes: tuple[str, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}


@dataclass(frozen=True, slots=True)
class Weight:
    """The weight that lines are written for.

    Attributes:
        counted: what the line takes its axes for; None is each framework's own layout.
        shape: its shape, where it is known.
        axes: what its axes are for, so that each framework's own layout follows; None where it is
            one array in all.
        source: the framework that it comes from; None is initspec itself.
    """

    counted: Axes | None = None
    shape: tuple[int, ...] | None = None
    axes: Axes | None = None
    source: Vocabulary | None = None

    def at(self, words: Vocabulary) -> Placed:
        """Return it in the layout of a framework."""
        if self.axes is None or self.counted is None:
            return Placed(self.axes or self.counted or words.axes, self.counted, self.shape)
        return place(self.axes, self.counted, self.shape, self.source, words)


def meanings(
    spec: InitSpec,
    axes: str | Axes | None = None,
    shape: tuple[int, ...] | None = None,
) -> tuple[Line, ...]:
    """Return a spec in the words of each framework.

    Args:
        spec: the spec.
        axes: the axes of the weight in every framework; None gives each its own layout.
        shape: the weight's shape, in the order of `axes`, or of `out in kernel...`.

    >>> {line.framework: line.code for line in meanings(InitSpec.he_normal())}["torch"]
    'torch.nn.init.kaiming_normal_(w)'
    """
    sizes, roles = None if shape is None else check_shape(shape), axes_of(axes)
    weight = Weight(roles, sizes)
    if roles is None and sizes is not None and len(sizes) >= 2:
        weight = Weight(OUT_IN, sizes, OUT_IN)
    topic = topic_of(spec)
    return tuple(write(spec, words, weight, topic) for words in vocabularies().values())


def write(
    spec: InitSpec,
    words: Vocabulary,
    weight: Weight,
    topic: str = "",
    defaults: bool = False,
) -> Line:
    """Return a spec in the words of one framework.

    Args:
        spec: the spec.
        words: the framework's vocabulary.
        weight: the weight.
        topic: the name whose namesakes are listed.
        defaults: whether namesakes that differ in a fixed std or mean alone are listed, too.
    """
    placed = weight.at(words)
    written = words.write(spec, placed.counted, None if placed.shape is None else len(placed.shape))
    if written.kind == "none":
        written = _on_shape(spec, words, placed) or written
    matter = axes_matter(spec)
    argument = repr(str(placed.counted)) if placed.counted is not None and matter else ""
    notes = [placed.note] if placed.note and matter else []
    if matter and placed.miscounted:
        notes.append(f"The layer's true axes here: '{placed.axes}'.")
    if _is_shortcut(f"to_{words.name}"):
        compiled = f"to_{words.name}({argument})"
    else:
        compiled = f"to({', '.join(filter(None, (repr(words.name), argument)))})"
    call = f"({words.weight})" if words.weight else ""
    return Line(
        words.name,
        written.code,
        written.kind,
        f"{python(spec)}.{compiled}{call}",
        str(placed.counted or words.axes) if matter else None,
        placed.shape,
        tuple(_namesakes(spec, topic, words, written.code, defaults)),
        (*notes, *written.notes),
    )


def _is_shortcut(method: str) -> bool:
    """Return whether InitSpec has a method that is `to` for one backend, as `to_json` is not."""
    shortcut = getattr(InitSpec, method, None)
    return shortcut is not None and "axes" in inspect.signature(shortcut).parameters


def _on_shape(spec: InitSpec, words: Vocabulary, placed: Placed) -> Written | None:
    """Return a line that a fan rule comes to on the weight's shape alone, if there is one."""
    family = spec.distribution
    if not (isinstance(spec.variance, FanRule) and isinstance(family, Elementwise)):
        return None
    if placed.shape is None or not math.prod(placed.shape):
        return None
    resolved = spec.resolve(placed.shape, placed.counted or by_rank(words.axes, len(placed.shape)))
    if not resolved.one_law:
        return None
    if len(placed.shape) >= 2 and spec.resolve(placed.shape, words.axes).sigma == resolved.sigma:
        usual = words.write(spec, None, len(placed.shape))  # other axes, but the fan is the same
        if usual.code is not None:
            return usual
    fixed = words.write(InitSpec(family, Std(resolved.sigma)), None, None)
    if fixed.code is None:
        return None
    why = "It cannot count these fans: the number is for this shape."
    return by_hand(fixed.code, why, *fixed.notes)


def topic_of(spec: InitSpec) -> str:
    """Return what everybody calls the spec, such as "he_normal" for the truncated one too."""
    name = str(spec).partition("(")[0]
    if name == "InitSpec":
        return spec.distribution.name()
    short = name.replace("_truncated_normal", "_normal")
    return short if short in CONSTRUCTORS else name


def _namesakes(
    spec: InitSpec, topic: str, words: Vocabulary, code: str | None, defaults: bool
) -> list[str]:
    entry = words.usual(topic)
    if entry is None or entry.reader is None:
        return []
    if (code or "").partition("(")[0] == entry.path and not defaults:
        return []  # it is in the line itself, with other arguments
    try:
        if entry.required():
            return []
        there = entry.read(read(entry.name), WeightShape()).spec
    except InitSpecError as error:  # a third party's reader must not stop the others
        return [f"{error}."]
    how = differences(spec, there, defaults)
    return [f"Not {entry.path}({words.weight}): that is {there}, {', '.join(how)}."] if how else []
