"""The layer classes that the tables of all backends have."""

from __future__ import annotations

from initspec.backend import HasLayers, load, registered
from initspec.errors import BackendError


def table_classes() -> set[str]:
    """Return the names of the classes, without their modules."""
    names: set[str] = set()
    for name in registered():
        try:
            backend = load(name)
        except BackendError:
            continue  # a broken backend of somebody else has no say
        if isinstance(backend, HasLayers):
            classes = (cls for row in backend.layers().layers for cls in row.classes)
            names.update(cls.rpartition(".")[2] for cls in classes)
    return names
