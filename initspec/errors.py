"""Errors and warnings. Each message has what was given, what is allowed and what to do."""

from __future__ import annotations

import difflib
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


class BackendError(InitSpecError):
    """A backend is unknown, ambiguous, or its framework cannot be used here."""


class TargetError(InitSpecError):
    """An argument of an initializer is not a weight that it can fill or draw with."""


class SeedError(InitSpecError):
    """A seed of the portable stream is not an integer from 0 to 2^64 - 1, or a name not a str."""


class InitSpecWarning(UserWarning):
    """The call is legal, but probably not what was meant."""


def unknown(what: str, given: object, allowed: Iterable[str]) -> str:
    """Say that a name is unknown, which one is nearest, and which there are.

    >>> unknown("mode", "fan_inn", ["fan_in", "fan_out"])
    "unknown mode 'fan_inn': did you mean 'fan_in'? Allowed: fan_in, fan_out"
    """
    names = list(allowed)
    near = difflib.get_close_matches(str(given).lower(), names, n=1)
    hint = f": did you mean {near[0]!r}?" if near else "."
    return f"unknown {what} {given!r}{hint} Allowed: {', '.join(names)}"
