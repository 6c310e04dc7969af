"""What is computed of drawn weights, the same for every framework."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

SIDE = 1000
"""Weights whose law is measured are SIDE x SIDE."""

BINS, REACH = 72, 4.5
"""Histograms count BINS bins from -REACH to REACH sigma."""


def spread(weights: ArrayLike, sigma: float) -> dict[str, Any]:
    """Return std, extremes and a histogram of weights in units of sigma."""
    values = np.asarray(weights, np.float64).ravel() / sigma
    counts, _ = np.histogram(values, BINS, (-REACH, REACH))
    return {
        "std": float(values.std()),
        "most": float(np.abs(values).max()),
        "mean_in_standard_errors": float(values.mean() / values.std() * np.sqrt(values.size)),
        "distinct": len(np.unique(values)),
        "values": values.size,
        "counts": counts.tolist(),
    }


def fan(noise: ArrayLike, weights: ArrayLike) -> float:
    """Return the fan by which a LeCun rule has divided: weights = noise / sqrt(fan).

    Both are drawn from one seed, so that their ratio is exact but for rounding.
    """
    n, w = np.asarray(noise, np.float64), np.asarray(weights, np.float64)
    return float(np.round(np.sum(n * n) / np.sum(w * w), 3))


def gate_errors(recurrent: ArrayLike, gates: int = 4) -> list[float]:
    """Return max |G^T G - I| of each gate G of a recurrent kernel [units, gates * units]."""
    blocks = np.split(np.asarray(recurrent, np.float64), gates, axis=1)
    return [float(np.abs(g.T @ g - np.eye(len(g))).max()) for g in blocks]


def outcome(draw: Callable[[], Any]) -> str:
    """Return "works", or the error that a draw raises, in one line."""
    try:
        draw()
    except Exception as error:
        first = str(error).strip().splitlines()
        return f"{type(error).__name__}: {first[0] if first else ''}"[:160]
    return "works"


DTYPES = ("float16", "bfloat16", "float32")
