"""Constructors under names that InitSpec does not have: the one that was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from initspec.distributions.names import meant_by, other_law
from initspec.errors import nearest


class ConstructorNames(type):
    """A metaclass whose classes answer a missing attribute with the constructor that was meant."""

    if not TYPE_CHECKING:  # every name would be an attribute

        def __getattr__(cls, name: str) -> NoReturn:
            problem = f"type object {cls.__name__!r} has no attribute {name!r}"
            if not name.startswith("_"):
                names = [key for key in dir(cls) if not key.startswith("_")]
                meant = meant_by(name)
                near = [meant] if meant in names else nearest(name, names)
                if near:
                    calls = " or ".join(f"{cls.__name__}.{key}(...)" for key in near)
                    problem += f"; write {calls}{other_law(name)}"
            raise AttributeError(problem)
