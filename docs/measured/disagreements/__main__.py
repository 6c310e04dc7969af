"""Measure and write: `python -m docs.measured.disagreements`; `--page` writes the page alone."""

from __future__ import annotations

import argparse

from docs.measured.disagreements.measure import MEASURED
from docs.measured.disagreements.page import files
from docs.measured.disagreements.results import PATH
from docs.measured.files import load, publish, save
from docs.measured.places import PLACES, printed


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m docs.measured.disagreements", description=__doc__
    )
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page")
    if not parser.parse_args().page:
        _measure()
    publish(files(load(PATH)))


def _measure() -> None:
    results = load(PATH)
    for place in MEASURED:
        reason = PLACES[place].why_not()
        if reason is not None:
            print(f"{place}: left as it is, {reason}")
            continue
        print(f"{place}: measuring")
        results[place] = printed(place, "docs.measured.disagreements.measure", place)
    save(PATH, results, depth=2)


if __name__ == "__main__":
    main()
