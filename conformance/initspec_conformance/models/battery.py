"""The suite's checks on one piece of a parameter, block by block."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from initspec_conformance.checks import BATTERY, checks_of
from initspec_conformance.checks.base import Check, Evidence
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.expected import Expected
from initspec_conformance.models.pieces import Piece, blocks_of, entries_of

SCALAR = ("mean", "variance", "distance", "support", "extremes")
"""What every piece is judged by: their null laws hold at any size."""

SHAPED = (
    *("legendre", "tails", "rows", "transpose"),
    *("atoms", "lattice", "distinct", "binades", "full_width"),
)
"""What is judged beside from LARGE entries on."""

FIRST = ("transpose", "lattice", "atoms")
"""What the first block alone is judged by: their cost or their memory grows faster than it."""

LARGE = 256
"""From how many entries on sums of polynomials are as good as normal, far out too."""

DRAWS = 1 << 26
"""Beyond so many values the outermost ones of float32 generators are nearer than the law's."""

CORRELATED = 1 << 16
"""How many entries are correlated at every lag."""


@dataclass(frozen=True)
class Measured:
    """What the checks measured on a piece.

    Attributes:
        name: the piece's.
        expected: what its entries should be.
        evidence: that of each check, by name.
        sums: what "mean" and "variance" add up, by which parameters are pooled.
        n: the number of entries.
    """

    name: str
    expected: Expected
    evidence: dict[str, Evidence]
    n: int
    sums: dict[str, float] = field(default_factory=dict)

    @property
    def tests(self) -> int:
        """How many of the checks are random."""
        return sum(evidence.p_value is not None for evidence in self.evidence.values())


def measure(piece: Piece) -> Measured:
    """Return what the checks of a piece measure on it."""
    expected = piece.expected
    first = expected
    states: dict[str, Any] = {}
    with np.errstate(all="ignore"):  # a wrong value may overflow: the p-value shows it
        if expected.family != "iid":
            batch = Batch(expected, piece.values[None])
            checks = [check for check in checks_of(expected) if check.needs_draws == 1]
            states = {check.name: check.measure(batch) for check in checks}
        else:
            checks = []
            for batch in blocks_of(piece):
                if not checks:
                    first = batch.expected
                    checks = _checks(first, piece.values.size)
                for check in checks:
                    if check.name not in FIRST:
                        state = check.measure(batch)
                        before = states.get(check.name)
                        states[check.name] = state if before is None else before + state
                    elif not batch.first:
                        states[check.name] = check.measure(batch)
        evidence = {check.name: check.evidence(states[check.name], first) for check in checks}
        if expected.family == "iid" and piece.values.size >= LARGE:
            evidence["lags"] = _lags(piece)
    moments: tuple[str, ...] = ("mean", "variance")
    sums = {name: float(states[name][0]) for name in moments if name in states}
    return Measured(piece.name, first, evidence, piece.values.size, sums)


def _lags(piece: Piece) -> Evidence:
    """Return how the leading entries of a piece correlate, in the order of its memory."""
    leading = piece.values.reshape(-1)[:CORRELATED]
    batch = Batch(entries_of(piece.expected, leading.shape), leading[None])
    return BATTERY["lags"].evidence_of(batch)


def _checks(expected: Expected, n: int) -> list[Check]:
    names = SCALAR if n < LARGE else SCALAR + SHAPED
    checks = [BATTERY[name] for name in names if BATTERY[name].applies(expected)]
    return [check for check in checks if check.name != "extremes" or n <= DRAWS]
