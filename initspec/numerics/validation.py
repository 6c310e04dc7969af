"""Validate the numbers of a spec."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np

from initspec.errors import SpecError, shown, with_article


def finite(name: str, value: object) -> float:
    """Return `value` as a float; raise SpecError where it is not a finite real number.

    An array of rank 0 is a number, such as what a framework's square root of a number returns.
    """
    scalar = value
    if not isinstance(value, Real) and getattr(value, "ndim", None) == 0:
        scalar = _scalar(name, value)
    # bool is an int to Python, but `gain=True` is a mistake; np.float32 and Fraction are Real.
    if isinstance(scalar, bool) or not isinstance(scalar, Real):
        raise SpecError(f"{name}={shown(value)}: pass a real number")
    try:
        number = float(scalar)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise SpecError(f"{name}={shown(value)}: pass a finite number that float64 can hold")
    return number + 0.0  # -0.0 and 0.0 mean the same weights: keep one of them


def _scalar(name: str, array: Any) -> Any:
    """Return the element of an array of rank 0 as a Python object, None where it has none."""
    try:
        # TensorFlow's tensors and Keras' variables have no item().
        return array.item() if hasattr(array, "item") else np.asarray(array).item()
    except Exception as error:  # a traced array, one on the meta device, a variable of no numbers
        raise SpecError(
            f"{name} is {with_article(type(array).__name__)} without a value: a spec is made of "
            "numbers that are known before anything is traced; pass a Python float"
        ) from error


def positive(name: str, value: object) -> float:
    """Return `value` as a float; raise SpecError where it is not finite and above 0."""
    number = finite(name, value)
    if number <= 0:
        raise SpecError(f"{name}={shown(value)}: pass a number above 0")
    return number
