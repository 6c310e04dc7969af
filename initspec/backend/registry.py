"""The door to the frameworks: what a backend is, and how one is found."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from initspec.errors import BackendError, unknown

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    import numpy as np
    from numpy.typing import NDArray

    from initspec.axes import Axes
    from initspec.spec.value import Spec

GROUP = "initspec.backends"
"""The entry-point group: a distribution registers `name = "package:backend"` in it."""

Native_co = TypeVar("Native_co", covariant=True)


@runtime_checkable
class Backend(Protocol[Native_co]):
    """Everything by which initspec reaches a framework.

    Importing a backend must not import its framework: only `version`, `compile` and `draw` may.

    Attributes:
        name: the name that `InitSpec.to` and the command line take.
        dtypes: the names of the dtypes it draws, of float16, bfloat16, float32, float64.
        known_deviations: what it is known to do differently from the specs, each as "PATTERN:
            reason, link", the pattern being that of findings of the conformance suite, such as
            "rounding" or "he_normal/*/bfloat16/mean"; empty where nothing is.
    """

    name: str
    dtypes: tuple[str, ...]
    known_deviations: tuple[str, ...]

    def version(self) -> str:
        """Return the framework's version, and what else a report should name."""

    def why_unusable(self) -> str | None:
        """Return None where the framework can be used here, else why not and what to install."""

    def default_axes(self, rank: int) -> Axes | None:
        """Return the framework's convention for weights of a rank; None below 2."""

    def compile(self, spec: Spec, axes: Axes | None, seed: int | None, name: str) -> Native_co:
        """Return the native initializer; `axes` None takes the convention by rank."""

    def draw(
        self,
        spec: Spec,
        shape: tuple[int, ...],
        *,
        axes: Axes | None = None,
        dtype: str = "float32",
        entropy: int = 0,
        seed: int | None = None,
        name: str = "",
    ) -> NDArray[np.floating]:
        """Return a weight in its own order as a NumPy array, drawn through the native initializer.

        Args:
            spec: the spec.
            shape: the weight's shape.
            axes: the role of each axis; None takes the convention by rank.
            dtype: the name of the dtype to draw in.
            entropy: seeds the framework's own generator; without meaning where `seed` is given.
            seed: the seed of the portable stream, None for the framework's own random numbers.
            name: the parameter's name in the portable stream.
        """


_PARTS = (*Backend.__annotations__, "version", "why_unusable", "default_axes", "compile", "draw")


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
    return {name: _status(name) for name in _registered()}


def usable(backend: str | Backend[Any]) -> Backend[Any]:
    """Return the backend of a name, or the one given; raise where it cannot be used here.

    Raises:
        BackendError: no backend or two have this name, it cannot be loaded, or its framework is
            missing.
    """
    found = _load(backend) if isinstance(backend, str) else backend
    if not isinstance(found, Backend):
        lacks = [part for part in _PARTS if getattr(found, part, None) is None]
        raise BackendError(
            f"{backend!r} is no backend, it lacks {', '.join(lacks)}: pass a registered name "
            f"({', '.join(_registered())}) or an object that satisfies initspec.Backend"
        )
    try:
        reason = found.why_unusable()
    except Exception as error:  # a framework that is installed, but breaks on import
        reason = f"{type(error).__name__}: {error}"
    if reason is not None:
        raise BackendError(f"the backend {found.name!r} cannot be used here: {reason}")
    return found


def _registered() -> dict[str, tuple[EntryPoint, ...]]:
    """Return the entry points of each name; more than one where two distributions claim it."""
    from importlib.metadata import entry_points  # a third of what importing initspec would cost

    found: dict[str, dict[str, EntryPoint]] = {}
    for entry in entry_points(group=GROUP):
        # An editable install and a wheel of one distribution list the same object twice.
        found.setdefault(entry.name, {}).setdefault(entry.value, entry)
    return {name: tuple(entries.values()) for name, entries in sorted(found.items())}


@cache  # `spec.to_torch()(w)` is written once for each parameter of a model
def _load(name: str) -> Backend[Any]:
    registered = _registered()
    if name not in registered:
        raise BackendError(unknown("backend", name, registered))
    if len(registered[name]) > 1:
        claims = " and ".join(f"{e.value} ({_provider(e)})" for e in registered[name])
        raise BackendError(f"two backends are named {name!r}: {claims}; uninstall one of them")
    entry = registered[name][0]
    try:
        return entry.load()  # type: ignore[no-any-return]
    except Exception as error:  # whatever a stranger's package does on import
        raise BackendError(
            f"the backend {entry.name!r} of {_provider(entry)} cannot be loaded: "
            f"{type(error).__name__}: {error}; repair or uninstall it"
        ) from error


def _provider(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an unknown distribution"


def _status(name: str) -> Status:
    provider = ", ".join(map(_provider, _registered()[name]))
    try:
        backend = _load(name)
    except BackendError as error:
        return Status(name, provider, None, str(error))
    try:
        reason = backend.why_unusable()
        return Status(name, provider, backend.version() if reason is None else None, reason)
    except Exception as error:  # a framework that is installed, but breaks on import
        reason = f"{type(error).__name__}: {error}; repair its framework"
        return Status(name, provider, None, reason)
