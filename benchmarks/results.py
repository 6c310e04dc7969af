"""The numbers: results[place]["rows"][id] is a `Spread`, results[place]["curves"][id] a `Curve`.

"versions" names what was measured, "cores" how many processors there were, and "load" how many
processes of others wanted them when it began.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NotRequired, TypedDict

PATH = Path(__file__).parent / "results.json"


class Spread(TypedDict):
    """One row: the median, the quartiles, of how many they are, the worst median when busy."""

    median: float
    low: float
    high: float
    rounds: int
    busy: NotRequired[float]


class Curve(TypedDict):
    """One line of a picture: [size, nanoseconds for a unit of work] at each size."""

    label: str
    points: list[list[float]]


Results = dict[str, dict[str, Any]]


def of_row(results: Results, row: str) -> Spread | None:
    """Return what was measured for one row; None where nothing was."""
    return next((place["rows"][row] for place in results.values() if row in place["rows"]), None)
