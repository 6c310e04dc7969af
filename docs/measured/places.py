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

from initspec.backend import read_engines


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


_ENGINES = read_engines("initspec_keras")
_TITLES = {"tensorflow": "TensorFlow", "torch": "torch", "jax": "JAX"}

KERAS = tuple(f"keras-{name}" for name in _ENGINES)
"""The places where Keras is measured."""

PLACES = {
    "numpy": Place("NumPy", ("numpy",)),
    "torch": Place("torch", ("torch",), "vermillion"),
    **{
        f"keras-{name}": Place(
            f"Keras on {_TITLES.get(name, name)}", engine.modules, "blue", engine.environment
        )
        for name, engine in _ENGINES.items()
    },
    "jax": Place("JAX", ("jax", "flax"), "green"),
    "mlx": Place("MLX", ("mlx",), "purple"),
}


def printed(place: str, module: str, *arguments: str, **environment: str) -> Any:
    """Return the JSON that `python -m module arguments` prints on its last line.

    It is a process of its own, because Keras has one engine for the life of a process, and because
    thread pools and log lines of the frameworks do not mix.
    """
    variables = {"TF_CPP_MIN_LOG_LEVEL": "3"} | environment | dict(PLACES[place].environment)
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])
