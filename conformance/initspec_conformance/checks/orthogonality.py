"""Orthogonality: the Gram matrix is the gain's square times the identity."""

from __future__ import annotations

from typing import Any

import numpy as np

from initspec import DeltaOrthogonal
from initspec.dtypes import FLOATS
from initspec_conformance.checks.base import Check, Evidence, Sums
from initspec_conformance.checks.batch import Batch
from initspec_conformance.checks.matrices import matrices
from initspec_conformance.expected.expected import Expected


class Orthogonality(Check):
    """The shorter side of every matrix is orthonormal; all taps but the centre of a delta are 0."""

    name = "orthogonality"
    group = "orthogonality"
    asserts = "Q^T Q = gain^2 I for each stack member's matrix, its shorter side"
    null = "deterministic: max |Q^T Q / gain^2 - I| <= 32 eps; 2 u + u^2 after a cast to 16 bits"
    families = ("haar",)

    def measure(self, batch: Batch) -> Sums:
        q = matrices(batch)
        gram = q.transpose(0, 2, 1) @ q
        gram -= np.eye(gram.shape[1])
        stray = 0.0
        if isinstance(batch.expected.spec.distribution, DeltaOrthogonal):
            taps = batch.logical.astype(np.float64)
            taps[..., batch.expected.layout.centre] = 0.0
            stray = float(np.abs(taps).max())
        return Sums(([float(np.abs(gram).max())], [stray], len(q)))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        errors, strays, n = state
        # nan is not agreement: np.max keeps it.
        worst, stray, limit = float(np.max(errors)), max(strays), tolerance(expected)
        message = f"max |Q^T Q / gain^2 - I| = {worst:.3g}, allowed {limit:.3g}"
        if stray:
            message += f"; taps beside the centre reach {stray:.3g}, where all are 0"
        failed = not worst <= limit or stray > 0
        return Evidence(worst, None, n, message, failed=failed)


def tolerance(expected: Expected) -> float:
    """Return the largest error of an entry of the Gram matrix that rounding explains."""
    u = expected.unit
    # A cast moves each entry by a share of at most u, so a product of columns by (1 + u)^2 - 1;
    # what was cast had errors of its own, in float32.
    computed = 32 * FLOATS["float32" if expected.narrow else expected.dtype].eps
    return computed + (2 * u + u**2 if expected.narrow else 0.0)
