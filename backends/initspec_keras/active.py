"""Which framework Keras runs on, found without importing Keras."""

from __future__ import annotations

import json
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from initspec.backend import missing, read_engines


def framework() -> str:
    """Return the name of the Keras backend that is active or, before the import, will be.

    Keras reads KERAS_BACKEND, then `keras.json` in KERAS_HOME or `~/.keras`, and takes TensorFlow
    where neither is set.
    """
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras, "config"):
        return str(keras.config.backend())
    return os.environ.get("KERAS_BACKEND") or _configured() or "tensorflow"


def why_unusable() -> str | None:
    """Return None where Keras and its framework are installed, else what to do."""
    active = framework()
    engines = read_engines(__package__)
    if active not in engines:
        return (
            f"Keras runs on {active!r} here; set KERAS_BACKEND to one of {', '.join(engines)} "
            "before Keras is imported"
        )
    without_keras = missing("keras", "tensorflow" if active == "tensorflow" else "keras")
    if without_keras:
        return without_keras
    without_framework = missing(active, engines[active].extra)
    if without_framework:
        return (
            f"Keras runs on {active} here, but {without_framework}, or set KERAS_BACKEND to a "
            "framework that is installed"
        )
    return None


def _configured() -> str | None:
    home = os.environ.get("KERAS_HOME")
    folder = Path(home) if home else Path("~").expanduser() / ".keras"
    try:
        config = json.loads((folder / "keras.json").read_text())
    except (OSError, ValueError):
        return None
    backend = config.get("backend") if isinstance(config, dict) else None
    return backend if isinstance(backend, str) else None


def wide(dtype: str) -> AbstractContextManager[Any]:
    """Return a context in which the framework gives float64 where it is asked for."""
    if dtype != "float64" or framework() != "jax":
        return nullcontext()
    import jax

    return jax.enable_x64(True)
