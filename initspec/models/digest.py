"""The hash of an array, block by block."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIRST = 1 << 16
"""The elements that the hash of a first block is of."""


class Digest:
    """The SHA-256 of an array, block by block in row-major order, little-endian.

    Args:
        first: whether it is of the first 65,536 elements alone.
    """

    def __init__(self, first: bool) -> None:
        self._hash, self._left = hashlib.sha256(), FIRST if first else None

    @property
    def full(self) -> bool:
        """Whether no further element counts."""
        return self._left == 0

    def update(self, block: NDArray[Any]) -> None:
        """Count in a block."""
        flat = block.reshape(-1)[: self._left]
        if self._left is not None:
            self._left -= flat.size
        self._hash.update(bytes_of(flat))

    def hex(self) -> str:
        """Return the hash in hexadecimal digits."""
        return self._hash.hexdigest()


def hash_of(blocks: Iterable[NDArray[Any]], first: bool) -> str:
    """Return the SHA-256 of an array's blocks in row-major order, or of its first elements."""
    digest = Digest(first)
    for block in blocks:
        digest.update(block)
        if digest.full:
            break
    return digest.hex()


def bytes_of(block: NDArray[Any]) -> memoryview:
    """Return the elements in row-major order, little-endian."""
    contiguous = np.ascontiguousarray(little_endian(block))
    return contiguous.reshape(-1).view(np.uint8).data


def little_endian(array: NDArray[Any]) -> NDArray[Any]:
    """Return the bytes of a little-endian array, from those of this machine or to them."""
    return array if sys.byteorder == "little" else array.byteswap()
