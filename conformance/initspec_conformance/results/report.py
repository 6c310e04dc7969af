"""A run's findings, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from initspec_conformance.results.findings import Finding, format_failures

if TYPE_CHECKING:
    from initspec_conformance.results.sketch import Sketch


@dataclass(frozen=True)
class Report:
    """The findings of a run.

    Attributes:
        checks: every finding, in the order of the cells.
        level: how much was drawn.
        nonce: 0 in the fixed mode; else the seed that repeats this run.
        tests: K, the number of tests that share the false-alarm rate of 1e-6.
        versions: the backends and the versions of their frameworks.
        seconds: how long the run took.
        interrupted: whether it was stopped before its end: then it did not pass.
        sketches: what a picture of each cell needs, by backend and cell.
    """

    checks: tuple[Finding, ...]
    level: str
    nonce: int
    tests: int
    versions: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    interrupted: bool = False
    sketches: dict[tuple[str, str], Sketch] = field(default_factory=dict)

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings that fail the run: those not declared as known deviations."""
        return tuple(finding for finding in self.checks if finding.failed)

    @property
    def deviations(self) -> tuple[Finding, ...]:
        """The failures that the backends declare, with a reason each."""
        return tuple(f for f in self.checks if not f.passed and f.deviation)

    @property
    def passed(self) -> bool:
        """Whether everything was checked and nothing failed."""
        return bool(self.checks) and not self.failures and not self.interrupted

    def __str__(self) -> str:
        verdict = "passed" if self.passed else "FAILED"
        head = f"{verdict}: {len(self.checks)} checks, {len(self.failures)} failures"
        if self.interrupted:
            head += ", interrupted"
        return "\n".join([head, *format_failures(self.failures)])
