"""The numbers: results[place][row] is a dict, results[place]["version"] says on what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent / "results.json"

Numbers = dict[str, Any]
Results = dict[str, dict[str, Any]]


def load() -> Results:
    """Return the committed results."""
    results: Results = json.loads(PATH.read_text("utf-8"))
    return results


def of_row(results: Results, row: str) -> dict[str, Numbers]:
    """Return what each place measured for one row, places without it left out."""
    return {place: found[row] for place, found in results.items() if row in found}
