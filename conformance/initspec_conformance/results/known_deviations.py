"""Expected failures: declared in the backend, with a reason and a link, and strict."""

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

    A backend whose texts have another form declares them to readers only: they excuse nothing.
    """
    found = []
    for text in texts:
        pattern, colon, reason = text.partition(": ")
        if colon and " " not in pattern and "http" in reason:
            found.append(Deviation(pattern, reason))
    return found


def excuse(
    findings: list[Finding], deviations: list[Deviation], manifest: Collection[str]
) -> list[Finding]:
    """Mark the failures that were declared; a declared one that no longer fails is a failure.

    Args:
        findings: of one backend.
        deviations: what it declares.
        manifest: the names of all findings that the backend can have. Where some that a pattern
            matches are not among `findings`, in a part of a run, it may well be they that fail.
    """
    found = {finding.name for finding in findings}
    unseen = [name for name in manifest if name not in found]
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
        again = findings[matched[0]].reproduce
        judged.append(Finding("known_deviations", message, 1.0, None, 1, 0.0, again, False))
    return judged
