"""Audit and write: `python -m docs.measured.showcases`; `--page` writes the page alone."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError
from typing import Any

from docs.measured.files import load, publish, save
from docs.measured.showcases.measure import LIBRARIES, module, versions
from docs.measured.showcases.page import PAGES, PATH, pages

# Small weights wait for threads longer than these work.
_QUIET = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m docs.measured.showcases", description=__doc__)
    parser.add_argument("libraries", nargs="*", default=LIBRARIES, help=", ".join(LIBRARIES))
    parser.add_argument("--page", action="store_true", help="audit nothing, write the page")
    parser.add_argument("--again", action="store_true", help="audit what has a row, too")
    arguments = parser.parse_args()
    if unknown := set(arguments.libraries) - set(LIBRARIES):
        parser.error(f"no library {', '.join(sorted(unknown))}: choose from {', '.join(LIBRARIES)}")
    if not arguments.page:
        for library in arguments.libraries:
            _audit(library, arguments.again)
    publish(dict(zip(PAGES, pages(load(PATH)), strict=True)))


def _audit(library: str, again: bool) -> None:
    """Audit the families of a library that have no row, and run its reproductions."""
    try:
        installed = versions(library)
    except PackageNotFoundError as error:
        print(f"{library}: left as it is, {error}")
        return
    entry: dict[str, Any] = load(PATH).get(library, {})
    if again or entry.get("versions") != installed:
        entry = {"versions": installed, "families": {}, "reproductions": {}}
    environment = os.environ | _QUIET | import_module(module(library)).ENVIRONMENT
    try:
        _measure(library, entry, environment)
    finally:  # what is measured need not be measured again
        save(PATH, load(PATH) | {library: entry}, depth=3)


def _measure(library: str, entry: dict[str, Any], environment: Mapping[str, str]) -> None:
    """Audit what has no row, and run the reproductions, in a process with the library's engine."""
    command = [sys.executable, "-m", "docs.measured.showcases.measure", library]
    with subprocess.Popen(
        [*command, *entry["families"]], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            kind, name, value = json.loads(line)
            print(f"{library}: {name}", flush=True)
            entry[kind][name] = value
    if process.returncode:
        raise SystemExit(f"{library}: the audits ended with {process.returncode}")


if __name__ == "__main__":
    main()
