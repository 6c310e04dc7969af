"""Weights in which nothing is random, entry by entry.

Those of identity, dirac and constant, and of a law that the dtype has one value for.
"""

from __future__ import annotations

import numpy as np

from initspec import Constant, Dirac
from initspec_conformance.checks.base import Accumulator, Check, Evidence, fact
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.arrays import Values
from initspec_conformance.expected.target import Target


class Fixed(Check):
    """Every entry is the one that the family fixes."""

    name = "fixed"
    asserts = "every entry is the value that the spec fixes, rounded to the dtype"
    null = "deterministic"
    families = ("fixed",)

    def start(self, target: Target) -> Accumulator:
        return _Fixed(target)


def fixed_values(target: Target) -> Values:
    """Return the weight of a fixed family in logical order, [stack, out, in, kernel].

    Identity: w[i, i] = gain. Dirac: that at the centre of the receptive field, (size - 1) // 2 on
    each kernel axis, and 0 elsewhere: Zagoruyko & Komodakis (2017), eq. 6.
    """
    layout = target.layout
    whole = np.zeros((layout.stack, layout.out, layout.in_, layout.taps))
    family = target.spec.distribution
    if target.only is not None:
        whole[...] = target.only
        return whole
    if isinstance(family, Constant):
        whole[...] = family.value
        return whole
    centre = 0
    if isinstance(family, Dirac):
        places = [(size - 1) // 2 for size in layout.kernel]
        centre = int(np.ravel_multi_index(places, layout.kernel))
    same = np.arange(min(layout.out, layout.in_))
    whole[:, same, same, centre] = target.spec.gain
    return whole


class _Fixed(Accumulator):
    def __init__(self, target: Target) -> None:
        self.expected = fixed_values(target).astype(target.numpy_dtype)
        self.wrong = self.n = 0

    def add(self, batch: Batch) -> None:
        self.wrong += int((batch.logical != self.expected).sum())
        self.n += batch.logical.size

    def evidence(self) -> Evidence:
        message = f"{self.wrong} of {self.n} entries are not the fixed ones"
        return fact(self.wrong, self.n, message)
