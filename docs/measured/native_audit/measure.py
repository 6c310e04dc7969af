"""The audit of one framework, as plain data."""

from __future__ import annotations

import json
import sys
from typing import Any

from initspec_conformance.runner.builtin_audit import native_audit
from initspec_conformance.runner.builtin_cells import builtin_cells

from docs.measured.places import KERAS
from initspec.backend import usable

AUDITED = ("torch", "jax", *KERAS)
"""The places whose initializers are audited."""

TELLING = (
    *("draws", "reproducible", "copies", "zeros", "fixed", "orthogonality", "variance", "support"),
    *("mean", "distinct", "tails", "legendre"),
)
"""Which of several failed checks the page quotes: the first in this order."""


def measure(place: str, level: str) -> dict[str, Any]:
    """Audit a place in this process, whose Keras backend, if any, has to be the place's."""
    name = place.partition("-")[0]
    report = native_audit([name], level, progress=_progress)
    if report.interrupted:
        raise KeyboardInterrupt
    failed: dict[str, dict[str, str]] = {}
    for finding in report.checks:
        if not finding.passed:
            failed.setdefault(finding.cell, {})[finding.check] = finding.message
    return {
        "version": _version(place, report.versions[name]),
        "level": report.level,
        "tests": report.tests,
        "cells": [
            {
                "line": cell.native.line,
                "spec": str(cell.native.spec),
                "documented": cell.native.documented,
                "layer": cell.layer.name,
                "axes": cell.layer.axes,
                "shape": list(cell.layer.shape),
                "dtype": cell.expected.dtype,
                "failed": list(failed.get(cell.id, {})),
                "message": telling(failed.get(cell.id, {})),
            }
            for cell in builtin_cells([usable(name)])
        ],
    }


def telling(failed: dict[str, str]) -> str:
    """Return the message of the failed check that explains most; "" where none failed."""
    order = [check for check in TELLING if check in failed] or list(failed)
    return failed[order[0]] if order else ""


def _version(place: str, version: str) -> str:
    if place == "jax":
        import flax

        return f"JAX {version}, flax {flax.__version__}"
    return f"{place.partition('-')[0].replace('keras', 'Keras')} {version}"


def _progress(done: int, total: int, *_: object) -> None:
    if done % 20 == 0 or done == total:
        print(f"{done} of {total}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2])))
