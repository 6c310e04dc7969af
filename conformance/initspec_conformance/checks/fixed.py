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
from initspec_conformance.expected.computed import COMPUTED, errors_of
from initspec_conformance.expected.expected import Expected
from initspec_conformance.expected.parts import places_of_ones


class Fixed(Check):
    """Every entry is the one that the family fixes."""

    name = "fixed"
    group = "fixed values"
    asserts = (
        "every entry is the value that the spec fixes, rounded to the dtype; tables of positions "
        "and their like as exactly as float32 arithmetic has them"
    )
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
    # Models compute such entries in float32, those of float64 apart; so may a backend.
    wide = "float64" if expected.dtype == "float64" else "float32"
    unit = FLOATS[wide].eps / 2
    rounding = np.maximum(expected.unit * np.abs(values), FLOATS[expected.dtype].smallest)
    off = np.abs(drawn.astype(np.float64) - values)
    return np.asarray(~(off <= rounding + unit * errors_of(expected.spec, values)))


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
