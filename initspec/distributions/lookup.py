"""Families by name, as texts and documents have them."""

from __future__ import annotations

from typing import Union

import msgspec

from initspec.distributions.base import Distribution
from initspec.distributions.names import meant_by, whole_spec
from initspec.distributions.rules import Rule
from initspec.errors import SpecError, unknown

FAMILIES: dict[str, type[Distribution]] = {}
"""Every family by the name that texts and documents use; the package adds them."""


def distribution_of(distribution: object) -> Distribution:
    """Return the family of a name, a class or an instance.

    Raises:
        SpecError: the name is unknown, or names a family that needs an argument.
    """
    if isinstance(distribution, Distribution):
        return distribution
    if isinstance(distribution, type) and issubclass(distribution, Distribution):
        distribution = distribution.name()
    if not isinstance(distribution, str) or distribution not in FAMILIES:
        if isinstance(distribution, Rule):
            raise SpecError(
                f"{distribution!r} is a variance rule; write InitSpec('normal', {distribution!r})"
            )
        problem = whole_spec(distribution, "distribution")
        meant = meant_by(distribution)
        raise SpecError(problem or unknown("distribution", distribution, FAMILIES, meant))
    family = FAMILIES[distribution]
    try:
        return family()
    except TypeError as error:
        raise SpecError(
            f"distribution={distribution!r}: {error}; pass the object, {family.__name__}(...)"
        ) from None


def family_of_document(family: object) -> Distribution:
    """Return the family of a document, or of what `distribution_of` takes."""
    if isinstance(family, dict):
        converted: Distribution = msgspec.convert(family, Union[tuple(FAMILIES.values())])  # noqa: UP007
        return converted
    return distribution_of(family)
