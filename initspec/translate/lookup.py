"""Which function a line means."""

from __future__ import annotations

from initspec.api import InitSpec
from initspec.axes import OUT_IN
from initspec.spec.constructors import CONSTRUCTORS
from initspec.translate.reading import Call
from initspec.translate.vocabularies import frameworks
from initspec.translate.vocabulary import (
    Entry,
    Reading,
    TranslationError,
    Vocabulary,
    WeightShape,
    nearest,
)

_OWN = (*CONSTRUCTORS, "InitSpec")
"""What a line of initspec calls."""

_MODULES = ("initspec.InitSpec", "initspec")
_INITSPEC = Vocabulary("initspec", "initspec", "InitSpec", _MODULES, OUT_IN)


def find(call: Call, shape: WeightShape) -> tuple[Entry, Reading, str]:
    """Return the function that a line calls, what it means, and the line with its module.

    Raises:
        TranslationError: there is no such function, its arguments are others, or the name means
            different weights in several frameworks.
    """
    if _INITSPEC.has_module(call.module) and not call.quoted:
        return _own(call)
    speakers = [words for words in frameworks() if _may_say(words, call)]
    if not speakers:
        modules = ", ".join(words.module for words in frameworks())
        raise TranslationError(
            f"'{call.module}' is no module that is read: write one of {modules}, or the bare name"
        )
    entries = [
        names[call.name] for words in speakers if call.name in (names := words.names(call.quoted))
    ]
    spec_too = not (call.module or call.quoted) and call.name in _OWN
    if not entries and not spec_too:
        raise _unknown(call, speakers)
    found: list[tuple[Entry, Reading, str]] = []
    problem: Exception | None = None
    for entry in entries:
        try:
            found.append((entry, entry.read(call, shape), _source(entry, call)))
        except TranslationError as error:  # not the arguments of this one
            problem = problem or error
    if spec_too:
        try:
            found.append(_own(call))
        except ValueError as error:
            problem = problem or error
    if not found:
        assert problem is not None
        raise problem
    # Without a shape each line is for a layer in its own layout, whatever that is.
    meanings = {(one.spec, None if shape.shape is None else one.axes) for _, one, _ in found}
    if len(meanings) > 1:
        raise _ambiguous(call, found)
    return found[0]


def _may_say(words: Vocabulary, call: Call) -> bool:
    if call.quoted:
        return words.strings is not None
    return not call.module or words.has_module(call.module)


def _own(call: Call) -> tuple[Entry, Reading, str]:
    line = str(Call("", call.name, call.positional, call.keywords))
    spec = InitSpec.parse(line)
    topic = call.name.replace("_truncated_normal", "_normal")
    for old, new in (("kaiming", "he"), ("xavier", "glorot")):
        topic = topic.replace(old, new)
    source = line if call.name == "InitSpec" else f"InitSpec.{line}"
    return Entry(_INITSPEC, call.name, topic), Reading(spec, OUT_IN), source


def _source(entry: Entry, call: Call) -> str:
    if call.quoted:
        return repr(call.name)
    return str(Call(entry.framework.module, entry.name, call.positional, call.keywords))


def _unknown(call: Call, speakers: list[Vocabulary]) -> TranslationError:
    where = {name: words for words in speakers for name in words.names(call.quoted)}
    near = nearest(call.name, where)
    titles = " or ".join(words.title for words in speakers)
    if call.quoted:
        hint = f"; did you mean {near!r}?" if near else "."
        return TranslationError(
            f"{call.name!r} is not a string that {titles} takes as an initializer{hint} "
            "Write a call without quotes for a line of another framework."
        )
    hint = f"; did you mean {where[near].module}.{near}?" if near else "."
    said = speakers[0].module if len(speakers) == 1 else titles
    every = ", ".join(speakers[0].entries) if len(speakers) == 1 else ""
    listed = f" It has {every}." if every else " docs/translate.md lists them all."
    return TranslationError(f"{said} has no initializer {call.name!r}{hint}{listed}")


def _ambiguous(call: Call, found: list[tuple[Entry, Reading, str]]) -> TranslationError:
    said = "; ".join(f"{source} is {one.spec}, axes '{one.axes}'" for _, one, source in found)
    return TranslationError(
        f"{call.name!r} means different weights: {said}. Write the one you mean, with its module."
    )
