"""Audit and write: `python -m benchmarks.native_audit`, or `--page` to write the page alone."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys

from benchmarks.disagreements.measure import PLACES, why_not
from benchmarks.native_audit.measure import AUDITED
from benchmarks.native_audit.page import PAGE, PATH, ROOT, load, page

_ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Small draws wait for threads longer than these work; what is parallel is the judging."""


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.native_audit", description=__doc__)
    parser.add_argument("places", nargs="*", default=AUDITED, help=", ".join(AUDITED))
    parser.add_argument("--page", action="store_true", help="audit nothing, write the page")
    parser.add_argument("--level", default="quick", help="quick, default or thorough")
    arguments = parser.parse_args()
    if not arguments.page:
        for place in arguments.places:
            _audit(place, arguments.level)
    PAGE.write_text(page(load()), "utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")


def _audit(place: str, level: str) -> None:
    reason = why_not(place)
    if reason is not None:
        print(f"{place}: left as it is, {reason}")
        return
    print(f"{place}: auditing", flush=True)
    # A process each, because Keras has one framework for the life of a process.
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.native_audit.measure", place, level],
        env=os.environ | _ENVIRONMENT | PLACES[place].environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    results = load() if PATH.exists() else {}
    results[place] = json.loads(done.stdout.splitlines()[-1])
    PATH.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", "utf-8")
    print(f"wrote {PATH.relative_to(ROOT)}", flush=True)


if __name__ == "__main__":
    main()
