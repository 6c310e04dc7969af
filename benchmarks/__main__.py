"""Measure and write: `python -m benchmarks [PLACE ...]`, or `--page` to write the page alone."""

from __future__ import annotations

import argparse
import time

from benchmarks.goals import GOALS
from benchmarks.measure import BUSY, PLACES, busy, measure, measured_on, why_not
from benchmarks.page import files
from benchmarks.results import PATH, to_keep
from docs.measured.files import load, publish, save


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page")
    parser.add_argument(
        "places", nargs="*", metavar="PLACE", help=f"what to measure, of {', '.join(PLACES)}"
    )
    parser.add_argument(
        "--rows", metavar="EXPRESSION", help="what pytest -k EXPRESSION selects; keep other rows"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.places) - set(PLACES):
        parser.error(f"no place {', '.join(sorted(unknown))}: choose from {', '.join(PLACES)}")
    if not arguments.page:
        _measure(arguments.places or list(PLACES), arguments.rows)
    publish(files(load(PATH)))


def _measure(places: list[str], rows: str | None) -> None:
    selected = ("-k", rows) if rows else ()
    for place in places:
        reason = why_not(place)
        if reason is not None:
            print(f"{place}: left as it is, {reason}")
            continue
        kept = to_keep(load(PATH).get(place), measured_on(place)) if rows else {}
        start = time.monotonic()
        measured = measure(place, *selected)
        ratios = {goal.id for goal in GOALS if goal.unit == "x"} & measured["rows"].keys()
        if place in BUSY and ratios:
            for row, worst in busy(place, *selected).items():
                measured["rows"][row] |= worst
        measured |= {key: entries | measured[key] for key, entries in kept.items()}
        print(f"{place}: measured in {time.monotonic() - start:.0f} s", flush=True)
        save(PATH, load(PATH) | {place: measured}, depth=3)


if __name__ == "__main__":
    main()
