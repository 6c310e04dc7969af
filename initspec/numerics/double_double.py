"""Double-double arithmetic: an unevaluated sum of two float64, good for 31 digits.

Every operation is made of IEEE-754 additions and multiplications, each rounded by itself, so the
result is the same on every machine. Dekker (1971), "A floating-point technique for extending the
available precision"; Knuth, TAOCP volume 2, section 4.2.2, theorems B and C.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SPLIT = 2.0**27 + 1


class Pair(NamedTuple):
    """high + low, elementwise, |low| at most half an ulp of high."""

    high: Any
    low: Any

    def __neg__(self) -> Pair:
        return Pair(-self.high, -self.low)


def pair(x: Decimal) -> Pair:
    """Return `x` to twice the digits of float64."""
    high = float(x)
    return Pair(high, float(x - Decimal(high)))


def two_sum(a: Any, b: Any) -> Pair:
    """Return a + b for float64 a and b, exactly."""
    total = a + b
    part = total - a
    return Pair(total, (a - (total - part)) + (b - part))


def _quick_two_sum(a: Any, b: Any) -> Pair:
    """Return a + b, where |a| >= |b|."""
    total = a + b
    return Pair(total, b - (total - a))


def two_product(a: Any, b: Any) -> Pair:
    """Return a * b for float64 a and b, exactly, unless a part of it is too small or large."""
    whole = a * b
    t = _SPLIT * a
    a1 = t - (t - a)
    a2 = a - a1
    t = _SPLIT * b
    b1 = t - (t - b)
    b2 = b - b1
    return Pair(whole, ((a1 * b1 - whole) + a1 * b2 + a2 * b1) + a2 * b2)


def add(a: Pair, b: Pair) -> Pair:
    """Return a + b, to a relative 2^-104 unless it cancels."""
    high, low = two_sum(a.high, b.high)
    tail, rest = two_sum(a.low, b.low)
    high, low = _quick_two_sum(high, low + tail)
    return _quick_two_sum(high, low + rest)


def times(a: Pair, b: Any) -> Pair:
    """Return a * b for a float64 `b`, to a relative 2^-104."""
    high, low = two_product(a.high, b)
    return _quick_two_sum(high, low + a.low * b)


def product(a: Pair, b: Pair) -> Pair:
    """Return a * b, to a relative 2^-101."""
    high, low = two_product(a.high, b.high)
    return _quick_two_sum(high, low + (a.high * b.low + a.low * b.high))


def quotient(a: Pair, b: Pair) -> Pair:
    """Return a / b, to a relative 2^-100."""
    high = a.high / b.high
    rest = add(a, -times(b, high))
    return _quick_two_sum(high, rest.high / b.high)
