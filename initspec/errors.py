"""Errors and warnings. Each message has what was given, what is allowed and what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


class InitSpecError(ValueError):
    """The base of every error that initspec raises on bad input."""


class SpecError(InitSpecError):
    """A field of a spec is unknown, out of range, or does not go with another field."""


class AxesError(InitSpecError):
    """An axes line cannot be read, or does not fit the shape it is held against."""


class ShapeError(InitSpecError):
    """The family cannot fill a weight of this shape."""


class DtypeError(InitSpecError):
    """The dtype is not a supported floating type, or cannot hold the values."""


class FormatError(InitSpecError):
    """A text, dict or JSON document does not describe a spec."""


class ActivationError(InitSpecError):
    """An activation is unknown, not elementwise, or has no gain."""


class NetworkError(InitSpecError):
    """A network of these sizes, or on these inputs, cannot be run."""


class RecipeError(InitSpecError):
    """A recipe does not fit a model: a parameter has no rule, a rule no parameter."""


class BackendError(InitSpecError):
    """A backend is unknown, ambiguous, or its framework cannot be used here."""


class TargetError(InitSpecError):
    """An argument of an initializer is not a weight that it can fill or draw with."""


class SeedError(InitSpecError):
    """A seed of the portable stream is not an integer from 0 to 2^64 - 1, or a name not a str."""


class CallError(InitSpecError, TypeError):
    """A function is called with arguments that it does not take."""


class InitSpecWarning(UserWarning):
    """The call is legal, but probably not what was meant."""


def unknown(what: str, given: object, allowed: Iterable[str], meant: str | None = None) -> str:
    """Say that a name is unknown and which is nearest, or which there are.

    Args:
        what: what the name is of.
        given: the name.
        allowed: the names that there are.
        meant: what to write, where that is known better than by likeness.

    >>> unknown("mode", "fan_inn", ["fan_in", "fan_out"])
    "unknown mode 'fan_inn': did you mean 'fan_in'? Allowed: fan_in, fan_out"
    """
    names = list(allowed)
    near = [meant] if meant else nearest(given, names)
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    listed = f"Allowed: {', '.join(names[:_MOST_NAMES])}{more}" if names else "There are none"
    if not near:
        return f"unknown {what} {shown(given)}. {listed}"
    hint = f"unknown {what} {shown(given)}: did you mean {' or '.join(map(repr, near))}?"
    # With a guess a long list would only hide it.
    return f"{hint} {listed}" if len(listed) <= _LONGEST_LIST else hint


_LONGEST_LIST = 70
_MOST_NAMES = 60


def nearest(given: object, names: Iterable[str]) -> list[str]:
    """Return the names that are spelled like what was given, the nearest alone where one is.

    >>> nearest("HeNormal", ["he_normal", "zeros"]), nearest("he", ["he_normal", "he_uniform"])
    (['he_normal'], ['he_normal', 'he_uniform'])
    """
    alike: dict[str, list[str]] = {}  # of each spelling, names that differ in punctuation alone
    for name in names:
        alike.setdefault(plain(name), []).append(name)
    word = plain(given)
    near = [other for other in alike if len(word) > 1 and other.startswith(word)]
    if word in alike:
        near = [word]
    elif not 0 < len(near) <= 3:
        near = difflib.get_close_matches(word, alike, n=1)
    return [max(alike[other], key=lambda name: _likeness(str(given), name)) for other in near]


def _likeness(given: str, name: str) -> float:
    return difflib.SequenceMatcher(None, given.lower(), name.lower()).ratio()


def plain(name: object) -> str:
    """Return a name without case and punctuation, which differ from framework to framework."""
    return "".join(filter(str.isalnum, str(name).lower()))


def shown(value: object, longest: int = 60) -> str:
    """Return a value as one shows it in a message: an array by its shape, all else in one line.

    An object is shown without its address in memory.

    >>> shown("fan_inn"), shown(list(range(999)), longest=20)
    ("'fan_inn'", '[0, 1, 2, 3, 4,...8]')
    """
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}".removeprefix("builtins.")
    shape = getattr(value, "shape", None)
    # Without axes it is a number, unless it is a key of random numbers.
    if isinstance(shape, tuple) and (shape or not hasattr(value, "__float__")):
        return f"{with_article(type(value).__name__)} of shape {tuple(shape)}"
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(repr(value).split()))
    return text if len(text) <= longest else f"{text[: longest - 5]}...{text[-2:]}"


def with_article(noun: str) -> str:
    """Return a noun, such as the name of a type, after its article.

    >>> with_article("Linear"), with_article("Embedding"), with_article("LSTM")
    ('a Linear', 'an Embedding', 'an LSTM')
    """
    return f"{'an' if re.match(_VOWEL, noun) else 'a'} {noun}"


_VOWEL = (  # compiled on first use
    r"[AEFHILMNORSX][A-Z]"  # an acronym is spelled out: an LSTM, a GRU
    r"|(?i:[aeio]|nd|u(?!int|ni[^n]|ser|til|func))"
)
