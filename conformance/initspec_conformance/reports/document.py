"""A report as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from initspec_conformance.results.findings import Finding
from initspec_conformance.results.report import Report


def to_dict(report: Report) -> dict[str, Any]:
    """Return a report as plain data, without its pictures; numbers that JSON has not are None."""
    return {
        "version": 1,
        "passed": report.passed,
        "interrupted": report.interrupted,
        "level": report.level,
        "seed": report.nonce or None,
        "tests": report.tests,
        "seconds": round(report.seconds, 3),
        "backends": report.versions,
        "checks": [_finding(finding) for finding in report.checks],
    }


def to_json(report: Report) -> str:
    """Return a report as JSON text."""
    return json.dumps(to_dict(report), indent=1, allow_nan=False) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    return {key: _plain(value) for key, value in asdict(finding).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
