"""Measure and draw: `python -m docs.measured.propagation`; `--page` draws the pictures alone."""

from __future__ import annotations

import argparse
import json

from docs.measured.files import load, publish, save
from docs.measured.places import PLACES, printed
from docs.measured.propagation.measure import curves, histograms, sweeps
from docs.measured.propagation.pictures import PATH, files

_TRAINED = {"torch": "torch", "keras": "keras-tensorflow", "jax": "jax"}
"""The frameworks of the learning curves, and the place where each trains."""


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m docs.measured.propagation", description=__doc__
    )
    parser.add_argument("--page", action="store_true", help="measure nothing, draw the pictures")
    parser.add_argument("--curves", choices=_TRAINED, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.curves:
        print(json.dumps(curves(arguments.curves)))
        return
    if not arguments.page:
        _measure()
    publish(files(load(PATH)))


def _measure() -> None:
    results = {"curves": {}} | load(PATH) | {"histograms": histograms(), "sweeps": sweeps()}
    for framework, place in _TRAINED.items():
        reason = PLACES[place].why_not()
        if reason is not None:
            print(f"{framework}: left as it is, {reason}")
            continue
        module = "docs.measured.propagation"
        results["curves"][framework] = printed(place, module, "--curves", framework)
    save(PATH, results, depth=3)


if __name__ == "__main__":
    main()
