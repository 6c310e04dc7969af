"""The verdict of one check on one cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """The verdict of one check on one cell.

    Attributes:
        check: the check's name.
        message: the numbers, as a sentence.
        statistic: the statistic of the last stage that ran.
        p_values: the p-value of each stage that ran; None for a deterministic check.
        n: how many samples the first stage had.
        min_discrepancy: the smallest deviation, in `unit`, that n samples show with a miss rate of
            1e-6;
            0 for a deterministic check, inf where they are too few to show any.
        reproduce: a command, or Python, that repeats it.
        passed: the verdict.
        unit: what min_discrepancy counts in.
        backend: the name of the backend; "" for a callable or a single weight.
        cell: the id of the cell: spec/weight/dtype.
        deviation: why a failure was to be expected, with a link; "" where none was declared.
        z: the signed z of stage 1 where the check has one, which `pooled` adds up.
        group: the row of a report's table that it is counted in.
    """

    check: str
    message: str
    statistic: float
    p_values: tuple[float, ...] | None
    n: int
    min_discrepancy: float
    reproduce: str
    passed: bool
    unit: str = ""
    backend: str = ""
    cell: str = ""
    deviation: str = ""
    z: float | None = None
    group: str = ""

    @property
    def name(self) -> str:
        """The name of this finding among those of a backend."""
        return "/".join(filter(None, (self.cell, self.check)))

    @property
    def id(self) -> str:
        """The name of this finding in a run."""
        return "/".join(filter(None, (self.backend, self.name)))

    @property
    def sees(self) -> str:
        """The smallest deviation that so many samples show, with its unit; "" where any is seen."""
        if not self.min_discrepancy:
            return ""
        if not math.isfinite(self.min_discrepancy):
            return "nothing: too few samples"
        return f"{self.min_discrepancy:.2g} {self.unit}".rstrip()

    @property
    def failed(self) -> bool:
        """Whether this fails the run."""
        return not self.passed and not self.deviation

    def __str__(self) -> str:
        return self.format()

    def format(self, reproduce: bool = True) -> str:
        """Return the finding as text, a failure with or without what repeats it."""
        verdict = "passed" if self.passed else "FAILED"
        lines = [f"{self.id}: {verdict}", f"  {self.message}"]
        if self.p_values is not None:
            lines.append(f"  p = {p_text(self.p_values)} over {self.n} samples")
        if self.min_discrepancy:
            lines.append(f"  sees {self.sees}")
        if self.deviation:
            lines.append(f"  known deviation: {self.deviation}")
        if not self.passed and reproduce:
            lines.append("  " + self.reproduce.replace("\n", "\n  "))
        return "\n".join(lines)


def p_text(p_values: Sequence[float], digits: int = 3) -> str:
    """Return the p-values of the stages that ran, as text."""
    # A p-value is never 0; this one is below what a float holds.
    return ", then ".join(f"{p:.{digits}g}" if p else "< 1e-300" for p in p_values)


def format_failures(findings: Sequence[Finding]) -> list[str]:
    """Return failures as texts; those that one command repeats have it once, after the last."""
    following = [finding.reproduce for finding in findings[1:]] + [""]
    return [
        finding.format(reproduce=finding.reproduce != after)
        for finding, after in zip(findings, following, strict=False)
    ]
