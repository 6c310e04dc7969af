"""An audit as one HTML page: the verdict, the findings, and a row for each parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from initspec_conformance.checks import BATTERY
from initspec_conformance.models.findings import Checked, ModelFinding, ParameterAudit
from initspec_conformance.models.rows import (
    MEANINGS,
    Owners,
    Row,
    counted,
    places_of,
    rows_of,
)
from initspec_conformance.reports.html.pictures import Picture, pictures
from initspec_conformance.reports.html.template import render
from initspec_conformance.results.sketch import Sketch
from initspec_conformance.statistics.error_rates import FAMILY, one_stage

OPEN = 3
"""How many findings are open when the page is."""

SEARCHED = 100
"""Of how many parameters of a row the filter looks at the paths."""


@dataclass(frozen=True)
class Entry:
    """A row of the page.

    Attributes:
        id: its name in the document.
        row: its parameters.
        shown: the path of the parameter that is furthest off, whose pictures these are.
        pictures: its values beside their law.
        checks: each check's result that is furthest off, after its path where there are several.
    """

    id: str
    row: Row
    shown: str
    pictures: tuple[Picture, ...]
    checks: tuple[tuple[str, Checked], ...]

    @property
    def verdict(self) -> str:
        """What it came to: "fail", "known" (not judged) or "pass"."""
        if self.row.kinds:
            return "fail"
        return "known" if self.row.parameters[0].skipped else "pass"

    @property
    def what(self) -> str:
        """The spec, the size and the number of tests."""
        spec, size, _ = self.row.cells
        tests = self.row.parameters[0].tests
        return f"{spec} · {size} elements" + (f" · {counted(tests, 'test')}" if tests else "")

    @property
    def tally(self) -> str:
        """The findings, or what would have been seen."""
        sees = self.row.parameters[0].sees
        if self.row.kinds:
            return ", ".join(self.row.kinds)
        return sees if self.row.parameters[0].skipped else f"would have seen {sees}"

    @property
    def text(self) -> str:
        """What the filter looks in."""
        paths = [parameter.path for parameter in self.row.parameters[:SEARCHED]]
        return " ".join([self.row.path, self.what, *self.row.kinds, *paths]).lower()


def page_of(
    findings: Sequence[ModelFinding],
    parameters: Sequence[ParameterAudit],
    sketches: Mapping[str, Sketch],
    recipe: str,
    tests: int,
    seconds: float,
    notice: str = "",
) -> str:
    """Return an audit as one HTML page that needs no network and no other file.

    Args:
        findings: what is wrong.
        parameters: how closely each parameter was looked at.
        sketches: what a picture of each parameter needs, by path.
        recipe: the name of the recipe; "" where it has none.
        tests: how many random tests there were.
        seconds: how long the audit took.
        notice: what is said before all.
    """
    rows = rows_of(findings, parameters)
    entries = [_entry(f"r{number}", row, sketches) for number, row in enumerate(rows)]
    by_path = {p.path: entry for entry in entries for p in entry.row.parameters}
    owners = Owners(parameters)
    names = {check.name.split(" ")[-1] for p in parameters for check in p.checks}
    glossary = [(name, BATTERY[name].asserts, BATTERY[name].null) for name in sorted(names)]
    judged = sum(not parameter.skipped for parameter in parameters)
    named = f"the recipe {recipe}" if recipe else "the recipe"
    return render(
        "audit.html.j2",
        program="initspec audit",
        headline=counted(len(findings), "finding") if findings else f"As {named} says",
        notice=notice,
        facts=[
            ("recipe", recipe or "without a name"),
            ("judged", f"{judged:,} of {counted(len(parameters), 'parameter')}"),
            ("elements", f"{sum(parameter.size for parameter in parameters):,}"),
            ("probability of a false alarm", f"{FAMILY:g} for all {tests:,} random tests"),
            ("took", f"{seconds:.0f} s"),
        ],
        places=[
            (place, next((by_path[path] for path in owners.of(place.findings[0])), None))
            for place in places_of(findings)
        ],
        opened=OPEN,
        kinds=MEANINGS,
        parameters=counted(len(parameters), "parameter"),
        entries=entries,
        glossary=glossary,
        level=f"{one_stage(tests).first:.2g}",
        p=_p,
    )


def _entry(name: str, row: Row, sketches: Mapping[str, Sketch]) -> Entry:
    """Return a row with the pictures and the checks of the parameters that are furthest off."""
    several = len(row.parameters) > 1
    furthest: dict[str, tuple[str, Checked]] = {}
    for parameter in row.parameters:
        for check in parameter.checks:
            before = furthest.get(check.name)
            if before is None or _order(check) < _order(before[1]):
                furthest[check.name] = (parameter.path, check)
    least = min(
        row.parameters,
        key=lambda p: (p.path not in sketches, min(map(_order, p.checks), default=(True, 1.0))),
    )
    sketch = sketches.get(least.path)
    return Entry(
        id=name,
        row=row,
        shown=f"{least.path}, the furthest off" if several else least.path,
        pictures=tuple(pictures(sketch, name)) if sketch is not None else (),
        checks=tuple((path if several else "", check) for path, check in furthest.values()),
    )


def _order(check: Checked) -> tuple[bool, float]:
    return (check.passed, 1.0 if check.p_value is None else check.p_value)


def _p(check: Checked) -> str:
    if check.p_value is None:
        return "exact"
    return f"{check.p_value:.2g}" if check.p_value else "< 1e-300"
