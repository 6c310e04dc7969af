"""The quantile function of a truncated normal as a table of chords, from which the stream draws.

A draw is a signed number x: q = |x| / 2^n (n = 32, or 64 for float64) is the probability of the
tail on the side of its sign. Each binade of q is cut into 256 cells. On a cell [q0, q1] the
quantile function Q becomes a line with the slope of its chord and, by Simpson's rule, its mean:

    slope = (Q(q1) - Q(q0)) / (q1 - q0)
    value = (Q(q0) + 4 Q((q0 + q1) / 2) + Q(q1)) / 6       at the middle of the cell

so that each cell keeps its share of the mean to fourth order. Every Q here is the float64 nearest
to the real number; `docs/portable-stream.md` has the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from initspec.numerics import decimals, gaussian
from initspec.numerics.double_double import Pair, add, pair, times

Floats = NDArray[np.float64]

CELL_BITS = 8
"""A binade of q has 2^CELL_BITS cells."""

# Anchors of the Taylor series of the normal tail, every 1/4 from -1 to 11.5: the farthest knot, of
# a law that keeps no more than 1e-9 of the normal, leaves 1e-9 * 2^-64, which lies beyond 11.1.
# With |step| <= 1/8, 34 terms leave less than 1e-33 of it.
_SPACING, _FIRST, _LAST, _TERMS = 4, -4, 46, 34
_DIGITS = 80


@dataclass(frozen=True)
class Cells:
    """The lines, [2, cells]: row 0 for positive x, row 1 for negative, cells by growing |x|.

    The last cell holds |x| = 2^(n-1) alone, the median.

    Attributes:
        value: the line at the middle of its cell.
        slope: its slope, an x apart.
        middle: the x in the middle of the cell.
        edges: [2, cells, 2]: the least and the largest |x| of each cell, with sign, as reals.
    """

    value: Floats
    slope: Floats
    middle: Floats
    edges: Floats


@lru_cache(maxsize=64)
def cells(lower: float, upper: float, bits: int) -> Cells:
    """Return the lines of N(0, 1) conditioned on [lower, upper], infinite bounds included.

    Args:
        lower: the lower bound, in standard deviations.
        upper: the upper bound, above it.
        bits: 32 or 64, the bits of a draw.
    """
    left = knots(lower, upper, bits)
    right = left if -lower == upper else knots(-upper, -lower, bits)
    q = tails(bits) * 2.0**bits
    start, stop = q[:-1:2], q[2::2]
    middle = q[1::2]
    sides = [-right, left]
    value, slope, middles, edges = [], [], [], []
    for sign, knot in zip((1.0, -1.0), sides, strict=True):
        a, m, b = knot[:-1:2], knot[1::2], knot[2::2]
        value.append(np.append((a + 4 * m + b) / 6, knot[-1]))
        slope.append(np.append(sign * (b - a) / (stop - start), 0.0))
        middles.append(sign * np.append(middle, q[-1]))
        edges.append(sign * np.stack([np.append(start, q[-1]), np.append(stop, q[-1])], axis=-1))
    return Cells(*map(np.array, (value, slope, middles, edges)))


def tails(bits: int) -> Floats:
    """Return the q at which Q is tabulated: 2^-bits to 1/2, the middles of cells between."""
    steps = np.arange(bits * 2 ** (CELL_BITS + 1) - 2 ** (CELL_BITS + 1) + 1)
    binade, part = np.divmod(steps, 2 ** (CELL_BITS + 1))
    q: Floats = np.ldexp(1 + part / 2 ** (CELL_BITS + 1), binade - bits)
    return q


def knots(lower: float, upper: float, bits: int) -> Floats:
    """Return Q(q) for q in `tails(bits)`, each the float64 nearest to the real number.

    Q(q) is the z with Phi(z) = Phi(lower) + q * mass. It is sought in the tail where it can be
    resolved: of -z for a negative lower bound, of z otherwise.
    """
    q = tails(bits)
    with decimals.digits_of(_DIGITS):
        below = gaussian.integral(_within(lower))
        # Next to 0 the tail is computed from what is missing to 1/2.
        if lower < 0:
            step = times(pair(_tail(-upper) - _tail(-lower)), q)
            target, missing = add(step, pair(_tail(-lower))), add(-step, pair(-below))
        else:
            step = times(pair(_tail(lower) - _tail(upper)), q)
            target, missing = add(-step, pair(_tail(lower))), add(step, pair(below))
    z = _inverse_tail(target, missing)
    if lower == -upper:
        z[-1] = 0.0  # the median, of which double-double can leave 1e-33
    return -z if lower < 0 else z


def _inverse_tail(target: Pair, missing: Pair) -> Floats:
    """Return the t with P(Z > t) = target = 1/2 - missing, rounded once."""
    anchors, high, low = _series()
    t: Floats = np.interp(-np.log(target.high), -np.log(high[:, 0]), anchors)
    t = np.where(abs(missing.high) < 1 / 64, missing.high * math.sqrt(2 * math.pi), t)
    # From 1e-3 by Halley's cubic steps: 1e-8, 1e-16, and the last one rounds. Its residual needs
    # all of double-double; the step, being small, does not.
    for last in (False, False, True):
        row = np.rint(t * _SPACING).astype(np.intp) - _FIRST
        step = t - anchors[row]  # exact: t lies within a factor of two of its anchor, or that is 0
        gap = add(Pair(high[row, 0], low[row, 0]), -target)
        centre = row == -_FIRST
        gap = Pair(np.where(centre, missing.high, gap.high), np.where(centre, missing.low, gap.low))
        if last:
            total = Pair(high[row, -1], low[row, -1])
            for n in reversed(range(1, _TERMS)):
                total = add(times(total, step), Pair(high[row, n], low[row, n]))
            residual = add(times(total, step), gap).high
        else:
            series = high[row, -1]
            for n in reversed(range(1, _TERMS)):
                series = series * step + high[row, n]
            residual = series * step + gap.high
        newton = residual / (np.exp(-t * t / 2) / math.sqrt(2 * math.pi))
        t += newton * (1 + t * newton / 2)
    return t


@cache
def _series() -> tuple[Floats, Floats, Floats]:
    """Return anchors t, and the Taylor coefficients of P(Z > t + step) in step as two float64.

    The n-th derivative of the density is (-1)^n He_n(t) times itself, He_n the Hermite polynomials
    of probability theory.
    """
    anchors = np.arange(_FIRST, _LAST + 1) / _SPACING
    rows = []
    with decimals.digits_of(_DIGITS):
        for anchor in anchors:
            t = Decimal(float(anchor))
            row = [_tail(float(anchor))]
            factor = -gaussian.density(t)
            before, hermite = Decimal(0), Decimal(1)
            for n in range(_TERMS):
                row.append(factor * hermite / (n + 1))
                before, hermite = hermite, t * hermite - n * before
                factor = -factor / (n + 1)
            rows.append([pair(c) for c in row])
    table = np.array(rows)
    return anchors, np.ascontiguousarray(table[..., 0]), np.ascontiguousarray(table[..., 1])


def _within(t: float) -> Decimal:
    """Return `t`, or 16 with its sign, which is as good as infinity: beyond lies 1e-57."""
    return Decimal(max(-16.0, min(16.0, t)))


def _tail(t: float) -> Decimal:
    """Return P(Z > t) in the precision of the context."""
    return Decimal("0.5") - gaussian.integral(_within(t)) if abs(t) < 16 else Decimal(int(t < 0))
