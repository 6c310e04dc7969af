"""exp, log, sin, cos and the inverse of softplus: the float64 nearest to the real number.

Libm's and NumPy's differ in the last bit from machine to machine. These are series in
double-double, whose operations IEEE-754 rounds correctly, good to a relative 2^-88. Where that
leaves open which float64 is nearest, once in some 2^34 arguments, `decimal` decides (Ziv 1991,
"Fast evaluation of elementary mathematical functions with correctly rounded last bit").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from initspec.numerics import decimals
from initspec.numerics.double_double import (
    Pair,
    add,
    pair,
    product,
    quotient,
    times,
    two_product,
    two_sum,
)

Floats = NDArray[np.float64]

_BLOCK = 1 << 13
"""Elements at a time: few enough for the temporaries to stay in the cache."""
_ERROR = 2.0**-88
"""A bound of the relative error of every value in double-double."""


class _Value(NamedTuple):
    """A value in double-double, and what its absolute error may be beyond the relative one."""

    pair: Pair
    error: Floats | float = 0.0


def exp(x: ArrayLike) -> Floats:
    """Return e^x, elementwise, correctly rounded.

    >>> float(exp(1.0))
    2.718281828459045
    """
    return _nearest(_exp, decimals.exp, x)


def log(x: ArrayLike) -> Floats:
    """Return the natural logarithm, elementwise, correctly rounded; of 0 -inf, below nan.

    >>> float(log(10.0))
    2.302585092994046
    """
    return _nearest(_log, decimals.log, x)


def inverse_softplus(x: ArrayLike) -> Floats:
    """Return log(e^x - 1), elementwise, correctly rounded; of 0 -inf, below nan.

    >>> float(inverse_softplus(0.001))
    -6.9072552373154705
    """
    return _nearest(_inverse_softplus, decimals.inverse_softplus, x)


def sin(x: ArrayLike) -> Floats:
    """Return the sine of x radians, elementwise, correctly rounded; slowly beyond 2^31.

    >>> float(sin(1e6))
    -0.34999350217129294
    """
    return _nearest(lambda x: _sin(x, 0), decimals.sin, x)


def cos(x: ArrayLike) -> Floats:
    """Return the cosine of x radians, elementwise, correctly rounded; slowly beyond 2^31.

    >>> float(cos(1e6))
    0.9367521275331447
    """
    return _nearest(lambda x: _sin(x, 1), decimals.cos, x)


def _nearest(
    function: Callable[[Floats], _Value], exact: decimals.Function, x: ArrayLike
) -> Floats:
    numbers = np.asarray(x, np.float64)
    flat = numbers.ravel()
    values = np.empty_like(flat)
    with np.errstate(all="ignore"):
        for start in range(0, len(flat), _BLOCK):
            block = flat[start : start + _BLOCK]
            (high, low), error = function(block)
            error = error + _ERROR * np.abs(high)
            # As high is the float64 nearest to high + low, it is that of the real number too where
            # an error either way does not change it.
            open_ = (high + (low - error) != high) | (high + (low + error) != high)
            for i in np.flatnonzero(open_ & np.isfinite(high)):
                high[i] = decimals.nearest(exact, float(block[i]))
            values[start : start + _BLOCK] = high
    return values.reshape(numbers.shape)


def _table(terms: int, term: Callable[[int], Decimal]) -> list[Pair]:
    """Return the first terms of a sequence in double-double."""
    with decimals.digits_of(40):
        return [pair(term(n)) for n in range(terms)]


_LOG2 = _table(1, lambda _: Decimal(2).ln())[0]
_EXP = _table(23, lambda n: 1 / Decimal(math.factorial(n + 1)))
_ATANH = _table(21, lambda n: 1 / Decimal(2 * n + 1))
_SIN = _table(15, lambda n: (-1) ** n / Decimal(math.factorial(2 * n + 1)))
_COS = _table(15, lambda n: (-1) ** n / Decimal(math.factorial(2 * n)))


def _thirds() -> Iterator[float]:
    """Yield three float64 that add up to pi / 2, to 2^-161."""
    with decimals.digits_of(80):
        rest = decimals.pi(80) / 2
        for _ in range(3):
            yield float(rest)
            rest -= Decimal(float(rest))


_PI_HALVES = tuple(_thirds())
_FARTHEST = 2.0**31


def _series(coefficients: list[Pair], x: Pair, exact: int) -> Pair:
    """Return the sum of coefficients[n] * x^n; the terms from `exact` on in float64.

    Those are to be below 2^-44 of the sum, so that their rounding is below 2^-94.
    """
    tail = coefficients[-1].high
    for coefficient in reversed(coefficients[exact:-1]):
        tail = tail * x.high + coefficient.high
    total = Pair(tail, np.zeros_like(tail))
    for coefficient in reversed(coefficients[:exact]):
        total = add(product(total, x), coefficient)
    return total


def _reduced(x: Floats) -> tuple[Floats, Pair]:
    """Return k and e^r - 1 in double-double, where x = k log 2 + r and |r| <= log(2) / 2."""
    k = np.rint(x / _LOG2.high)
    r = add(Pair(x, np.zeros_like(x)), -times(_LOG2, k))
    return k, product(r, _series(_EXP, r, 12))


def _exp(x: Floats) -> _Value:
    k, less_one = _reduced(np.clip(x, -746.0, 710.0))
    power = add(less_one, Pair(1.0, 0.0))
    # The low part of what is as small as 2^-950 is itself rounded to a multiple of 2^-1074; where
    # the high part is subnormal it has lost bits too. Below -745.14 all is 0.
    rounded = np.where(x < -708, np.inf, 2.0**-1074)
    return _Value(_scaled(power, k), np.where((x < -650) & (x > -745.14), rounded, 0.0))


def _scaled(value: Pair, k: Floats) -> Pair:
    exponent = np.nan_to_num(k).astype(np.int32)
    return Pair(np.ldexp(value.high, exponent), np.ldexp(value.low, exponent))


def _log(x: Floats) -> _Value:
    value = _log_of(Pair(x, np.zeros_like(x)))
    return _Value(_with_ends(value, x))


def _with_ends(value: Pair, x: Floats) -> Pair:
    """Return the logarithm: -inf where x is 0, nan below, inf where x is."""
    ends = np.where(x == 0, -np.inf, np.where(x > 0, x, np.nan))
    inside = (x > 0) & (x < np.inf)
    return Pair(np.where(inside, value.high, ends), value.low)


def _log_of(x: Pair) -> Pair:
    """Return log x = k log 2 + 2 artanh((m - 1) / (m + 1)), x = 2^k m, 1/sqrt(2) <= m < sqrt(2)."""
    mantissa, exponent = np.frexp(x.high)
    exponent = np.where(mantissa < math.sqrt(0.5), exponent - 1, exponent)
    m = Pair(np.ldexp(x.high, -exponent), np.ldexp(x.low, -exponent))
    s = quotient(add(m, Pair(-1.0, 0.0)), add(m, Pair(1.0, 0.0)))
    part = product(s, _series(_ATANH, product(s, s), 9))
    part = Pair(2 * part.high, 2 * part.low)
    return add(times(_LOG2, exponent.astype(np.float64)), part)


def _inverse_softplus(x: Floats) -> _Value:
    k, less_one = _reduced(np.clip(x, 0.0, 50.0))
    power = add(less_one, Pair(1.0, 0.0))
    grown = add(_scaled(power, k), Pair(-1.0, 0.0))
    grown = _where(k == 0, less_one, grown)
    # Near x = log 2 the logarithm is near 0, and what e^x - 1 is off by counts in full.
    value, error = _log_of(grown), np.where(np.abs(x - 0.7) < 0.1, 2.0**-96, 0.0)
    # log(e^x - 1) is log x + x/2 + x^2/24 - x^4/2880 ... and x - e^-x - e^-2x/2 ...
    zeros = np.zeros_like(x)
    small = add(_log_of(Pair(x, zeros)), two_sum(x / 2, x * x / 24))
    large = two_sum(x, -np.exp(-x))
    value = _where(x < 2.0**-26, small, _where(x > 45, large, value))
    return _Value(_with_ends(value, x), error)


def _where(mask: NDArray[np.bool_], a: Pair, b: Pair) -> Pair:
    return Pair(np.where(mask, a.high, b.high), np.where(mask, a.low, b.low))


def _sin(x: Floats, quarters: int) -> _Value:
    """Return the sine of x plus some quarters of a turn."""
    far = ~(np.abs(x) <= _FARTHEST)
    near = np.where(far, 0.0, x)
    k = np.rint(near / _PI_HALVES[0])
    first, second, third = (two_product(k, part) for part in _PI_HALVES)
    r = add(two_sum(near - first.high, -first.low), -second)  # the difference is exact
    r = add(r, -third)
    square = product(r, r)
    quadrant = (k.astype(np.int64) + quarters) % 4
    even = quadrant % 2 == 0
    value = _where(even, product(r, _series(_SIN, square, 8)), _series(_COS, square, 9))
    value = _where(quadrant < 2, value, -value)
    high = np.where(np.isfinite(x), value.high, np.nan)
    return _Value(Pair(high, value.low), np.where(far, np.inf, np.abs(k) * 2.0**-150))
