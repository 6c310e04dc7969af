"""What a check is: an assertion with a null law, an error rate and a known power."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.expected import Expected
from initspec_conformance.statistics.error_rates import (
    FAMILY,
    RESERVE,
    Rates,
    one_stage,
    two_stages,
)

DEFAULT = two_stages(0)

GROUPS = (
    "moments",
    "shape",
    "support and extremes",
    "independence",
    "orthogonality",
    "Haar measure",
    "sparsity",
    "fixed values",
    "dtype",
    "reproducibility",
    "portable stream",
    "resolution and scaling",
    "known deviations",
)
"""The rows of a report's table, in their order: each check has one as its `group`."""


@dataclass(frozen=True)
class Evidence:
    """What a check measured on the draws it saw.

    Attributes:
        statistic: its statistic.
        p_value: of the null hypothesis; None for a deterministic check.
        n: how many samples went into it.
        message: the numbers, as a sentence that holds whatever the verdict is.
        failed: the verdict of a deterministic check.
        z: the signed z of a single number, which runs pool; None elsewhere.
    """

    statistic: float
    p_value: float | None
    n: int
    message: str
    failed: bool = False
    z: float | None = None


def deterministic(broken: int, n: int, message: str) -> Evidence:
    """Return the evidence of a deterministic check that was violated `broken` times."""
    return Evidence(float(broken), None, n, message, failed=broken > 0)


class Sums(tuple[Any, ...]):
    """Numbers, arrays, and sums of them, added part by part; lists among them are joined."""

    __slots__ = ()

    def __add__(self, other: tuple[Any, ...]) -> Sums:
        return Sums(a + b for a, b in zip(self, other, strict=True))


class Check:
    """A property of a weight.

    `measure` returns a state for some draws. States are added with `+`, so that each draw can be
    read once and freed; `evidence` turns the sum into a statistic and its p-value.

    Attributes:
        name: its name, unique in the suite.
        group: the row of a report's table that it is counted in, one of `GROUPS`.
        asserts: what it asserts, a sentence.
        null: the statistic and its law where the assertion holds.
        unit: what `min_discrepancy` counts in.
        needs_draws: how many draws it compares, at least.
        false_alarm: how often a right weight fails it, at most, over both stages.
        families: the values of `Expected.family` that it applies to.
        reads: what of a `Batch` it reads that no check of another group does: a batch forgets it
            when the group is done, so that a draw of 2^21 is judged in 250 MiB.
    """

    name: ClassVar[str]
    group: ClassVar[str]
    asserts: ClassVar[str]
    null: ClassVar[str]
    unit: ClassVar[str] = ""
    needs_draws: ClassVar[int] = 1
    false_alarm: ClassVar[float] = FAMILY / RESERVE
    families: ClassVar[tuple[str, ...]] = ("iid", "sparse")
    reads: ClassVar[tuple[str, ...]] = ()

    def applies(self, expected: Expected) -> bool:
        """Whether the property is one of this weight."""
        return expected.family in self.families

    def measure(self, batch: Batch) -> Any:
        """Return the state of some draws; that of more draws is the sum of their states."""
        raise NotImplementedError

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        """Return what the draws of a state show."""
        raise NotImplementedError

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        """Return the smallest deviation, in `unit`, that n samples show at a miss rate of 1e-6.

        0 for a deterministic check, which sees any.
        """
        return 0.0

    def min_num_samples(
        self, discrepancy: float, expected: Expected, levels: Rates = DEFAULT
    ) -> float:
        """Return how many samples show a deviation; inf where no number up to 2^60 does."""
        low, high = 1, 1 << 60
        if self.min_discrepancy(high, expected, levels) > discrepancy:
            return math.inf
        while low < high:
            middle = (low + high) // 2
            if self.min_discrepancy(middle, expected, levels) <= discrepancy:
                high = middle
            else:
                low = middle + 1
        return low

    def evidence_of(self, batch: Batch) -> Evidence:
        """Return what the draws of one batch show."""
        with np.errstate(all="ignore"):  # a wrong value may overflow: the p-value shows it
            return self.evidence(self.measure(batch), batch.expected)

    def assert_holds(self, draws: Array, expected: Expected) -> Evidence:
        """Assert the property of draws, [draws, *shape]; return the evidence.

        One stage, with a false-alarm rate of 1e-6.

        Raises:
            AssertionError: the property does not hold.
        """
        evidence = self.evidence_of(Batch(expected, draws))
        if rejects(evidence, one_stage(1).first):
            raise AssertionError(f"{self.name}: {evidence.message}")
        return evidence


def rejects(evidence: Evidence, level: float) -> bool:
    """Whether evidence rejects the null hypothesis at a level."""
    if evidence.p_value is None:
        return evidence.failed
    # nan, from draws that no statistic can be had of, is not agreement.
    return not evidence.p_value > level
