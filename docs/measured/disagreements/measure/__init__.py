"""What each framework does, as numbers.

`measure(place)` has to run in a process whose Keras engine, if any, is the place's.
"""

from __future__ import annotations

import importlib
from typing import Any

from docs.measured.places import KERAS

MEASURED = ("torch", *KERAS, "jax", "mlx")
"""The places of the page; the module on_X of this package measures those of framework X."""


def measure(place: str) -> dict[str, Any]:
    """Return {"version": ..., row: numbers} of one place, drawn in this process."""
    module = importlib.import_module(f"{__name__}.on_{place.partition('-')[0]}")
    return {"version": module.version()} | {row: run() for row, run in module.ROWS.items()}
