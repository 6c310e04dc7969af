"""Find the function that a line of code calls."""

from __future__ import annotations

from initspec.api import InitSpec
from initspec.axes import OUT_IN
from initspec.errors import InitSpecError, nearest
from initspec.spec.constructors import CONSTRUCTORS
from initspec.translate.reading import Call
from initspec.translate.vocabularies import frameworks, readable
from initspec.translate.vocabulary import (
    Entry,
    Reading,
    TranslationError,
    Vocabulary,
    WeightShape,
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
    candidates = _candidates(call)
    if not candidates:
        raise _unknown_module(call)
    entries = [
        names[call.name] for words in candidates if call.name in (names := words.names(call.quoted))
    ]
    spec_too = not (call.module or call.quoted) and call.name in _OWN
    if not entries and not spec_too:
        raise _unknown(call, candidates)
    matches: list[tuple[Entry, Reading, str]] = []
    problems: list[InitSpecError] = []
    for entry in entries:
        try:
            matches.append((entry, entry.read(call, shape), _source(entry, call)))
        except InitSpecError as error:  # not the arguments of this one
            problems.append(error)
    if spec_too:
        try:
            matches.append(_own(call))
        except InitSpecError as error:
            problems.append(error)
    if not matches:
        # One whose arguments these are, but out of range, before those that have others.
        raise min(problems, key=lambda error: isinstance(error, TranslationError))
    # Without a shape each line is for a layer in its own layout, whatever that is.
    known = shape.shape is not None
    meanings = {(reading.spec, reading.axes if known else None) for _, reading, _ in matches}
    if len(meanings) > 1:
        raise _ambiguous(call, matches)
    return matches[0]


def _candidates(call: Call) -> list[Vocabulary]:
    """Return what may have the function: that of its module, or of the weight that it fills."""
    if call.quoted:
        return [words for words in frameworks() if words.strings is not None]
    if call.module:
        by_module = [words for words in readable() if words.has_module(call.module)]
        methods = [words for words in readable() if "*" in words.modules]
        return by_module or [words for words in methods if call.name in words.entries]
    # A library's bare name is read where no framework has one.
    libraries = [words for words in readable() if call.name in words.entries]
    return libraries if libraries and call.name not in _framework_names() else list(frameworks())


def _framework_names() -> set[str]:
    return {*_OWN, *(name for words in frameworks() for name in words.entries)}


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


def _unknown_module(call: Call) -> TranslationError:
    modules = ", ".join(words.module for words in frameworks())
    paths = [words.entries[call.name].path for words in readable() if call.name in words.entries]
    hint = f"write {' or '.join(paths)}" if paths else f"write one of {modules}, or the bare name"
    return TranslationError(f"'{call.module}' is no module that is read: {hint}")


def _unknown(call: Call, candidates: list[Vocabulary]) -> TranslationError:
    where = {name: words for words in candidates for name in words.names(call.quoted)}
    near = next(iter(nearest(call.name, where)), None)
    *others, last = (words.title for words in candidates)
    titles = f"{', '.join(others)} or {last}" if others else last
    if call.quoted:
        hint = f"; did you mean {near!r}?" if near else "."
        return TranslationError(
            f"{call.name!r} is not a string that {titles} takes as an initializer{hint} "
            "Write a call without quotes for a line of another framework."
        )
    owner = candidates[0].module if len(candidates) == 1 else titles
    problem = f"{owner} has no initializer {call.name!r}"
    if near:  # with a guess a long list would only hide it
        return TranslationError(f"{problem}; did you mean {where[near].module}.{near}?")
    every = ", ".join(candidates[0].entries) if len(candidates) == 1 else ""
    listed = f"It has {every}." if every else "docs/translate.md lists them all."
    return TranslationError(f"{problem}. {listed}")


def _ambiguous(call: Call, matches: list[tuple[Entry, Reading, str]]) -> TranslationError:
    readings = [f"{source} is {there.spec}, axes '{there.axes}'" for _, there, source in matches]
    return TranslationError(
        f"{call.name!r} means different weights: {'; '.join(readings)}. "
        "Write the one you mean, with its module."
    )
