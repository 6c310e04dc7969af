"""The committed numbers: histograms, sweeps and learning curves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent / "results.json"


def load() -> dict[str, Any]:
    """Return the committed numbers."""
    results: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
    return results
