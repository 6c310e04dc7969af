"""The vocabularies of all registered backends, found when a line is translated."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from initspec.backend import OUT_IN, BackendError, HasVocabulary, load, registered
from initspec.translate.vocabulary import Vocabulary

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


def vocabularies() -> dict[str, Vocabulary]:
    """Return the vocabulary of every backend that can be loaded, installed framework or not.

    A backend without one, or whose own fails, gets one without functions, with the reason.
    """
    return _read(tuple(registered().items()))


def frameworks() -> tuple[Vocabulary, ...]:
    """Return the vocabularies of the frameworks whose lines are read."""
    return tuple(words for words in vocabularies().values() if words.entries)


@lru_cache(maxsize=1)
def _read(entries: tuple[tuple[str, tuple[EntryPoint, ...]], ...]) -> dict[str, Vocabulary]:
    return {name: words for name, _ in entries if (words := _vocabulary(name)) is not None}


def _vocabulary(name: str) -> Vocabulary | None:
    try:
        backend: Any = load(name)
    except BackendError:  # `initspec backends` shows why
        return None
    gap = f"The backend {name!r} has no vocabulary: the lines of its framework are not known."
    try:
        if isinstance(backend, HasVocabulary):
            words = backend.vocabulary()
            if isinstance(words, Vocabulary):
                return words
            gap = f"The vocabulary of the backend {name!r} is {words!r}: not a Vocabulary."
        axes = backend.default_axes(2)
    except Exception as error:  # a third party's package must not stop the others
        gap = f"The backend {name!r} failed: {type(error).__name__}: {error}."
        axes = None
    return Vocabulary(name, name, "", (), axes or OUT_IN, gap=gap)
