"""The HTML page of a report: its rows, groups and texts, for the template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from initspec_conformance.checks import BATTERY
from initspec_conformance.checks.calls import CALLS
from initspec_conformance.reports.console import summary
from initspec_conformance.reports.html.pictures import Picture, pictures
from initspec_conformance.reports.html.template import render
from initspec_conformance.results.findings import Finding, p_text
from initspec_conformance.results.pooled import POOLED
from initspec_conformance.results.report import Report
from initspec_conformance.runner.properties import PROPERTIES
from initspec_conformance.statistics.error_rates import FAMILY

OPEN = 3
"""How many failing cells are open when the page is."""

WHOLE = "The backend as a whole"


@dataclass(frozen=True)
class Cell:
    """What a backend came to on one row of the grid.

    Attributes:
        id: its name in the document.
        backend: the number of its backend.
        name: its backend's name.
        row: the title of its row.
        findings: the findings, failures first.
        pictures: what was drawn, the most telling first.
    """

    id: str
    backend: int
    name: str
    row: str
    findings: tuple[Finding, ...]
    pictures: tuple[Picture, ...]

    @cached_property
    def failures(self) -> tuple[Finding, ...]:
        """The findings that fail the run."""
        return tuple(finding for finding in self.findings if finding.failed)

    @property
    def verdict(self) -> str:
        """What it came to: "fail", "known" (a declared deviation) or "pass"."""
        if self.failures:
            return "fail"
        return "pass" if all(finding.passed for finding in self.findings) else "known"

    @property
    def tally(self) -> str:
        """The verdict in a few words."""
        count = len(self.findings)
        if self.failures:
            return f"{len(self.failures)} of {count} fail"
        known = sum(not finding.passed for finding in self.findings)
        return f"{count - known} pass, {known} known" if known else f"{count} pass"

    @property
    def snippets(self) -> list[str]:
        """What repeats the failures, or everything where nothing fails."""
        return list(dict.fromkeys(f.reproduce for f in self.failures or self.findings))


@dataclass(frozen=True)
class Row:
    """One row of the grid: a spec on a weight, or a property.

    Attributes:
        id: its name in the document.
        title: the spec, or the property's name.
        weight: the weight that it fills; "" for a property.
        dtype: the dtype.
        cells: a cell for each backend; None where a backend has none.
    """

    id: str
    title: str
    weight: str
    dtype: str
    cells: tuple[Cell | None, ...]

    @property
    def failing(self) -> bool:
        """Whether a cell of it fails."""
        return any(cell is not None and cell.verdict == "fail" for cell in self.cells)

    @property
    def text(self) -> str:
        """What the filter looks in."""
        checks = {f.check for cell in self.cells if cell for f in cell.findings}
        return " ".join([self.title, self.weight, self.dtype, *sorted(checks)]).lower()


@dataclass(frozen=True)
class Group:
    """Rows of one weight and dtype, or those that are alone in theirs."""

    title: str
    rows: tuple[Row, ...]


def html_report(report: Report) -> str:
    """Return a report as one HTML page.

    It needs no network and no other file, is light or dark as the reader's system is, and escapes
    whatever a backend calls itself.
    """
    backends = list(dict.fromkeys([*report.versions, *(f.backend for f in report.checks)]))
    rows = list(_rows(report, backends))
    return render(
        "report.html.j2",
        program="initspec conformance",
        report=report,
        headline=_headline(report, len(backends)),
        facts=_facts(report, len(rows)),
        backends=[(_shown(name), report.versions.get(name, "")) for name in backends],
        columns=[_shown(name) for name in report.versions],
        summary=summary(report),
        failing=[c for row in rows for c in row.cells if c is not None and c.failures],
        opened=OPEN,
        groups=_groups(rows),
        rows=len(rows),
        glossary=_glossary(report),
        p=_p,
    )


def _rows(report: Report, backends: Sequence[str]) -> Iterator[Row]:
    """Yield the rows, in the order of their first findings."""
    by_row: dict[str, dict[str, list[Finding]]] = {}
    for finding in report.checks:
        # A property has a row of its own.
        key = finding.cell or f"\0{finding.check}"
        by_row.setdefault(key, {}).setdefault(finding.backend, []).append(finding)
    for index, (key, owners) in enumerate(by_row.items()):
        title, weight, dtype = _named(key)
        cells: list[Cell | None] = []
        for number, backend in enumerate(backends):
            if backend not in owners:
                cells.append(None)
                continue
            name = f"r{index}-{number}"
            sketch = report.sketches.get((backend, key))
            cells.append(
                Cell(
                    id=name,
                    backend=number,
                    name=_shown(backend),
                    row=" · ".join(filter(None, (title, weight, dtype))),
                    findings=tuple(sorted(owners[backend], key=lambda f: (not f.failed, f.passed))),
                    pictures=tuple(pictures(sketch, name)) if sketch is not None else (),
                )
            )
        yield Row(f"r{index}", title, weight, dtype, tuple(cells))


def _named(key: str) -> tuple[str, str, str]:
    """Return a row's title, weight and dtype: ids are spec/weight/dtype."""
    if key.startswith("\0"):
        return key[1:], "", ""
    parts = key.split("/")
    if parts[0] == "all":
        return f"all cells of {parts[-1]}, pooled", "", ""
    if len(parts) < 3:
        return key, "", ""
    return parts[0], "/".join(parts[1:-1]), parts[-1]


