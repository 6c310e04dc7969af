"""Measure and write: `python -m benchmarks`, or `--page` to write the page alone."""

from __future__ import annotations

import argparse
import os
import time

from benchmarks.measure import BUSY, PLACES, busy, measure, why_not
from benchmarks.page import files
from benchmarks.results import PATH
from docs.measured.files import load, publish, save


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page")
    parser.add_argument(
        "places", nargs="*", metavar="PLACE", help=f"what to measure, of {', '.join(PLACES)}"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.places) - set(PLACES):
        parser.error(f"no place {', '.join(sorted(unknown))}: choose from {', '.join(PLACES)}")
    if not arguments.page:
        _measure(arguments.places or list(PLACES))
    publish(files(load(PATH)))


def _measure(places: list[str]) -> None:
    others = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else 0.0
    for place in places:
        reason = why_not(place)
        if reason is not None:
            print(f"{place}: left as it is, {reason}")
            continue
        start = time.monotonic()
        measured = measure(place) | {"load": others}
        for row, worst in (busy(place) if place in BUSY else {}).items():
            measured["rows"][row]["busy"] = worst
        print(f"{place}: measured in {time.monotonic() - start:.0f} s", flush=True)
        save(PATH, load(PATH) | {place: measured}, depth=3)


if __name__ == "__main__":
    main()
