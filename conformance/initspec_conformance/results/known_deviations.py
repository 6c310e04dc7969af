"""Failures that a backend declares, with a reason and a link; one that is gone is a failure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from initspec_conformance.results.findings import Finding


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

    Texts of another form are for readers: they excuse nothing.
    """
    deviations = []
    for text in texts:
        pattern, colon, reason = text.partition(": ")
        if colon and " " not in pattern and "http" in reason:
            deviations.append(Deviation(pattern, reason))
    return deviations


def apply_known_deviations(
    findings: list[Finding], deviations: list[Deviation], tests: Collection[str]
) -> list[Finding]:
    """Mark the failures that were declared; a declared one that no longer fails is a failure.

    Args:
        findings: of one backend.
        deviations: what it declares.
        tests: the names of all findings that the backend can have. Where some that a pattern
            matches are not among `findings`, in a part of a run, it may well be they that fail.
    """
    names = {finding.name for finding in findings}
    unseen = [name for name in tests if name not in names]
    judged = list(findings)
    for deviation in deviations:
        matched = [i for i, f in enumerate(findings) if fnmatchcase(f.name, deviation.pattern)]
        failed = [i for i in matched if not findings[i].passed]
        for i in failed:
            judged[i] = replace(judged[i], deviation=deviation.reason)
        if not matched or failed or any(fnmatchcase(n, deviation.pattern) for n in unseen):
            continue
        message = (
            f"{deviation.pattern!r} is declared to fail ({deviation.reason}) and passes: "
            "delete the declaration"
        )
        first = findings[matched[0]]
        judged.append(
            Finding(
                check="known_deviations",
                message=message,
                statistic=1.0,
                p_values=None,
                n=1,
                min_discrepancy=0.0,
                reproduce=first.reproduce,
                passed=False,
                backend=first.backend,
                group="known deviations",
            )
        )
    return judged
