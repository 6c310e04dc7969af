"""The report of an audit: its findings and its parameters as text and as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from textwrap import TextWrapper
from typing import TYPE_CHECKING, Any

from initspec.numerics.finite import finite_or_none
from initspec_conformance.models.findings import ModelFinding, ParameterAudit
from initspec_conformance.models.rows import HEADS, counted, one_line, places_of, rows_of
from initspec_conformance.reports.sanitize import sanitize

if TYPE_CHECKING:
    from initspec_conformance.results.sketch import Sketch

WIDTH = 100
"""The columns of the text of an audit."""

_WRAPPED = TextWrapper(
    WIDTH,
    initial_indent="  ",
    subsequent_indent="  ",
    break_long_words=False,
    break_on_hyphens=False,
)

TRAINED = "the weights look trained, or loaded: this is no fault of the recipe"


@dataclass(frozen=True)
class ModelAudit:
    """The findings of an audit.

    Attributes:
        findings: what is wrong, in the order of the model.
        parameters: how closely each parameter was looked at.
        recipe: the name of the recipe; "" where it has none.
        tests: how many random tests shared the false-alarm rate of 1e-6.
        seconds: how long the audit took.
        sketches: what a picture of each parameter needs, by path.
    """

    findings: tuple[ModelFinding, ...]
    parameters: tuple[ParameterAudit, ...]
    recipe: str
    tests: int
    seconds: float = 0.0
    sketches: Mapping[str, Sketch] = field(default_factory=dict, repr=False, compare=False)

    @property
    def passed(self) -> bool:
        """Whether there is no finding."""
        return not self.findings

    @property
    def trained(self) -> bool:
        """Whether the weights look trained: they are not those of any recipe."""
        kinds = [finding.kind for finding in self.findings]
        return 2 * kinds.count("trained") > len(kinds)

    @property
    def verdict(self) -> str:
        """The verdict in one line."""
        judged = sum(not parameter.skipped for parameter in self.parameters)
        findings = "" if self.passed else f"{counted(len(self.findings), 'finding')}; "
        return sanitize(
            f"{'passed' if self.passed else 'FAILED'}: {findings}{judged} of "
            f"{counted(len(self.parameters), 'parameter')} judged by the recipe"
            f"{f' {self.recipe!r}' if self.recipe else ''}"
        )

    def __str__(self) -> str:
        lines = [self.verdict, *([TRAINED] if self.trained else [])]
        for place in places_of(self.findings):
            lines.append(one_line(place.title))
            for line in place.lines:
                lines += _WRAPPED.wrap(one_line(line))
        return sanitize("\n".join(lines))

    def table(self) -> str:
        """Return for each parameter what would have been seen, those of a kind in one row."""
        rows = rows_of(self.findings, self.parameters)
        lines = [HEADS, *((row.path, *row.cells) for row in rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        padded = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
        return sanitize("\n".join(padded))

    def to_dict(self) -> dict[str, Any]:
        """Return the audit as plain values; of each check its p-value, None where it has none.

        Numbers that JSON has not are None.
        """
        document = {
            "version": 1,
            "passed": self.passed,
            "trained": self.trained,
            "recipe": self.recipe,
            "tests": self.tests,
            "seconds": round(self.seconds, 3),
            "findings": [asdict(finding) for finding in self.findings],
            "parameters": [
                asdict(parameter) | {"checks": {c.name: c.p_value for c in parameter.checks}}
                for parameter in self.parameters
            ],
        }
        plain: dict[str, Any] = finite_or_none(document)
        return plain

    def to_html(self) -> str:
        """Return the audit as one HTML page that needs no network and no other file."""
        from initspec_conformance.models.page import page_of  # the templates take a while

        return page_of(
            self.findings,
            self.parameters,
            self.sketches,
            recipe=self.recipe,
            tests=self.tests,
            seconds=self.seconds,
            notice=TRAINED if self.trained else "",
        )
