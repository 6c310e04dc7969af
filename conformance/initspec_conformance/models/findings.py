"""What an audit of a model reports: findings, and for each parameter what would have been seen."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from initspec.models.table import TableRow, fold
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
    """

    path: str
    spec: str
    size: int
    tests: int
    sees_mean: float
    sees_std: float
    skipped: str = ""

    @property
    def sees(self) -> str:
        """The smallest deviations as text."""
        if self.skipped:
            return f"not judged: {self.skipped}"
        if not self.tests:
            return "any deviation"
        return f"mean {_share(self.sees_mean)} std, std {_share(self.sees_std)}"


def folded(findings: Sequence[ModelFinding]) -> list[str]:
    """Return findings as lines; those of a kind that only block numbers tell apart are one."""
    groups: dict[tuple[str, ...], list[ModelFinding]] = {}
    for finding in findings:
        place = re.sub(r"(?<![^.])\d+(?![^. ])", "*", finding.path)
        key = (place, finding.kind, re.sub(r"[\d.e+-]+", "#", finding.looks_like))
        groups.setdefault(key, []).append(finding)
    lines = []
    for (place, *_), group in groups.items():
        first = group[0]
        if len(group) == 1:
            lines.append(str(first))
            continue
        lines.append(f"{replace(first, path=f'{place} x {len(group)}')} (the first of them)")
    return lines


def _share(value: float) -> str:
    return f"{value:.2g}" if math.isfinite(value) else "any: too small"


@dataclass(frozen=True)
class ModelAudit:
    """The findings of an audit.

    Attributes:
        findings: what is wrong, in the order of the model.
        parameters: how closely each parameter was looked at.
        recipe: the name of the recipe; "" where it has none.
        tests: how many random tests shared the false-alarm rate of 1e-6.
        seconds: how long the audit took.
    """

    findings: tuple[ModelFinding, ...]
    parameters: tuple[ParameterAudit, ...]
    recipe: str
    tests: int
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether there is no finding."""
        return not self.findings

    @property
    def trained(self) -> bool:
        """Whether the weights look trained: they are not those of any recipe."""
        kinds = [finding.kind for finding in self.findings]
        return 2 * kinds.count("trained") > len(kinds)

    def __str__(self) -> str:
        judged = sum(not parameter.skipped for parameter in self.parameters)
        named = f" of {self.recipe!r}" if self.recipe else ""
        verdict = "passed" if self.passed else "FAILED"
        lines = [
            f"{verdict}: {judged} of {len(self.parameters)} parameters judged by the recipe"
            f"{named}, "
            f"{self.tests} random tests, {len(self.findings)} findings"
        ]
        if self.trained:
            lines.append("the weights look trained, or loaded: this is no fault of the recipe")
        return "\n".join([*lines, *folded(self.findings)])

    def table(self) -> str:
        """Return for each parameter what would have been seen, those of a kind in one row."""
        rows = [
            TableRow(tuple(p.path.split(".")), 1, (p.spec, str(p.size), str(p.tests), p.sees))
            for p in self.parameters
        ]
        head = ("path", "spec", "elements", "tests", "would have been seen")
        lines = [head, *((row.path, *row.cells) for row in fold(rows))]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            sanitize("  ".join(map(str.ljust, line, widths)).rstrip()) for line in lines
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the audit as plain values."""
        return {
            "passed": self.passed,
            "trained": self.trained,
            "recipe": self.recipe,
            "tests": self.tests,
            "seconds": round(self.seconds, 3),
            "findings": [asdict(finding) for finding in self.findings],
            "parameters": [asdict(parameter) for parameter in self.parameters],
        }
