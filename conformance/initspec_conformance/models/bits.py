"""Which elements of a parameter are not those of a seed."""

from __future__ import annotations

import numpy as np

from initspec.models.assignment import Assignment
from initspec.models.locked import Locked
from initspec_conformance.expected.arrays import Array

CLOSE = 1e-6
"""How far an orthogonal weight may be off, in units of its gain: LAPACK's last bits differ."""


def differing(
    assignment: Assignment, values: Array, seed: int, name: str
) -> tuple[int, tuple[int, ...]]:
    """Return how many elements differ from those of a seed, and the index of the first.

    Bit for bit; what depends on LAPACK, or is computed from other parameters, by value.
    """
    locked = Locked.of(assignment, name)
    specs = [assignment.spec, *(part.spec for part in assignment.parts)]
    gains = [s.gain for s in specs if s is not None and not s.distribution.exact]
    by_value = bool(gains) or assignment.parameter.computed
    count, first = 0, ()
    for index, block in locked.blocks(seed):
        there = values[index]
        if by_value:
            wide = block.astype(np.float64)
            allowed = CLOSE * max(gains, default=0.0) + 4 * locked.kind.eps * np.abs(wide)
            wrong = ~(np.abs(there.astype(np.float64) - wide) <= allowed)
        else:
            wrong = _bits(there) != _bits(block)
        here = int(np.count_nonzero(wrong))
        if here and not count:
            at = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
            first = tuple(int(i) + s.start for i, s in zip(at, index, strict=True))
        count += here
    return count, first


def _bits(values: Array) -> Array:
    return np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}").reshape(values.shape)
