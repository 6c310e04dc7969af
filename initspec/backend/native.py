"""Which spec a framework's own initializer is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from initspec.backend.protocol import HasNative
from initspec.backend.registry import load, registered
from initspec.errors import BackendError, FormatError, shown
from initspec.spec.value import Spec, axes_matter

if TYPE_CHECKING:
    from initspec.axes import Axes


def read_native(initializer: object) -> tuple[Spec, Axes | None]:
    """Return the spec of an initializer of any framework, and its axes.

    Args:
        initializer: what a framework takes as one, or what `InitSpec.to` returned.

    Returns:
        The spec, and what the initializer takes the axes of a weight for: None where that is its
        framework's convention, or the law does not depend on it.

    Raises:
        FormatError: no backend reads it.
        InitSpecError: no spec equals it.
    """
    spec, axes = _reading(initializer)
    return spec, axes if axes_matter(spec) else None


def _reading(initializer: object) -> tuple[Spec, Axes | None]:
    spec = getattr(initializer, "spec", None)
    if isinstance(spec, Spec) and callable(initializer):  # compiled
        return spec, getattr(initializer, "axes", None)
    backends: list[Any] = []
    for name in registered():
        try:
            backend = load(name)
        except BackendError:
            continue  # a broken backend of somebody else does not stop the others
        if isinstance(backend, HasNative):
            backends.append(backend)
    for backend in backends:
        reading: tuple[Spec, Axes | None] | None = backend.read_native(initializer)
        if reading is not None:
            return reading
    names = ", ".join(backend.name for backend in backends)
    raise FormatError(
        f"{shown(initializer)} is not an initializer of {names}, the backends that read theirs: "
        "pass the framework's own object, function or name; what other code draws cannot be read, "
        "write its law as a spec, such as InitSpec.normal(0.02)"
    )
