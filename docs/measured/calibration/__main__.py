"""Measure and write: `python -m docs.measured.calibration`; `--page` writes the tables alone."""

from __future__ import annotations

import argparse

from docs.measured.calibration.page import PATH, files
from docs.measured.files import load, publish, save


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m docs.measured.calibration", description=__doc__
    )
    parser.add_argument("--page", action="store_true", help="measure nothing, write the tables")
    if not parser.parse_args().page:
        from docs.measured.calibration.measure import measure

        save(PATH, measure(), depth=3)
    publish(files(load(PATH)))


if __name__ == "__main__":
    main()
