"""Weights in which nothing is random, entry by entry: identity, dirac and constant."""

from __future__ import annotations

from typing import Any

import numpy as np

from initspec import Constant, Dirac
from initspec_conformance.checks.base import Check, Evidence, Sums, deterministic
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.arrays import Values
from initspec_conformance.expected.expected import Expected


class Fixed(Check):
    """Every entry is the one that the family fixes."""

    name = "fixed"
    group = "fixed values"
    asserts = "every entry is the value that the spec fixes, rounded to the dtype"
    null = "deterministic"
    families = ("fixed",)

    def measure(self, batch: Batch) -> Sums:
        values = fixed_values(batch.expected).astype(batch.expected.numpy_dtype)
        return Sums((int((batch.logical != values).sum()), batch.logical.size))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        wrong, n = state
        return deterministic(wrong, n, f"{wrong} of {n} entries are not the fixed ones")


def fixed_values(expected: Expected) -> Values:
    """Return the weight of a fixed family in logical order, [stack, out, in, kernel].

    Identity: w[i, i] = gain. Dirac: that at the centre of the receptive field, (size - 1) // 2 on
    each kernel axis, and 0 elsewhere: Zagoruyko & Komodakis (2017), eq. 6.
    """
    layout = expected.layout
    whole = np.zeros((layout.stack, layout.out, layout.in_, layout.taps))
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
