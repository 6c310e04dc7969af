"""The deterministic checks of the calls themselves, whatever is drawn."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator

import numpy as np

from initspec_conformance.checks.base import Evidence, deterministic
from initspec_conformance.checks.coincidence import bits_of
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.expected import Expected

CALLS = {
    "draws": "each draw returns finite values of the shape and dtype asked for, in time",
    "reproducible": "a seed drawn again gives the same bits",
    "distinct_seeds": "other seeds give other bits",
    "global_state": "the global random state is not moved",
}
"""What each of them asserts."""

GROUP = "reproducibility"


def is_random(expected: Expected) -> bool:
    """Whether different seeds must give different draws."""
    return expected.family not in ("fixed", "empty")


class CallChecks:
    """Hashes of the draws of a cell, in the order in which they came."""

    def __init__(self) -> None:
        self._first = b""
        self._sizes: list[bytes] = []

    @property
    def count(self) -> int:
        """The number of draws."""
        return len(self._sizes)

    def add(self, draw: Array) -> None:
        """Take a draw in: a copy with other signs is a copy too."""
        self._first = self._first or _hash(draw)
        self._sizes.append(_hash(np.abs(draw)))

    def evidence(
        self, expected: Expected, redrawn: Array, moved: str
    ) -> Iterator[tuple[str, Evidence]]:
        """Yield the verdicts: `redrawn` is a draw of the first seed, `moved` an error message."""
        n = self.count
        yield "draws", deterministic(0, n, f"{n} draws of finite values, shape and dtype right")
        differs = _hash(redrawn) != self._first
        bits = "other" if differs else "the same"
        message = f"the first seed, drawn again after {n} draws, gives {bits} bits"
        yield "reproducible", deterministic(differs, n, message)
        repeated = n - len(set(self._sizes))
        message = f"{repeated} of {n} draws of different seeds repeat the sizes of another"
        if not is_random(expected) or bits_of(expected) < 60 + 2 * math.log2(n):
            repeated, message = (
                0,
                f"a weight of {expected.size} has too few values to tell seeds apart",
            )
        yield "distinct_seeds", deterministic(repeated, n, message)
        message = moved or "the global random state is untouched"
        yield "global_state", deterministic(bool(moved), n, message)


def _hash(draw: Array) -> bytes:
    return hashlib.blake2b(draw.tobytes(), digest_size=16).digest()
