"""Weights in which nothing is random, entry by entry: identity, dirac, constant, ramp and kin."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec import Constant
from initspec.dtypes import FLOATS
from initspec_conformance.checks.base import Check, Evidence, Sums, deterministic
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.arrays import Array, Values
from initspec_conformance.expected.computed import COMPUTED
from initspec_conformance.expected.expected import Expected
from initspec_conformance.expected.parts import places_of_ones

_DIGITS = 2.0**-36
"""How far NumPy's values are from the exact ones, of the largest: an angle of 2^16 has 2^-37."""


class Fixed(Check):
    """Every entry is the one that the family fixes."""

    name = "fixed"
    group = "fixed values"
    asserts = "every entry is the value that the spec fixes, rounded to the dtype"
    null = "deterministic"
    families = ("fixed",)

    def measure(self, batch: Batch) -> Sums:
        wrong = differ(batch.expected, batch.logical, fixed_values(batch.expected))
        return Sums((int(wrong.sum()), batch.logical.size))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        wrong, n = state
        return deterministic(wrong, n, f"{wrong} of {n} entries are not the fixed ones")


def differ(expected: Expected, drawn: Array, values: Values) -> NDArray[np.bool_]:
    """Return where drawn entries are not these values, rounded to the dtype."""
    if type(expected.spec.distribution) not in COMPUTED:
        return np.asarray(drawn != values.astype(expected.numpy_dtype))
    # Where a value of the suite is beside a tie, its last digits decide the rounding.
    off = np.abs(drawn.astype(np.float64) - values)
    rounding = np.maximum(expected.unit * np.abs(values), FLOATS[expected.dtype].smallest)
    return np.asarray(~(off <= rounding + _DIGITS * np.abs(values).max()))


def fixed_values(expected: Expected) -> Values:
    """Return the weight of a fixed family in logical order, [stack, out, in, kernel]."""
    ones = places_of_ones(expected)
    family = expected.spec.distribution
    compute = COMPUTED.get(type(family))
    if compute is not None:
        return np.broadcast_to(compute(expected.spec, expected.layout), ones.shape)
    if isinstance(family, Constant):
        return np.full_like(ones, family.value)
    return ones * expected.spec.gain
