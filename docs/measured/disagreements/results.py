"""The numbers: results[place][row] is a dict, results[place]["version"] says on what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PATH = Path(__file__).parent / "results.json"

Numbers = dict[str, Any]
Results = dict[str, dict[str, Any]]


def of_row(results: Results, row: str) -> dict[str, Numbers]:
    """Return what each place measured for one row, places without it left out."""
    return {place: numbers[row] for place, numbers in results.items() if row in numbers}
