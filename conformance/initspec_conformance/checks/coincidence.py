"""How often two right values are one: what makes a coincidence incredible."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from initspec_conformance.laws import EntryLaw
from initspec_conformance.target import Target

LATTICE = 2.0**-22
"""Generators make float32 numbers of 23 bits, at the least; a sign folded away leaves 22."""


def coincidence(target: Target) -> float:
    """Return a bound of P(|x| = |y|) for two right entries of a target's dtype, on any lattice."""
    assert target.law is not None
    if target.narrow:
        masses = np.diff(target.reading.upto, prepend=0.0)
        return min(1.0, 2 * float(masses @ masses))
    return min(1.0, max(LATTICE, 2 * _density(target.law, target.dtype)))


@lru_cache(maxsize=256)
def _density(law: EntryLaw, dtype: str) -> float:
    """Return E[f(x) ulp(x)], the chance that two values are rounded to one."""
    x = law.frozen.ppf((np.arange(4096) + 0.5) / 4096)
    return float(np.mean(law.frozen.pdf(x) * np.spacing(np.abs(x).astype(dtype))))
