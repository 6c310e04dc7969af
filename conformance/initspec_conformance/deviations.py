"""Expected failures: declared in the backend, with a reason and a link, and strict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from initspec_conformance.findings import Finding


@dataclass(frozen=True)
class Deviation:
    """A known deviation.

    Attributes:
        pattern: which findings: spec/weight/dtype/check, or a property's name, with wildcards;
            `?` stands for a space, which a pattern has none of.
        reason: why, with a link.
    """

    pattern: str
    reason: str


def declared(texts: Iterable[str]) -> list[Deviation]:
    """Read a backend's `known_deviations`: "PATTERN: reason, link", a pattern without spaces.

    A backend whose texts have another form declares them to readers only: they excuse nothing.
    """
    found = []
    for text in texts:
        pattern, colon, reason = text.partition(": ")
        if colon and " " not in pattern and "http" in reason:
            found.append(Deviation(pattern, reason))
    return found


def excuse(
    findings: list[Finding], deviations: list[Deviation], whole: bool = True
) -> list[Finding]:
    """Mark the failures that were declared; a declared one that no longer fails is a failure.

    Args:
        findings: of one backend.
        deviations: what it declares.
        whole: whether these are all findings of a run. Of a part, a pattern with wildcards may
            well fail elsewhere.
    """
    used: set[str] = set()
    met: set[str] = set()
    judged = []
    for finding in findings:
        name = "/".join(filter(None, (finding.cell, finding.check)))
        for deviation in deviations:
            if fnmatchcase(name, deviation.pattern):
                met.add(deviation.pattern)
                if not finding.passed:
                    used.add(deviation.pattern)
                    finding = replace(finding, deviation=deviation.reason)  # noqa: PLW2901
        judged.append(finding)
    for deviation in deviations:
        if deviation.pattern in met - used and (whole or not set(deviation.pattern) & set("*?[")):
            message = (
                f"{deviation.pattern!r} is declared to fail and passes: delete the declaration"
            )
            judged.append(
                Finding("known_deviations", message, 1.0, None, 1, 0.0, deviation.reason, False)
            )
    return judged
