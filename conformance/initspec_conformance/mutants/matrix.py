"""The matrix of mutants against checks: what is caught, and by what."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from initspec_conformance.mutants.base import Mutant
from initspec_conformance.mutants.catalogue import CATALOGUE
from initspec_conformance.results.findings import Finding
from initspec_conformance.runner.cells import Cell
from initspec_conformance.runner.jobs import Job, Terms, do
from initspec_conformance.runner.judge import tests_of
from initspec_conformance.runner.levels import LEVELS, level_of
from initspec_conformance.runner.properties import PROPERTIES
from initspec_conformance.runner.sampling import Caller
from initspec_conformance.statistics.error_rates import two_stages

Progress = Callable[[int, int, str, bool], None]
"""Called as progress(mutants done, mutants in all, the mutant's name, whether all is well)."""

ORDER = tuple(LEVELS)


@dataclass(frozen=True)
class Row:
    """What became of one mutant.

    Attributes:
        mutant: the mutant.
        level: the level that it was judged at.
        findings: every check's finding on its target, and every property's.
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
            lines += ["", f"{row.mutant.name} ({row.mutant.target}, {row.level}): {message}"]
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
    progress: Progress | None = None,
    *,
    mutants: Sequence[type[Mutant]] = CATALOGUE,
    nonce: int = 0,
) -> Matrix:
    """Hold every mutant against every check of its target and every property of backends.

    Args:
        level: at "quick" the mutants that are to be caught there; at "default" all of them, each
            at its own level; at "thorough" all of them, at the default level at least.
        progress: called after each mutant.
        mutants: which of them.
        nonce: 0 for the fixed seeds, else for others.

    Returns:
        The matrix; it passed where every mutant is caught by the check meant for it.
    """
    asked = level_of(level).name
    chosen = [k() for k in mutants if ORDER.index(k.level) <= ORDER.index(asked)]
    rows: list[Row] = []
    # One caller: a mutant that moves the global random state must not draw beside another.
    caller = Caller()
    try:
        with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="initspec-mutants") as pool:
            for row in pool.map(lambda mutant: _row(mutant, asked, nonce, caller), chosen):
                rows.append(row)
                if progress is not None:
                    progress(len(rows), len(chosen), row.mutant.name, row.ok)
    finally:
        caller.close()
    return Matrix(tuple(rows), asked)


def _row(mutant: Mutant, asked: str, nonce: int, caller: Caller) -> Row:
    level = LEVELS["default" if asked == "thorough" else mutant.level]
    target = mutant.target
    cell = Cell(f"mutant/{mutant.name}/{target}", target)
    jobs = [Job(mutant, cell.id, cell=cell)]
    jobs += [Job(mutant, prop.name, prop=prop) for prop in PROPERTIES]
    tests = len(tests_of(target)) + len(PROPERTIES)
    terms = Terms(level, two_stages(tests), nonce, tests)
    findings = [finding for job in jobs for finding in do(job, terms, caller).findings]
    return Row(mutant, level.name, tuple(findings))
