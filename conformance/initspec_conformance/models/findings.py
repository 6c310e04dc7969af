"""What an audit of a model finds, and how closely it looked at each parameter."""

from __future__ import annotations

import math
from dataclasses import dataclass

from initspec_conformance.reports.sanitize import sanitize

KINDS = (
    "not finite",
    "untouched",
    "constant",
    "zero rows",
    "copy",
    "tie",
    "coarse dtype",
    "part",
    "mean",
    "std",
    "distribution",
    "support",
    "dependence",
    "structure",
    "value",
    "trained",
    "bits",
)
"""What a finding may be."""


@dataclass(frozen=True)
class ModelFinding:
    """What is wrong with a parameter.

    Attributes:
        path: the path of the parameter; of a finding about several, the rule or the glob.
        kind: one of `KINDS`.
        message: what was measured, and what the recipe says.
        looks_like: what it is instead; "" where nothing fits.
    """

    path: str
    kind: str
    message: str
    looks_like: str = ""

    def __str__(self) -> str:
        more = f": {self.looks_like}" if self.looks_like else ""
        return sanitize(f"{self.path}: {self.kind}: {self.message}{more}")


@dataclass(frozen=True)
class Checked:
    """What a check measured on a parameter.

    Attributes:
        name: that of the check, after the name of the part that it is of: "stack[1] fixed".
        message: the numbers, as a sentence that holds whatever the verdict is.
        p_value: of the hypothesis that the recipe is right; None where nothing is random.
        passed: the verdict.
    """

    name: str
    message: str
    p_value: float | None
    passed: bool


@dataclass(frozen=True)
class ParameterAudit:
    """How closely a parameter was looked at.

    Attributes:
        path: its path.
        spec: its spec, or "keep".
        size: the number of its elements.
        tests: how many random tests it had.
        sees_mean: the smallest deviation of the mean that would have been seen with a probability
            of 1 - 1e-6, in standard deviations; 0 where any is seen, inf where none is.
        sees_std: that of the standard deviation, as a share of it.
        skipped: why it was not judged; "" where it was.
        checks: what each check measured.
    """

    path: str
    spec: str
    size: int
    tests: int
    sees_mean: float
    sees_std: float
    skipped: str = ""
    checks: tuple[Checked, ...] = ()

    @property
    def sees(self) -> str:
        """The smallest deviations as text."""
        if self.skipped:
            return f"not judged: {self.skipped}"
        if not self.tests:
            return "any deviation"
        if not self.sees_std:
            return "any deviation of its structure"
        std = percent(self.sees_std) if math.isfinite(self.sees_std) else "never"
        return f"std {std}, mean {percent(self.sees_mean)} of it"


def percent(share: float) -> str:
    """Return a share as percents, of two digits.

    >>> [percent(share) for share in (0.0123, 0.05, 1.5)]
    ['1.2%', '5%', '150%']
    """
    digits = 2 if share < 1 else 3
    return f"{100 * share:.{digits}g}%"
