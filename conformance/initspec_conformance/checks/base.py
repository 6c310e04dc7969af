"""What a check is: an assertion with a null law, an error rate and a known power."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.target import Target
from initspec_conformance.statistics.error_rates import (
    FAMILY,
    RESERVE,
    Rates,
    one_stage,
    two_stages,
)

DEFAULT = two_stages(0)


@dataclass(frozen=True)
class Evidence:
    """What a check has to say of the draws it saw.

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


def fact(broken: int, n: int, message: str) -> Evidence:
    """Return the evidence of a deterministic check: how often what must hold did not."""
    return Evidence(float(broken), None, n, message, failed=broken > 0)


class Check:
    """A property of a weight.

    A check is a stateless description; `start` gives an accumulator that draws stream through.

    Attributes:
        name: its name, unique in the suite.
        asserts: what it asserts, a sentence.
        null: the statistic and its law where the assertion holds.
        unit: what `min_discrepancy` counts in.
        false_alarm: how often a right weight fails it, at most, over both stages.
        families: the kinds of target it applies to.
        reads: what of a `Batch` it reads that no check of another group does: a batch forgets it
            when the group is done, so that a draw of 2^21 is judged in 250 MiB.
    """

    name: ClassVar[str]
    asserts: ClassVar[str]
    null: ClassVar[str]
    unit: ClassVar[str] = ""
    false_alarm: ClassVar[float] = FAMILY / RESERVE
    families: ClassVar[tuple[str, ...]] = ("iid", "sparse")
    reads: ClassVar[tuple[str, ...]] = ()

    def applies(self, target: Target) -> bool:
        """Whether the property is one of this target."""
        return target.family in self.families

    def start(self, target: Target) -> Accumulator:
        """Return an empty accumulator."""
        raise NotImplementedError

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        """Return the least deviation, in `unit`, that n samples show at a miss rate of 1e-6.

        0 for a deterministic check, which sees any.
        """
        return 0.0

    def min_num_samples(self, discrepancy: float, target: Target, levels: Rates = DEFAULT) -> float:
        """Return how many samples show a deviation; inf where no number up to 2^60 does."""
        low, high = 1, 1 << 60
        if self.min_discrepancy(high, target, levels) > discrepancy:
            return math.inf
        while low < high:
            middle = (low + high) // 2
            if self.min_discrepancy(middle, target, levels) <= discrepancy:
                high = middle
            else:
                low = middle + 1
        return low

    def assert_holds(self, draws: Array, target: Target) -> Evidence:
        """Assert the property of draws, [draws, *shape]; return the evidence.

        One stage, with a false-alarm rate of 1e-6.

        Raises:
            AssertionError: the property does not hold.
        """
        accumulator = self.start(target)
        accumulator.add(Batch(target, draws))
        evidence = accumulator.evidence()
        if rejects(evidence, one_stage(1).first):
            raise AssertionError(f"{self.name}: {evidence.message}")
        return evidence


class Accumulator:
    """The state of one check on one target."""

    def add(self, batch: Batch) -> None:
        """Take more draws in."""
        raise NotImplementedError

    def evidence(self) -> Evidence:
        """Return what the draws so far say."""
        raise NotImplementedError


def rejects(evidence: Evidence, level: float) -> bool:
    """Whether evidence speaks against the null hypothesis at a level."""
    if evidence.p_value is None:
        return evidence.failed
    # nan, from draws that no statistic can be had of, is no agreement.
    return not evidence.p_value > level


def named(checks: Iterable[Check]) -> dict[str, Check]:
    """Return checks by their names."""
    return {check.name: check for check in checks}
