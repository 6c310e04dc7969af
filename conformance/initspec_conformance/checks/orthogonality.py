"""Orthogonality: the Gram matrix is the gain's square times the identity."""

from __future__ import annotations

import numpy as np

from initspec import DeltaOrthogonal
from initspec.dtypes import FLOATS
from initspec_conformance.checks.base import Accumulator, Check, Evidence, fact
from initspec_conformance.checks.batch import Batch
from initspec_conformance.checks.matrices import matrices
from initspec_conformance.expected.target import Target


class Orthogonality(Check):
    """The shorter side of every matrix is orthonormal; all taps but the centre of a delta are 0."""

    name = "orthogonality"
    asserts = "Q^T Q = gain^2 I for each stack member's matrix, its shorter side"
    null = "deterministic: max |Q^T Q / gain^2 - I| <= 32 eps; 2 u + u^2 after a cast to 16 bits"
    families = ("haar",)

    def start(self, target: Target) -> Accumulator:
        return _Orthogonality(target)


def tolerance(target: Target) -> float:
    """Return the largest error of an entry of the Gram matrix that rounding explains."""
    u = target.unit
    # A cast moves each entry by a share of at most u, so a product of columns by (1 + u)^2 - 1;
    # what was cast had errors of its own, in float32.
    computed = 32 * FLOATS["float32" if target.narrow else target.dtype].eps
    return computed + (2 * u + u**2 if target.narrow else 0.0)


class _Orthogonality(Accumulator):
    def __init__(self, target: Target) -> None:
        self.target = target
        self.worst, self.stray, self.n = 0.0, 0.0, 0

    def add(self, batch: Batch) -> None:
        q = matrices(batch)
        gram = q.transpose(0, 2, 1) @ q
        gram -= np.eye(gram.shape[1])
        # nan is no agreement: np.max keeps it.
        self.worst = float(np.max([self.worst, np.abs(gram).max()]))
        if isinstance(self.target.spec.distribution, DeltaOrthogonal):
            taps = batch.logical.astype(np.float64)
            taps[..., self.target.layout.centre] = 0.0
            self.stray = max(self.stray, float(np.abs(taps).max()))
        self.n += len(q)

    def evidence(self) -> Evidence:
        limit = tolerance(self.target)
        message = f"max |Q^T Q / gain^2 - I| = {self.worst:.3g}, allowed {limit:.3g}"
        if self.stray:
            message += f"; taps beside the centre reach {self.stray:.3g}, where all are 0"
        evidence = fact(int(not self.worst <= limit) + int(self.stray > 0), self.n, message)
        return Evidence(self.worst, None, self.n, message, failed=evidence.failed)
