"""What mlx.nn.init does, where MLX is installed."""

from __future__ import annotations

import importlib.metadata
import math
from typing import Any

import mlx.core as mx
import numpy as np
from mlx import nn

from docs.measured.disagreements.measure.numbers import SIDE, spread


def version() -> str:
    """Return MLX' version."""
    return f"MLX {importlib.metadata.version('mlx')}"


def he_normal() -> dict[str, Any]:
    """Draw he_normal."""
    mx.random.seed(0)
    drawn = nn.init.he_normal()(mx.zeros((SIDE, SIDE)))
    return spread(np.array(drawn), math.sqrt(2 / SIDE))


ROWS = {"he-normal": he_normal}
