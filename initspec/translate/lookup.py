"""Which function a line means."""

from __future__ import annotations

from initspec.api import InitSpec
from initspec.axes import OUT_IN
from initspec.spec.constructors import CONSTRUCTORS
from initspec.translate.entries import (
    Entry,
    Framework,
    Reading,
    Site,
    TranslationError,
    nearest,
)
from initspec.translate.from_jax import JAX
from initspec.translate.from_keras import KERAS
from initspec.translate.from_torch import TORCH
from initspec.translate.reading import Call

FRAMEWORKS = (TORCH, KERAS, JAX)
"""The frameworks whose lines are read."""

_INITSPEC = Framework("initspec", "InitSpec", ("initspec.InitSpec", "initspec"), OUT_IN)


def find(call: Call, site: Site) -> tuple[Entry, Reading, str]:
    """Return the function that a line calls, what it means, and the line with its module.

    Raises:
        TranslationError: there is no such function, its arguments are others, or the name means
            different weights in several frameworks.
    """
    if call.quoted:
        return _string(call, site)
    if _INITSPEC.says(call.module):
        return _own(call)
    speakers = [one for one in FRAMEWORKS if not call.module or one.says(call.module)]
    if call.module == "initializers":
        speakers = [KERAS, JAX]
    if not speakers:
        modules = ", ".join(one.module for one in FRAMEWORKS)
        raise TranslationError(
            f"'{call.module}' is no module that is read: write one of {modules}, or the bare name"
        )
    entries = [one.entries[call.name] for one in speakers if call.name in one.entries]
    spec_too = not call.module and call.name in CONSTRUCTORS
    if not entries and not spec_too:
        raise _unknown(call, speakers)
    found: list[tuple[Entry, Reading, str]] = []
    problem: Exception | None = None
    for entry in entries:
        try:
            found.append((entry, entry.read(call, site), _source(entry, call)))
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
    meanings = {(one.spec, None if site.shape is None else one.axes) for _, one, _ in found}
    if len(meanings) > 1:
        raise _ambiguous(call, found)
    return found[0]


def _string(call: Call, site: Site) -> tuple[Entry, Reading, str]:
    entry = KERAS.strings.get(call.name) or KERAS.entries.get(call.name)
    if entry is None:
        near = nearest(call.name, (*KERAS.entries, *KERAS.strings))
        hint = f"; did you mean {near!r}?" if near else "."
        raise TranslationError(
            f"{call.name!r} is no string that Keras knows as an initializer{hint} "
            "Write a call without quotes for a line of torch or JAX."
        )
    return entry, entry.read(call, site), repr(call.name)


def _own(call: Call) -> tuple[Entry, Reading, str]:
    line = str(Call("", call.name, call.positional, call.keywords))
    spec = InitSpec.parse(line)
    topic = call.name.replace("_truncated_normal", "_normal")
    for old, new in (("kaiming", "he"), ("xavier", "glorot")):
        topic = topic.replace(old, new)
    return Entry(_INITSPEC, call.name, topic), Reading(spec, OUT_IN), f"InitSpec.{line}"


def _source(entry: Entry, call: Call) -> str:
    return str(Call(entry.framework.module, entry.name, call.positional, call.keywords))


def _unknown(call: Call, speakers: list[Framework]) -> TranslationError:
    where = {name: one for one in speakers for name in one.entries}
    near = nearest(call.name, where)
    hint = f"; did you mean {where[near].module}.{near}?" if near else "."
    said = speakers[0].module if len(speakers) == 1 else "torch, Keras or JAX"
    every = ", ".join(speakers[0].entries) if len(speakers) == 1 else ""
    listed = f" It has {every}." if every else " docs/rosetta.md lists them all."
    return TranslationError(f"{said} has no initializer {call.name!r}{hint}{listed}")


def _ambiguous(call: Call, found: list[tuple[Entry, Reading, str]]) -> TranslationError:
    said = "; ".join(f"{source} is {one.spec}, axes '{one.axes}'" for _, one, source in found)
    return TranslationError(
        f"{call.name!r} means different weights: {said}. Write the one you mean, with its module."
    )
