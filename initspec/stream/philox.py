"""Philox4x64-10: 256 bits of counter and a 128-bit key to 256 random bits.

Salmon, Moraes, Dror & Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", section 3.
NumPy's is the fastest over consecutive counters; this one takes any set of counters at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

MULTIPLIERS = 0xD2E7470EE14C6C93, 0xCA5A826395121157
WEYL = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B
ROUNDS = 10
_MASK = (1 << 64) - 1
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


def philox(key: tuple[int, int], counters: tuple[Words, Words, Words, Words]) -> Words:
    """Return the four words of each counter.

    Args:
        key: two 64-bit words.
        counters: the four 64-bit words of the counters, the least significant first, broadcast.

    Returns:
        [..., 4] words, in the order in which they are drawn.
    """
    a, b, c, d = counters
    k0, k1 = key
    for _ in range(ROUNDS):
        high0, low0 = _product(a, MULTIPLIERS[0])
        high1, low1 = _product(c, MULTIPLIERS[1])
        a, b, c, d = high1 ^ b ^ np.uint64(k0), low1, high0 ^ d ^ np.uint64(k1), low0
        k0, k1 = (k0 + WEYL[0]) & _MASK, (k1 + WEYL[1]) & _MASK
    return np.stack(np.broadcast_arrays(a, b, c, d), axis=-1)


def _product(words: Words, constant: int) -> tuple[Words, Words]:
    """Return the high and the low word of each 128-bit product."""
    high, low = words >> _HALF, words & _LOW
    c_high, c_low = np.uint64(constant >> 32), np.uint64(constant & 0xFFFFFFFF)
    carry = high * c_low + (low * c_low >> _HALF)
    middle = low * c_high + (carry & _LOW)
    return high * c_high + (carry >> _HALF) + (middle >> _HALF), words * np.uint64(constant)
