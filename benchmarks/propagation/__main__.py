"""Measure and draw: `python -m benchmarks.propagation`, or `--draw` to draw alone."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from importlib.util import find_spec

from benchmarks.propagation.measure import curves, histograms, sweeps
from benchmarks.propagation.pictures import ROOT, files
from benchmarks.propagation.results import PATH, load

_FRAMEWORKS = ("torch", "keras", "jax")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.propagation", description=__doc__)
    parser.add_argument("--draw", action="store_true", help="measure nothing, draw the pictures")
    parser.add_argument("--curves", choices=_FRAMEWORKS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.curves:
        print(json.dumps(curves(arguments.curves)))
        return
    if not arguments.draw:
        _measure()
    for path, text in files(load()).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        print(f"wrote {path.relative_to(ROOT)}")


def _measure() -> None:
    results = load() if PATH.exists() else {"curves": {}}
    results |= {"histograms": histograms(), "sweeps": sweeps()}
    for framework in _FRAMEWORKS:
        if find_spec(framework) is None:
            print(f"{framework}: left as it is, not installed")
            continue
        # A process each: their thread pools and log lines do not mix.
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.propagation", "--curves", framework],
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        results["curves"][framework] = json.loads(done.stdout.splitlines()[-1])
    PATH.write_text(json.dumps(results, sort_keys=True) + "\n", "utf-8")
    print(f"wrote {PATH.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
