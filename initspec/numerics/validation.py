"""Validate the numbers of a spec."""

from __future__ import annotations

import math
from numbers import Real

from initspec.errors import SpecError


def finite(name: str, value: object) -> float:
    """Return `value` as a float; raise SpecError where it is not a finite real number."""
    # bool is an int to Python, but `gain=True` is a mistake; np.float32 and Fraction are Real.
    if isinstance(value, bool) or not isinstance(value, Real):
        raise SpecError(f"{name}={value!r}: pass a real number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise SpecError(f"{name}={value!r}: pass a finite number that float64 can hold")
    return number + 0.0  # -0.0 and 0.0 mean the same weights: keep one of them


def positive(name: str, value: object) -> float:
    """Return `value` as a float; raise SpecError where it is not finite and above 0."""
    number = finite(name, value)
    if number <= 0:
        raise SpecError(f"{name}={value!r}: pass a number above 0")
    return number
