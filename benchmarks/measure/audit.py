"""`python -m benchmarks.measure.audit SIDE` prints the peak memory of an audit, in bytes."""

from __future__ import annotations

import sys

import numpy as np
from initspec_conformance import audit_callable

from benchmarks.measure.memory import peak
from initspec import InitSpec


def draw(shape: tuple[int, ...], dtype: str, seed: int) -> object:
    """Draw normals of twice the variance."""
    weight = np.random.default_rng(seed).standard_normal(shape, np.dtype(dtype))
    weight *= 2 / shape[1] ** 0.5
    return weight


if __name__ == "__main__":
    side = int(sys.argv[1])
    report = audit_callable(draw, InitSpec.he_normal(), (side, side), level="quick")
    variance = next(failure for failure in report.failures if failure.check == "variance")
    assert variance.p_values is not None
    assert len(variance.p_values) == 2
    print(peak())
