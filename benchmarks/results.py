"""The numbers: results[place]["rows"][id] is a `Spread`, results[place]["curves"][id] a `Curve`.

"versions" names what was measured, and "cores" says how many processors there were.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NotRequired, TypedDict

PATH = Path(__file__).parent / "results.json"


class Spread(TypedDict):
    """One row.

    Attributes:
        median: what is reached.
        low: the lower quartile.
        high: the upper quartile.
        rounds: of how many values they are.
        others: the share of the processors' time that other processes took; None is not known.
        busy: the worst median beside other work.
        busy_others: the share of what was neither measured nor that other work.
    """

    median: float
    low: float
    high: float
    rounds: int
    others: float | None
    busy: NotRequired[float]
    busy_others: NotRequired[float | None]


class Curve(TypedDict):
    """One line of a picture: [size, nanoseconds for a unit of work] at each size."""

    label: str
    points: list[list[float]]
    others: float | None


Results = dict[str, dict[str, Any]]


def of_row(results: Results, row: str) -> Spread | None:
    """Return what was measured for one row; None where nothing was."""
    return next((place["rows"][row] for place in results.values() if row in place["rows"]), None)


def to_keep(kept: dict[str, Any] | None, now: dict[str, Any]) -> dict[str, Any]:
    """Return the rows and curves of a place that stay beside those that are measured anew.

    Raises:
        ValueError: they are of other versions or of another machine than `now`.
    """
    if not kept:
        return {"rows": {}, "curves": {}}
    before = {key: kept[key] for key in now}
    if before != now:
        raise ValueError(f"the other rows are of {before}, these of {now}: measure all of them")
    return {key: kept[key] for key in ("rows", "curves")}
