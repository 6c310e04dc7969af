"""The audits of one library, as plain data: a row a family."""

from __future__ import annotations

import contextlib
import io
import json
import runpy
import sys
import time
import warnings
from collections.abc import Collection, Iterator
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np
from initspec_conformance import audit_model

from docs.measured.showcases.families.base import Family
from docs.measured.showcases.findings import FAULTS

LIBRARIES = ("transformers", "peft", "keras_hub", "keras_applications", "flax", "anyinit")
"""The libraries, by their file in `families/`."""

Row = dict[str, Any]
"""A family with what was found of it."""


def versions(library: str) -> dict[str, str]:
    """Return the versions that the results of a library belong to."""
    return {name: version(name) for name in import_module(module(library)).PACKAGES}


def rows(library: str, done: Collection[str] = ()) -> Iterator[Row]:
    """Build and audit the families of a library one after the other, but for those that are done."""
    measured = import_module(module(library))
    if hasattr(measured, "rows"):  # what has no models
        yield from (row for row in measured.rows() if row["family"] not in done)
        return
    for family in measured.families():
        if family.name not in done:
            yield audited(family)


def audited(family: Family) -> Row:
    """Return the row of a family."""
    start = time.process_time()
    seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = family.build()
        audit = audit_model(
            model, family.rules, only=family.only, inputs=family.inputs, **family.numbers
        )
    return {
        "family": family.name,
        "source": family.source,
        "parameters": len(audit.parameters),
        "elements": sum(parameter.size for parameter in audit.parameters),
        "kept": [parameter.path for parameter in audit.parameters if parameter.spec == "keep"],
        "tests": audit.tests,
        "seconds": round(time.process_time() - start, 2),
        "findings": [[f.path, f.kind, f.message, f.looks_like] for f in audit.findings],
    }


def seed(number: int) -> None:
    """Seed what is imported, so that a run can be repeated."""
    np.random.seed(number)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(number)
    if keras := sys.modules.get("keras"):
        keras.utils.set_random_seed(number)


def module(library: str) -> str:
    """Return the name of the module of a library."""
    return f"docs.measured.showcases.families.{library}"


def reproductions(library: str) -> Iterator[tuple[str, str]]:
    """Run the scripts of a library's faults; yield the fault and what its script prints."""
    for fault in FAULTS:
        if fault.library == library:
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                seed(0)
                runpy.run_path(str(fault.reproduction))
            yield fault.id, printed.getvalue()


def main(library: str, done: Collection[str]) -> None:
    """Print each result as a line of JSON, as soon as it is there."""
    for row in rows(library, done):
        print(json.dumps(["families", row.pop("family"), row]), flush=True)
    for name, output in reproductions(library):
        print(json.dumps(["reproductions", name, output]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
