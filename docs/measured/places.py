"""Where a number is measured: a framework, or Keras on one of its engines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any


@dataclass(frozen=True)
class Place:
    """A place.

    Attributes:
        title: its name on a page.
        needs: the packages that have to be installed.
        colour: its colour in pictures.
        environment: what a process needs in its environment.
    """

    title: str
    needs: tuple[str, ...]
    colour: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def why_not(self) -> str | None:
        """Return None where it can be measured, else what is missing."""
        missing = [name for name in self.needs if find_spec(name) is None]
        return f"{' and '.join(missing)} not installed" if missing else None

    def why_not_here(self) -> str | None:
        """Return None where it can be measured in this process, else why it cannot."""
        engine = self.environment.get("KERAS_BACKEND")
        here = os.environ.get("KERAS_BACKEND", "tensorflow")
        if engine not in (None, here):
            return f"this process has KERAS_BACKEND={here}; run with KERAS_BACKEND={engine}"
        return self.why_not()


def _keras(engine: str, title: str) -> Place:
    return Place(f"Keras on {title}", ("keras", engine), "blue", {"KERAS_BACKEND": engine})


PLACES = {
    "numpy": Place("NumPy", ("numpy",)),
    "torch": Place("torch", ("torch",), "vermillion"),
    "keras-tensorflow": _keras("tensorflow", "TensorFlow"),
    "keras-torch": _keras("torch", "torch"),
    "keras-jax": _keras("jax", "JAX"),
    "jax": Place("JAX", ("jax", "flax"), "green"),
    "mlx": Place("MLX", ("mlx",), "purple"),
}


def printed(place: str, module: str, *arguments: str, **environment: str) -> Any:
    """Return the JSON that `python -m module arguments` prints on its last line.

    It is a process of its own, because Keras has one engine for the life of a process, and because
    thread pools and log lines of the frameworks do not mix.
    """
    own = {"TF_CPP_MIN_LOG_LEVEL": "3"} | environment | dict(PLACES[place].environment)
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | own,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])