def _groups(rows: Iterable[Row]) -> list[Group]:
    """Return the rows by weight and dtype; those that are alone in theirs by dtype."""
    several = list(rows)
    sizes = Counter((row.weight, row.dtype) for row in several)
    groups: dict[str, list[Row]] = {}
    for row in several:
        title = WHOLE
        if row.weight:
            alone = sizes[row.weight, row.dtype] == 1
            title = f"{'Other weights' if alone else row.weight} · {row.dtype}"
        groups.setdefault(title, []).append(row)
    return [Group(title, tuple(members)) for title, members in groups.items()]


def _headline(report: Report, backends: int) -> str:
    if report.interrupted:
        return "Interrupted: this run did not reach its end"
    if not report.checks:
        return "Nothing was checked"
    if report.passed:
        return "Every backend matches" if backends > 1 else "The backend matches"
    count = len(report.failures)
    return f"{count} of {len(report.checks)} checks fail" if count > 1 else "One check fails"


def _facts(report: Report, rows: int) -> list[tuple[str, str]]:
    seeds = f"fresh; seed={report.nonce} repeats them" if report.nonce else "fixed"
    facts = [
        ("checks", f"{len(report.checks):,} on {rows:,} rows"),
        ("failures", f"{len(report.failures):,}"),
        ("level", report.level),
        ("seeds", seeds),
        ("probability of a false alarm", f"{FAMILY:g} for all {report.tests:,} tests"),
        ("took", f"{report.seconds:.0f} s"),
    ]
    if report.deviations:
        facts.insert(2, ("known deviations", f"{len(report.deviations):,}"))
    return facts


def _glossary(report: Report) -> list[tuple[str, str, str]]:
    """Return what each check of the report asserts, and its law where the assertion holds."""
    known = {name: (asserts, "deterministic") for name, asserts in CALLS.items()}
    known |= {prop.name: (prop.asserts, "deterministic") for prop in PROPERTIES}
    known |= {name: (check.asserts, check.null) for name, check in BATTERY.items()}
    known |= {
        f"pooled_{name}": (
            f"the {name}s of all cells of a dtype, together, are off by no more than chance",
            "sum z / sqrt(cells) ~ N(0, 1), in one stage",
        )
        for name in POOLED
    }
    names = sorted({finding.check for finding in report.checks})
    return [(name, *known.get(name, ("", ""))) for name in names]


def _p(finding: Finding) -> str:
    if finding.p_values is None:
        return "exact"
    return p_text(finding.p_values, digits=2)


def _shown(name: str) -> str:
    """Return a backend's name, or what stands for one that has none."""
    return name if name.strip() else "the callable"
