"""Measure and write: `python -m benchmarks.disagreements`, or `--page` to write the page alone."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys

from benchmarks.disagreements.measure import PLACES, why_not
from benchmarks.disagreements.page import ROOT, files
from benchmarks.disagreements.results import PATH, load


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.disagreements", description=__doc__)
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page")
    if not parser.parse_args().page:
        _measure()
    for path, text in files(load()).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        print(f"wrote {path.relative_to(ROOT)}")


def _measure() -> None:
    results = load() if PATH.exists() else {}
    for place in PLACES:
        reason = why_not(place)
        if reason is not None:
            print(f"{place}: left as it is, {reason}")
            continue
        print(f"{place}: measuring")
        # A process each, because Keras has one framework for the life of a process.
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.disagreements.measure", place],
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"} | PLACES[place].environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        results[place] = json.loads(done.stdout.splitlines()[-1])
    PATH.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", "utf-8")
    print(f"wrote {PATH.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
