"""The matrix of mutants against checks: what is caught, and by what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from initspec_conformance.results.findings import Finding
from initspec_conformance.runner.levels import LEVELS, level_of
from initspec_conformance.runner.properties import PROPERTIES, PropertyCell
from initspec_conformance.runner.run import part_cells
from initspec_conformance.runner.run_cells import AnyCell, run_cells

from mutants.base import Mutant
from mutants.catalogue import CATALOGUE

ORDER = tuple(LEVELS)


@dataclass(frozen=True)
class Row:
    """What became of one mutant.

    Attributes:
        mutant: the mutant.
        level: the level that it was judged at.
        findings: every check's finding on its expected, and every property's.
    """

    mutant: Mutant
    level: str
    findings: tuple[Finding, ...]

    @property
    def caught(self) -> tuple[str, ...]:
        """The checks that reject it."""
        return tuple(finding.check for finding in self.findings if not finding.passed)

    @property
    def meant(self) -> Finding | None:
        """The finding of the check that is meant for it; None for an equivalent mutant."""
        found = (f for f in self.findings if f.check == self.mutant.caught_by)
        return next(found, None)

    @property
    def ok(self) -> bool:
        """Whether the check that is meant for it catches it; of an equivalent one, whether none."""
        if not self.mutant.caught_by:
            return not self.caught
        return self.mutant.caught_by in self.caught


@dataclass(frozen=True)
class Matrix:
    """Mutants against checks.

    Attributes:
        rows: a row a mutant.
        level: the level that was asked for.
    """

    rows: tuple[Row, ...]
    level: str

    @property
    def passed(self) -> bool:
        """Whether every mutant is caught by the check meant for it, and no equivalent one is."""
        return bool(self.rows) and all(row.ok for row in self.rows)

    @property
    def checks(self) -> tuple[str, ...]:
        """Every check and property that looked at a mutant, in the order of the suite."""
        return tuple(dict.fromkeys(f.check for row in self.rows for f in row.findings))

    def __str__(self) -> str:
        """Return the matrix as text: `#` the check meant for a mutant, `x` another that sees it."""
        checks = self.checks
        width = max(len(row.mutant.name) for row in self.rows) + 2
        wrong = [row for row in self.rows if not row.ok]
        total = sum(bool(row.mutant.caught_by) for row in self.rows)
        missed = sum(bool(row.mutant.caught_by) for row in wrong)
        lines = [
            f"{total - missed} of {total} mutants are caught by the check meant for them; "
            f"{len(self.rows) - total - len(wrong) + missed} of {len(self.rows) - total} "
            "equivalent ones by none",
            "# the check meant for it, x another that rejects, . one that does not, ! missed",
            "",
        ]
        for digit in (10, 1):
            numbers = "".join(str((i + 1) // digit % 10) for i in range(len(checks)))
            lines.append(" " * width + numbers)
        lines += [row.mutant.name.ljust(width) + self._marks(row) for row in self.rows]
        lines.append("")
        lines += [f"{i + 1:3} {check}" for i, check in enumerate(checks)]
        for row in wrong:
            message = row.meant.message if row.meant else f"caught by {', '.join(row.caught)}"
            lines += ["", f"{row.mutant.name} ({row.mutant.expected}, {row.level}): {message}"]
        return "\n".join(lines)

    def _marks(self, row: Row) -> str:
        looked = {finding.check: finding for finding in row.findings}
        marks = ""
        for check in self.checks:
            if check not in looked:
                marks += " "
            elif check == row.mutant.caught_by:
                marks += "!" if looked[check].passed else "#"
            else:
                marks += "." if looked[check].passed else "x"
        return marks


def mutant_matrix(
    level: str = "default",
    *,
    mutants: Sequence[type[Mutant]] = CATALOGUE,
    nonce: int = 0,
) -> Matrix:
    """Judge every mutant by every check of its weight and every property of backends.

    Args:
        level: at "quick" the mutants that are to be caught there; at "default" all of them, each
            at its own level; at "thorough" all of them, at the default level at least.
        mutants: which of them.
        nonce: 0 for the fixed seeds, else for others.

    Returns:
        The matrix; it passed where every mutant is caught by the check meant for it.
    """
    asked = level_of(level).name
    chosen = [k() for k in mutants if ORDER.index(k.level) <= ORDER.index(asked)]
    rows: dict[str, Row] = {}
    # A level each: the cells of a run share one.
    for level_name in ORDER:
        present = [k for k in chosen if _level(k, asked) == level_name]
        if not present:
            continue
        cells = [cell for mutant in present for cell in _cells(mutant)]
        report = run_cells(cells, LEVELS[level_name], nonce, reproduce=_reproduce, backends=present)
        for mutant in present:
            findings = tuple(f for f in report.checks if f.backend == mutant.name)
            rows[mutant.name] = Row(mutant, level_name, findings)
    return Matrix(tuple(rows[mutant.name] for mutant in chosen), asked)


def _level(mutant: Mutant, asked: str) -> str:
    return "default" if asked == "thorough" else mutant.level


def _cells(mutant: Mutant) -> list[AnyCell]:
    expected = mutant.expected
    (cell,) = part_cells(mutant, f"mutant/{mutant.name}/{expected}", expected)
    return [cell, *(PropertyCell(mutant, prop) for prop in PROPERTIES)]


def _reproduce(owner: str, only: str) -> str:
    return f"mutant_matrix(mutants=[...])  # {owner}: {only}"
