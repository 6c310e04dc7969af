"""The registry: how a backend is found, and whether it can be used here."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from initspec.backend.protocol import PARTS, Backend
from initspec.errors import BackendError, unknown

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "initspec.backends"
"""The entry-point group: a distribution registers `name = "package:backend"` in it."""


def missing(module: str, extra: str) -> str | None:
    """Return None where a framework's module can be imported, else what to install.

    The framework is looked for, not imported.
    """
    if module in sys.modules or importlib.util.find_spec(module) is not None:
        return None
    return f"{module} is not installed; pip install 'initspec[{extra}]'"


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a registered backend can be used here.

    Attributes:
        name: the backend's name.
        provider: the distribution that registered it.
        version: the framework's version; None where it cannot be used.
        why_unusable: None where it can be used, else the reason and the remedy.
    """

    name: str
    provider: str
    version: str | None
    why_unusable: str | None

    @property
    def usable(self) -> bool:
        """Whether it can be used here."""
        return self.why_unusable is None


def backends() -> dict[str, Status]:
    """Return every registered backend by name, with its version or why it cannot be used here.

    >>> backends()["numpy"].usable
    True
    """
    registered.cache_clear()  # a package may have been installed since
    return {name: _status(name) for name in registered()}


def usable(backend: str | Backend[Any]) -> Backend[Any]:
    """Return the backend of a name, or the one given; raise where it cannot be used here.

    Raises:
        BackendError: no backend or two have this name, it cannot be loaded, or its framework is
            missing.
    """
    loaded = load(backend) if isinstance(backend, str) else backend
    if not isinstance(loaded, Backend):
        lacks = [part for part in PARTS if getattr(loaded, part, None) is None]
        raise BackendError(
            f"{backend!r} is no backend, it lacks {', '.join(lacks)}: pass a registered name "
            f"({', '.join(registered())}) or an object that satisfies initspec.Backend"
        )
    if not isinstance(loaded.name, str):
        raise BackendError(f"{loaded!r} has the name {loaded.name!r}: write a str")
    try:
        reason = loaded.why_unusable()
    except Exception as error:  # a framework that is installed, but breaks on import
        reason = f"{type(error).__name__}: {error}"
    if reason is not None:
        raise BackendError(f"the backend {loaded.name!r} cannot be used here: {reason}")
    return loaded


def version_of(backend: Backend[Any]) -> str:
    """Return a backend's version.

    Raises:
        BackendError: it cannot be had, or is not a str.
    """
    try:
        version = backend.version()
    except Exception as error:  # a framework that is installed, but breaks on import
        raise BackendError(
            f"the backend {backend.name!r} failed: {type(error).__name__}: {error}; repair its "
            "framework"
        ) from error
    if not isinstance(version, str):
        raise BackendError(f"the backend {backend.name!r} has the version {version!r}: write a str")
    return version


@cache
def registered() -> dict[str, tuple[EntryPoint, ...]]:
    """Return the entry points of each name; more than one where two distributions claim it."""
    from importlib.metadata import entry_points  # a third of what importing initspec would cost

    found: dict[str, dict[str, EntryPoint]] = {}
    for entry in entry_points(group=GROUP):
        # An editable install and a wheel of one distribution list the same object twice.
        found.setdefault(entry.name, {}).setdefault(entry.value, entry)
    return {name: tuple(entries.values()) for name, entries in sorted(found.items())}


@cache  # `spec.to_torch()(w)` is written once for each parameter of a model
def load(name: str) -> Backend[Any]:
    """Return the backend of a name, whether or not its framework is installed.

    Raises:
        BackendError: no backend or two have this name, or it cannot be loaded.
    """
    if name not in registered():
        registered.cache_clear()  # a package may have been installed since
    entries = registered()
    if name not in entries:
        raise BackendError(unknown("backend", name, entries))
    if len(entries[name]) > 1:
        claims = " and ".join(f"{e.value} ({_provider(e)})" for e in entries[name])
        raise BackendError(f"two backends are named {name!r}: {claims}; uninstall one of them")
    entry = entries[name][0]
    try:
        return entry.load()  # type: ignore[no-any-return]
    except Exception as error:  # a third-party package may raise anything on import
        raise BackendError(
            f"the backend {entry.name!r} of {_provider(entry)} cannot be loaded: "
            f"{type(error).__name__}: {error}; repair or uninstall it"
        ) from error


def _provider(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an unknown distribution"


def _status(name: str) -> Status:
    provider = ", ".join(map(_provider, registered()[name]))
    try:
        backend = load(name)
    except BackendError as error:
        return Status(name, provider, None, str(error))
    try:
        reason = backend.why_unusable()
        if reason is None:
            return Status(name, provider, version_of(usable(backend)), None)
    except BackendError as error:
        reason = str(error)
    except Exception as error:  # a framework that is installed, but breaks on import
        reason = f"{type(error).__name__}: {error}; repair its framework"
    return Status(name, provider, None, reason)
