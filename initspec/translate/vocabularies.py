"""The vocabularies of all registered backends, found when a line is translated."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from initspec.backend import OUT_IN, BackendError, HasVocabulary, load, optional, registered
from initspec.translate.vocabulary import Vocabulary, failure

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


def vocabularies() -> dict[str, Vocabulary]:
    """Return the vocabulary of every backend that can be loaded, installed framework or not.

    They are in the order of `Vocabulary.order`, then by name.
    A backend without one, or whose own fails, gets one without functions, with the reason.
    """
    return _read(tuple(registered().items()))


def frameworks() -> tuple[Vocabulary, ...]:
    """Return the vocabularies of the frameworks whose lines are read."""
    return tuple(words for words in vocabularies().values() if words.entries)


def readable() -> tuple[Vocabulary, ...]:
    """Return what lines are read of: the frameworks, then the libraries beside them."""
    words = frameworks()
    return (*words, *(library for framework in words for library in framework.libraries))


@lru_cache(maxsize=1)
def _read(entries: tuple[tuple[str, tuple[EntryPoint, ...]], ...]) -> dict[str, Vocabulary]:
    loaded = {name: words for name, _ in entries if (words := _vocabulary(name)) is not None}
    return dict(sorted(loaded.items(), key=lambda item: (item[1].order, item[0])))


def _vocabulary(name: str) -> Vocabulary | None:
    try:
        backend: Any = load(name)
    except BackendError:  # `initspec backends` shows why
        return None
    try:
        words = optional(backend, HasVocabulary, "vocabulary").vocabulary()
        fault = f"it is {words!r}: not a Vocabulary"
        if isinstance(words, Vocabulary):
            wrong_name = f"its name is {words.name!r}: write {name!r}"
            fault = wrong_name if words.name != name else words.fault()
            if not fault:
                return words
        gap = f"The vocabulary of the backend {name!r} is faulty: {fault}."
    except BackendError as error:
        gap = f"{str(error)[:1].upper()}{str(error)[1:]}."
    except Exception as error:  # a third party's package must not stop the others
        gap = f"{failure(name, error)}."
    return _without_functions(name, backend, gap)


def _without_functions(name: str, backend: Any, gap: str) -> Vocabulary:
    words = Vocabulary(name, name, "", (), OUT_IN, gap=gap)
    try:
        words.axes = backend.default_axes(2) or OUT_IN
        fault = words.fault()
    except Exception as error:
        fault = failure(name, error)
    return replace(words, axes=OUT_IN, gap=f"{gap} Its default axes: {fault}.") if fault else words
