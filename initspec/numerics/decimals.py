"""exp, log, sin, cos and the inverse of softplus in as many decimal digits as it takes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    localcontext,
)
from functools import cache

Function = Callable[[Decimal, int], Decimal]
"""Takes x and a number of digits, to which its value is right."""

_DIGITS = 40
_GUARD = 60
"""Further digits, more than a float64 next to a multiple of pi / 2, or to log 2, cancels."""


def digits_of(count: int) -> AbstractContextManager[Context]:
    """Return a context of so many digits: the caller's traps, rounding and exponents do not count.

    A float becomes a Decimal within it too: a caller may have trapped `FloatOperation`.
    """
    traps = [DivisionByZero, InvalidOperation, Overflow]
    return localcontext(Context(count, ROUND_HALF_EVEN, -999999, 999999, 1, 0, [], traps))


def nearest(function: Function, x: float) -> float:
    """Return the float64 nearest to function(x), by more and more digits until they decide.

    They do: of a float64 but 0 (but 1, for log) these functions are transcendental, so that no
    value lies in the middle between two float64.
    """
    digits = _DIGITS
    while True:
        with digits_of(digits + 5):
            value = function(Decimal(x), digits)
            slack = abs(value).scaleb(1 - digits)
            low, high = float(value - slack), float(value + slack)
        if low == high:
            return low
        digits *= 2


def exp(x: Decimal, digits: int) -> Decimal:
    """Return e^x."""
    with digits_of(digits):
        return x.exp()


def log(x: Decimal, digits: int) -> Decimal:
    """Return the natural logarithm of x > 0."""
    with digits_of(digits):
        return x.ln()


def inverse_softplus(x: Decimal, digits: int) -> Decimal:
    """Return log(e^x - 1), x > 0."""
    with digits_of(digits + _GUARD + max(0, -x.adjusted())):
        return x + (1 - (-x).exp()).ln()  # e^x may be beyond decimal


def sin(x: Decimal, digits: int) -> Decimal:
    """Return the sine of x radians."""
    return _sin(x, digits, 0)


def cos(x: Decimal, digits: int) -> Decimal:
    """Return the cosine of x radians."""
    return _sin(x, digits, 1)


def _sin(x: Decimal, digits: int, quarters: int) -> Decimal:
    """Return the sine of x plus some quarters of a turn."""
    with digits_of(digits + _GUARD + max(0, x.adjusted())) as context:
        turns = (2 * x / pi(context.prec)).to_integral_value()
        rest = x - turns * pi(context.prec) / 2
        quadrant = int(turns + quarters) % 4
        term = total = rest if quadrant % 2 == 0 else Decimal(1)
        n = 1 - quadrant % 2
        while abs(term) > abs(total).scaleb(-context.prec):
            n += 2
            term = -term * rest * rest / (n * (n - 1))
            total += term
        return total if quadrant < 2 else -total


@cache
def pi(digits: int) -> Decimal:
    """Return pi = 16 arctan(1/5) - 4 arctan(1/239) (Machin 1706).

    >>> print(pi(20))
    3.1415926535897932385
    """
    with digits_of(digits + 10) as context:
        value = 16 * _arctan_of_inverse(5) - 4 * _arctan_of_inverse(239)
        context.prec = digits
        return +value


def _arctan_of_inverse(n: int) -> Decimal:
    """Return arctan(1/n) in the precision of the context."""
    power = total = Decimal(1) / n
    odd = 1
    while total + power != total:
        odd += 2
        power = -power / (n * n)
        total += power / odd
    return total
