"""Fingerprints of a parameter: hashes of its rows and columns, and its leading elements.

Two rows of equal sizes have equal hashes, whatever their signs and whichever parameter they are
of; two parameters drawn from one stream have proportional leading elements, whatever their shapes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from initspec_conformance.checks.coincidence import coincidence
from initspec_conformance.expected.arrays import Array, Values
from initspec_conformance.expected.expected import Expected
from initspec_conformance.models.pieces import BLOCK

ENOUGH = 100
"""How many bits of chance a row has, so that none of 2^20 rows is another by chance."""

LEADING = 256
"""How many leading elements are kept."""

Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Fingerprint:
    """What is kept of a parameter to find its copies.

    Attributes:
        path: its path.
        rows: the hash of each row, as `matrix` has them; 0 of what is 0.
        columns: the hash of each column; empty where they are too short.
        leading: the first elements.
    """

    path: str
    rows: Hashes
    columns: Hashes
    leading: Values


def fingerprint(path: str, values: Array, expected: Expected) -> Fingerprint | None:
    """Return the fingerprint of random values; None where they are too few to be told apart."""
    least = shortest(expected)
    if values.size < least:
        return None
    whole = matrix(values, least)
    n, width = whole.shape
    rows = np.zeros(n, np.uint64)
    columns = np.zeros(width if n >= least else 0, np.uint64)
    weights = _weights(width)
    step = max(BLOCK // width, 1)
    for start in range(0, n, step):
        mixed = _mixed(whole[start : start + step])
        rows[start : start + step] = np.einsum("ij,j->i", mixed, weights)
        if len(columns):
            columns += np.einsum("ij,i->j", mixed, _weights(n)[start : start + step])
    leading = values.reshape(-1)[:LEADING].astype(np.float64)
    return Fingerprint(path, rows, columns, leading)


def shortest(expected: Expected) -> int:
    """Return how many elements make a row that no other is by chance."""
    return max(8, math.ceil(ENOUGH / -math.log2(coincidence(expected))))


def matrix(values: Array, least: int) -> Array:
    """Return values as rows: of as few of the last axes as have `least` elements."""
    width = 1
    for size in reversed(values.shape):
        width *= size
        if width >= least:
            break
    return values.reshape(-1, width)


def _mixed(values: Array) -> Hashes:
    """Return 64 bits for each absolute value, 0 for 0."""
    bits = np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}")
    mixed = bits.astype(np.uint64)
    mixed &= np.uint64((1 << (8 * values.dtype.itemsize - 1)) - 1)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    return mixed


@lru_cache(maxsize=4)
def _all_weights(power: int) -> Hashes:
    return np.random.Generator(np.random.Philox(key=0xF1)).integers(
        1 << 62, size=1 << power, dtype=np.uint64
    ) * np.uint64(2) + np.uint64(1)


def _weights(n: int) -> Hashes:
    """Return n odd numbers: the same ones for rows and columns, so that a transpose is found."""
    return _all_weights(max(n - 1, 1).bit_length())[:n]
