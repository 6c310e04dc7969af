"""Weights of a seed, arrays as `inspect` takes them, and files of them."""

from __future__ import annotations

import numpy as np
from initspec_conformance import inspect
from initspec_conformance.inspection.inspect import Inspection
from safetensors.numpy import save_file

from initspec import Axes, InitSpec
from initspec.backend import load


def draw(line: str, shape: tuple[int, ...], axes: str = "out in", seed: int = 0) -> np.ndarray:
    """Return a weight of NumPy's generator."""
    return load("numpy").draw(InitSpec.parse(line), shape, axes=Axes(axes), entropy=seed)


def look(**arrays: np.ndarray) -> Inspection:
    """Inspect arrays, whose names have _ for a dot."""
    return inspect({name.replace("_", "."): array for name, array in arrays.items()})


WEIGHTS = {
    "a.weight": draw("he_normal", (40, 30)),
    "a.bias": np.zeros(40, np.float32),
    "steps": np.array([3], np.int64),
}


def save(path, weights=WEIGHTS):
    """Write a file of the kind that its name ends in."""
    if path.suffix.lower() == ".npz":
        with path.open("wb") as file:
            np.savez(file, **weights)
    else:
        save_file(weights, path)
    return path
