"""Findings by how grave they are, and parameters, in rows: repeated blocks are folded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from initspec.models.table import TableRow, fold
from initspec_conformance.models.findings import KINDS, ModelFinding, ParameterAudit
from initspec_conformance.reports.sanitize import sanitize

HEADS = ("path", "spec", "elements", "would have been seen")
"""The columns of the table."""

MEANINGS = {
    "not finite": "Values are NaN or infinite: of a division, of an overflow, or of memory.",
    "untouched": "It has no memory, or holds what memory held: nothing has written to it.",
    "constant": "Every value is the same, where the recipe draws.",
    "zero rows": "Whole rows or columns are 0: a part that nothing wrote, or a padding row.",
    "copy": "It repeats itself or another parameter: one initializer or one seed for several.",
    "tie": "Weights of one tie differ, or weights that should differ are one.",
    "coarse dtype": "It takes few values: drawn in a dtype of fewer digits, and cast.",
    "part": "A part with a rule of its own, such as a gate or a padding row, is not as that says.",
    "mean": "The mean is not that of the recipe.",
    "std": "The standard deviation is not that of the recipe.",
    "distribution": "Mean and standard deviation are right, and the shape is another.",
    "support": "Values lie where the recipe has none.",
    "dependence": "The values of rows, columns or neighbours depend on each other.",
    "structure": "It is not orthogonal or sparse, where the recipe says so.",
    "value": "The values are not those that the recipe fixes.",
    "trained": "The rows depend on each other as those of trained weights do.",
    "bits": "The law may be right; the bits are not those of the seed.",
}
"""What each kind of finding means, in a sentence."""


@dataclass(frozen=True)
class Place:
    """The findings of one kind in all blocks that have it.

    Attributes:
        path: the path, folded: "h.{0..11}.c_proj.weight x 12".
        findings: the findings, in the order of the model.
    """

    path: str
    findings: tuple[ModelFinding, ...]

    @property
    def kind(self) -> str:
        """Their kind."""
        return self.findings[0].kind

    @property
    def title(self) -> str:
        """Where, and of what kind."""
        return f"{self.path}: {self.kind}"

    @property
    def lines(self) -> tuple[str, ...]:
        """What was measured, and what it looks like: of the first where there are several."""
        first = self.findings[0]
        several = " (the first of them)" if len(self.findings) > 1 else ""
        looks = (f"looks like: {first.looks_like}",) if first.looks_like else ()
        return (f"{first.message}{several}", *looks)


@dataclass(frozen=True)
class Row:
    """The parameters of one row: equal but for numbers in their paths.

    Attributes:
        path: the path, folded.
        parameters: the parameters, in the order of the model.
        kinds: the kinds of their findings.
    """

    path: str
    parameters: tuple[ParameterAudit, ...]
    kinds: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """What stands in the table beside the path."""
        first = self.parameters[0]
        return (short(first.spec), f"{first.size:,}", first.sees)


def places_of(findings: Sequence[ModelFinding]) -> list[Place]:
    """Return the findings, the gravest kind first; what only block numbers tell apart is one."""
    rows = []
    for number, finding in enumerate(findings):
        looks = re.sub(r"\d[\d.e+-]*", "#", finding.looks_like)
        rows.append(TableRow(tuple(finding.path.split(".")), 1, (finding.kind, looks), (number,)))
    places = [Place(one_line(r.path), tuple(findings[n] for n in r.members)) for r in fold(rows)]
    return sorted(places, key=lambda place: KINDS.index(place.kind))


def rows_of(findings: Sequence[ModelFinding], parameters: Sequence[ParameterAudit]) -> list[Row]:
    """Return the parameters, those of repeated blocks that came to the same in one row."""
    kinds: dict[str, dict[str, None]] = {}
    owners = Owners(parameters)
    for finding in findings:
        for path in owners.of(finding):
            kinds.setdefault(path, {})[finding.kind] = None
    rows = []
    for number, p in enumerate(parameters):
        cells = (p.spec, str(p.size), str(p.tests), p.sees, *kinds.get(p.path, ()))
        rows.append(TableRow(tuple(p.path.split(".")), 1, cells, (number,)))
    return [
        Row(one_line(row.path), tuple(parameters[n] for n in row.members), row.cells[4:])
        for row in fold(rows)
    ]


class Owners:
    """Which parameters a finding is about."""

    def __init__(self, parameters: Sequence[ParameterAudit]) -> None:
        self._paths: dict[str, list[str]] = {}
        for parameter in parameters:
            globbed = re.sub(r"(?<![^.])\d+(?![^.])", "*", parameter.path)  # as pools are named
            for name in {parameter.path, globbed}:
                self._paths.setdefault(name, []).append(parameter.path)

    def of(self, finding: ModelFinding) -> list[str]:
        """Return the paths; none of a finding about a rule, whose parameters are not recorded."""
        name = finding.path
        while name not in self._paths and " " in name:
            name = name.rpartition(" ")[0]  # the part of the parameter
        return self._paths.get(name, [])


def short(spec: str) -> str:
    """Return a spec with four digits of each number.

    >>> short("normal(std=0.004082482904638631)")
    'normal(std=0.004082)'
    """
    return re.sub(r"\d+\.\d{4,}(e[+-]?\d+)?", lambda m: f"{float(m[0]):.4g}", spec)


def one_line(text: str) -> str:
    """Return third-party text that stays on its line, such as a path."""
    return sanitize(text).replace("\n", "\ufffd")


def counted(number: int, what: str) -> str:
    """Return a number of things in words."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
