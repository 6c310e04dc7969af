"""The ends of a range in floating point."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch

_NUMPY: dict[torch.dtype, Any] = {torch.float32: np.float32, torch.float64: np.float64}


@lru_cache(maxsize=1024)
def ends_inside(low: float, high: float, dtype: torch.dtype) -> tuple[float, float]:
    """Return the least and the largest number of `dtype` in [low, high].

    Where none lies between them, the nearest to each. float32(0.1) is above 0.1, so that rounding
    to nearest would let a weight exceed the bound it was given.

    torch's `uniform_(start, end)` stays between two such ends: it rounds u * (end - start), u at
    most 1 - eps / 2, to a number below end - start, so that no later rounding can pass the end.
    """
    kind = _NUMPY[dtype]
    # A bound far out may overflow float32; the step inwards takes the infinity back.
    with np.errstate(over="ignore"):
        nearest = kind(low), kind(high)
        start, end = nearest
        if float(start) < low:
            start = np.nextafter(start, kind(np.inf))
        if float(end) > high:
            end = np.nextafter(end, kind(-np.inf))
    start, end = (start, end) if start <= end else nearest
    return float(start), float(end)
