"""Audit and write: `python -m docs.measured.native_audit`; `--page` writes the page alone."""

from __future__ import annotations

import argparse

from docs.measured.files import load, publish, save
from docs.measured.native_audit.measure import AUDITED
from docs.measured.native_audit.page import PAGE, PATH, page
from docs.measured.places import PLACES, printed

# Small draws wait for threads longer than these work; what is parallel is the judging.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m docs.measured.native_audit", description=__doc__
    )
    parser.add_argument("places", nargs="*", default=AUDITED, help=", ".join(AUDITED))
    parser.add_argument("--page", action="store_true", help="audit nothing, write the page")
    parser.add_argument("--level", default="quick", help="quick, default or thorough")
    arguments = parser.parse_args()
    if unknown := set(arguments.places) - set(AUDITED):
        parser.error(f"no place {', '.join(sorted(unknown))}: choose from {', '.join(AUDITED)}")
    if not arguments.page:
        for place in arguments.places:
            _audit(place, arguments.level)
    publish({PAGE: page(load(PATH))})


def _audit(place: str, level: str) -> None:
    reason = PLACES[place].why_not()
    if reason is not None:
        print(f"{place}: left as it is, {reason}")
        return
    print(f"{place}: auditing", flush=True)
    audited = printed(place, "docs.measured.native_audit.measure", place, level, **_ONE_THREAD)
    save(PATH, load(PATH) | {place: audited}, depth=3)


if __name__ == "__main__":
    main()
