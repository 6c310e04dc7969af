"""How often two right draws are one: what makes a coincidence incredible."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy import special

from initspec_conformance.checks.matrices import frame_of
from initspec_conformance.expected.arrays import Values
from initspec_conformance.expected.expected import Expected
from initspec_conformance.expected.laws import EntryLaw
from initspec_conformance.expected.rounding import Rounded

LATTICES = {"float32": 2.0**-22, "float64": 2.0**-44}
"""Generators make float32 numbers of 23 bits, at the least; a sign folded away leaves 22.

Of float64 numbers 52, of which 8 are left to chance.
"""


def coincidence(expected: Expected) -> float:
    """Return a bound of P(|x| = |y|) for two right entries in the dtype, on any lattice."""
    assert expected.law is not None
    if expected.narrow:
        masses = sizes(expected.rounded)
        return min(1.0, float(masses @ masses))
    return min(1.0, max(LATTICES[expected.dtype], 2 * _density(expected.law, expected.dtype)))


def sizes(rounded: Rounded) -> Values:
    """Return the probability of each absolute value of a 16-bit dtype, a bound from above."""
    masses = rounded.masses
    half = len(masses) // 2
    return masses[half:] + masses[:half][::-1]


@lru_cache(maxsize=256)
def _density(law: EntryLaw, dtype: str) -> float:
    """Return E[f(x) ulp(x)], the chance that two values are rounded to one."""
    x = law.frozen.ppf((np.arange(4096) + 0.5) / 4096)
    with np.errstate(over="ignore", under="ignore"):
        return float(np.mean(law.frozen.pdf(x) * np.spacing(np.abs(x).astype(dtype))))


def bits_of(expected: Expected) -> float:
    """Return -log2 of a bound of P(two draws of a weight have the same absolute values)."""
    if expected.family == "haar":
        frame = frame_of(expected)
        return expected.layout.stack * bits_of_matrix(expected, frame.rows, frame.columns)
    return -expected.entries * math.log2(coincidence(expected))


def bits_of_matrix(expected: Expected, rows: int, columns: int) -> float:
    """Return how many bits of chance a Haar matrix has, its signs aside: a bound from below.

    It has rows * columns - columns (columns + 1) / 2 degrees of freedom; each is worth the bits of
    its dtype, less some for the sizes that occur seldom, and for the signs.
    """
    freedom = rows * columns - columns * (columns + 1) // 2
    return freedom * (-math.log2(expected.unit) - 4)


def bits_of_multiset(expected: Expected, n: int) -> float:
    """Return -log2 of a bound of P(n right entries and n others are the same sizes, in any order).

    Wide: n! orders, each as unlikely as the other. In 16 bits each size has a cell of mass p, whose
    count is Poisson(n p) but for the sum of them, which is n: so P <= prod_i P(two such counts are
    equal) / P(the sum is n)^2, and the former is exp(-2 n p) I_0(2 n p).
    """
    if not expected.narrow:
        return -n * math.log2(coincidence(expected)) - math.lgamma(n + 1) / math.log(2)
    return _bits_of_counts(expected.rounded, n) - math.log2(2 * math.pi * (n + 1))


@lru_cache(maxsize=32)
def _bits_of_counts(rounded: Rounded, n: int) -> float:
    """Return -log2 of P(two independent Poisson counts of each size are equal)."""
    return float(-np.log2(special.ive(0, 2 * n * sizes(rounded))).sum())
