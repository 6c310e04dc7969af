"""What each framework does, as numbers.

A place is a framework, or Keras on one of its own. `measure(place)` has to run in a process whose
Keras backend, if any, is the place's.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Place:
    """Where a measurement runs.

    Attributes:
        module: the module of this package that measures it.
        needs: what has to be installed.
        environment: what the process needs in its environment.
    """

    module: str
    needs: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


def _keras(framework: str) -> Place:
    return Place("on_keras", ("keras", framework), {"KERAS_BACKEND": framework})


PLACES = {
    "torch": Place("on_torch", ("torch",)),
    "keras-tensorflow": _keras("tensorflow"),
    "keras-torch": _keras("torch"),
    "keras-jax": _keras("jax"),
    "jax": Place("on_jax", ("jax", "flax")),
    "mlx": Place("on_mlx", ("mlx",)),
}


def why_not(place: str) -> str | None:
    """Return None where a place can be measured here, else what is missing."""
    missing = [name for name in PLACES[place].needs if importlib.util.find_spec(name) is None]
    return f"{' and '.join(missing)} not installed" if missing else None


def measure(place: str) -> dict[str, Any]:
    """Return {"version": ..., row: numbers} of one place, drawn in this process."""
    module = importlib.import_module(f"{__name__}.{PLACES[place].module}")
    return {"version": module.version()} | {row: run() for row, run in module.ROWS.items()}
