"""Weights in which nothing is random, entry by entry: identity, dirac, constant, ramp and kin."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec import Constant, Dirac
from initspec.dtypes import FLOATS
from initspec_conformance.checks.base import Check, Evidence, Sums, deterministic
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.arrays import Array, Values
from initspec_conformance.expected.computed import COMPUTED
from initspec_conformance.expected.expected import Expected

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
    """Return the weight of a fixed family in logical order, [stack, out, in, kernel].

    Identity: w[i, i] = gain. Dirac: that at the centre of the receptive field, (size - 1) // 2 on
    each kernel axis, and 0 elsewhere: Zagoruyko & Komodakis (2017), eq. 6.
    """
    layout = expected.layout
    shape = layout.stack, layout.out, layout.in_, layout.taps
    compute = COMPUTED.get(type(expected.spec.distribution))
    if compute is not None:
        return np.broadcast_to(compute(expected.spec, layout), shape)
    whole = np.zeros(shape)
    family = expected.spec.distribution
    if isinstance(family, Constant):
        whole[...] = family.value
        return whole
    centre = 0
    if isinstance(family, Dirac):
        places = [(size - 1) // 2 for size in layout.kernel]
        centre = int(np.ravel_multi_index(places, layout.kernel))
    same = np.arange(min(layout.out, layout.in_))
    whole[:, same, same, centre] = expected.spec.gain
    return whole
