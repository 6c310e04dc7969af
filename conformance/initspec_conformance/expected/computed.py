"""The weights of families whose entries are computed from their place, written from the papers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from initspec import InitSpec, Ramp
from initspec.axes import Layout
from initspec_conformance.expected.arrays import Values


def _ramp(spec: InitSpec, layout: Layout) -> Values:
    family = spec.distribution
    assert isinstance(family, Ramp)
    sizes = {"stack": layout.stack, "out": layout.out, "in": layout.in_, "kernel": layout.taps}
    role: str = family.along or layout.roles[0]
    count = sizes[role]
    if family.stop is None:
        assert family.step is not None
        values = family.start + family.step * np.arange(count)
    else:
        values = np.linspace(family.start, family.stop, count, dtype=np.float64)
    shape = [count if name == role else 1 for name in sizes]
    return np.asarray(values, np.float64).reshape(shape)


COMPUTED: dict[type, Callable[[InitSpec, Layout], Values]] = {Ramp: _ramp}
"""The weight of each family, which broadcasts to [stack, out, in, kernel]."""
