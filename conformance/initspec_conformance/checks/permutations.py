"""Exact moments of sums over the zeros of a slice, whose places are uniformly random.

Of E places z are zero: J is 1 at these, p = z / E their share. The places are a random permutation,
and so all a little dependent.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from initspec_conformance.expected.arrays import Values

Lengths = NDArray[np.int_]


def of_distances(entries: int, zeros: int, distances: Lengths) -> tuple[Values, Values, Values]:
    """Return mean, variance and third central moment of sum_i (J_i - p) (J_i+d - p) of a slice.

    The pairs i, i + d are the steps of paths: of one step there are E - d, of two E - 2 d, of
    three E - 3 d. Powers of the sum are sums over steps that are one, adjacent or apart.
    """

    def e(*powers: int) -> float:
        return float(_product(entries, zeros, powers))

    ones, twos, threes = (
        np.maximum(entries - k * distances, 0).astype(np.float64) for k in (1, 2, 3)
    )
    apart = ones * (ones - 1) - 2 * twos
    mean = ones * e(1, 1)
    second = ones * e(2, 2) + 2 * twos * e(1, 2, 1) + apart * e(1, 1, 1, 1)
    beside = twos * (ones - 2) - 2 * threes
    none = ones * (ones - 1) * (ones - 2) / 6 - threes - beside
    third = ones * e(3, 3) + 3 * (2 * twos * e(2, 3, 1) + apart * e(2, 2, 1, 1))
    third += 6 * (threes * e(1, 2, 2, 1) + beside * e(1, 2, 1, 1, 1) + none * e(1, 1, 1, 1, 1, 1))
    variance = second - mean**2
    return mean, variance, third - 3 * mean * variance - mean**3


def of_waves(entries: int, zeros: int) -> tuple[Values, Values, Values]:
    """Return mean, variance and third central moment of a slice's power at 1, 2, ... E / 2 waves.

    They are alike at all frequencies but E / 2 and E / 3, of which waves' powers are none.
    """
    waves = np.arange(1, entries // 2 + 1)
    moments = np.empty((3, len(waves)))
    for turns in (0, 2, 3):
        alike = turns * waves % entries == 0 if turns else slice(None)
        first, second, third = (_raised(entries, zeros, k, turns) for k in (1, 2, 3))
        central = first, second - first**2, third - 3 * first * second + 2 * first**3
        moments[:, alike] = np.array([float(moment) for moment in central])[:, None]
    return moments[0], moments[1], moments[2]


@lru_cache(maxsize=256)
def _raised(entries: int, zeros: int, power: int, turns: int) -> Fraction:
    """Return the mean of |sum_i (J_i - p) w^i|^(2 power), w a root of unity with w^turns = 1.

    A sum over 2 `power` places, those of the first half with w^i and the others with w^-i: by which
    of them are one place. A sum over different places is one over any, by Moebius' inversion, and
    the sum of w^ki is E where w^k = 1 and else 0.
    """
    total = Fraction(0)
    for blocks in _partitions(2 * power):
        signs = [sum(1 if i < power else -1 for i in block) for block in blocks]
        count = 0
        for joined in _partitions(len(blocks)):
            term = 1
            for block in joined:
                whole = sum(signs[i] for i in block)
                meets = whole == 0 or (turns > 0 and whole % turns == 0)
                term *= (-1) ** (len(block) - 1) * math.factorial(len(block) - 1)
                term *= entries if meets else 0
            count += term
        total += count * _product(entries, zeros, tuple(sorted(map(len, blocks))))
    return total


@lru_cache(maxsize=8)
def _partitions(n: int) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """Return the ways to part 0, ..., n - 1 into blocks."""
    if n == 0:
        return ((),)
    partitions = []
    for blocks in _partitions(n - 1):
        partitions.append((*blocks, (n - 1,)))
        for i, block in enumerate(blocks):
            partitions.append((*blocks[:i], (*block, n - 1), *blocks[i + 1 :]))
    return tuple(partitions)


@lru_cache(maxsize=256)
def _product(entries: int, zeros: int, powers: tuple[int, ...]) -> Fraction:
    """Return E prod (J_i - p)^a_i over different places, J being 1 at zeros and p their share."""
    p = Fraction(zeros, entries)
    mean = Fraction(0)
    for chosen in product((True, False), repeat=len(powers)):
        left = {True: zeros, False: entries - zeros}
        term = Fraction(1)
        for i, (zero, power) in enumerate(zip(chosen, powers, strict=True)):
            if entries == i:  # more places than there are: they occur in no sum
                return Fraction(0)
            term *= Fraction(left[zero], entries - i) * (1 - p if zero else -p) ** power
            left[zero] -= 1
        mean += term
    return mean
