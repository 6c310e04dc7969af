"""Specs of the laws that frameworks draw, their borderline arguments included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from initspec.api import InitSpec
from initspec.distributions import TruncatedNormal
from initspec.numerics.validation import finite

UNSEEN = 8.5
"""Parent sigmas beyond which a cut shows in no draw: less than 2^-53 of a normal lies there."""


def normal(std: Any, mean: Any = 0.0) -> InitSpec:
    """Return N(mean, std^2), a constant where std is 0."""
    if finite("std", std) == 0:
        return InitSpec.constant(mean)
    return InitSpec.normal(std, mean=mean)


def uniform(low: Any, high: Any) -> InitSpec:
    """Return U(low, high), a constant where both are equal."""
    if finite("low", low) == finite("high", high):
        return InitSpec.constant(low)
    return InitSpec.uniform(low, high)


def uncut(family: object) -> bool:
    """Return whether a family is a truncated normal whose cut shows in no draw."""
    return (
        isinstance(family, TruncatedNormal) and family.lower <= -UNSEEN and family.upper >= UNSEEN
    )


def centred(name: str, gain: Any, make: Callable[[float], InitSpec]) -> InitSpec:
    """Return a law that is its own mirror image: the gain's sign is free, and 0 gives zeros."""
    size = abs(finite(name, gain))
    return make(size) if size else InitSpec.zeros()
