"""A report as JUnit XML, which every CI reads."""

from __future__ import annotations

from xml.etree import ElementTree

from initspec_conformance.reports.sanitize import visible
from initspec_conformance.results.findings import Finding
from initspec_conformance.results.report import Report


def to_junit(report: Report) -> str:
    """Return a report as JUnit XML: a suite a backend, a case a check; deviations are skipped."""
    root = ElementTree.Element("testsuites", name="initspec conformance")
    names = dict.fromkeys([*report.versions, *(f.backend for f in report.checks)])
    for name in names:
        own = [finding for finding in report.checks if finding.backend == name]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=visible(f"{name} {report.versions.get(name, '')}"),
            tests=str(len(own)),
            failures=str(sum(finding.failed for finding in own)),
            skipped=str(sum(bool(f.deviation) and not f.passed for f in own)),
        )
        for finding in own:
            _case(suite, finding)
    if report.interrupted:
        suite = ElementTree.SubElement(root, "testsuite", name="the run", tests="1", errors="1")
        case = ElementTree.SubElement(suite, "testcase", classname="run", name="complete")
        ElementTree.SubElement(case, "error", message="interrupted")
    ElementTree.indent(root)
    return ElementTree.tostring(root, "unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, finding: Finding) -> None:
    place = ".".join(filter(None, (finding.backend, finding.cell)))
    case = ElementTree.SubElement(
        suite, "testcase", classname=visible(place), name=visible(finding.check)
    )
    if finding.passed:
        return
    kind = "skipped" if finding.deviation else "failure"
    message = finding.deviation or finding.message
    ElementTree.SubElement(case, kind, message=visible(message)).text = visible(str(finding))
