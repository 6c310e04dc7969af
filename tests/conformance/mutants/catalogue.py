"""Every mutant: a class in one of the files of its property is in the catalogue by itself."""

from __future__ import annotations

from mutants import (
    calls,
    fans,
    fixed,
    independence,
    laws,
    moments,
    orthogonal,
    precision,
    seeding,
    sparsity,
)
from mutants.base import Mutant

PROPERTIES = (
    moments,
    fans,
    laws,
    independence,
    orthogonal,
    sparsity,
    precision,
    fixed,
    seeding,
    calls,
)


CATALOGUE: tuple[type[Mutant], ...] = tuple(
    kind
    for module in PROPERTIES
    for kind in vars(module).values()
    if isinstance(kind, type)
    and issubclass(kind, Mutant)
    and kind.__module__ == module.__name__
    and not kind.abstract
)
"""The mutants, and the equivalent ones."""

MUTANTS = tuple(kind for kind in CATALOGUE if kind.caught_by)
"""Those that must be caught."""

EQUIVALENT = tuple(kind for kind in CATALOGUE if not kind.caught_by)
"""Those that nothing can catch, because they are right."""
