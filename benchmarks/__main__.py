"""Measure and write: `python -m benchmarks`, or `--page` to write the page alone."""

from __future__ import annotations

import argparse
import json
import os
import time

from benchmarks.measure import PLACES, measure, why_not
from benchmarks.page import ROOT, files
from benchmarks.results import PATH, load


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page")
    parser.add_argument(
        "places", nargs="*", metavar="PLACE", help=f"what to measure, of {', '.join(PLACES)}"
    )
    asked = parser.parse_args()
    if unknown := set(asked.places) - set(PLACES):
        parser.error(f"no place {', '.join(sorted(unknown))}: choose from {', '.join(PLACES)}")
    if not asked.page:
        _measure(asked.places or list(PLACES))
    for path, text in files(load()).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        print(f"wrote {path.relative_to(ROOT)}")


def _measure(places: list[str]) -> None:
    results = load() if PATH.exists() else {}
    others = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else 0.0
    for place in places:
        reason = why_not(place)
        if reason is not None:
            print(f"{place}: left as it is, {reason}")
            continue
        start = time.monotonic()
        results[place] = measure(place) | {"load": others}
        print(f"{place}: measured in {time.monotonic() - start:.0f} s", flush=True)
        PATH.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", "utf-8")
    print(f"wrote {PATH.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
