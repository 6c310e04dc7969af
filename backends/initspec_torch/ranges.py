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


@lru_cache(maxsize=1024)
def uniform_ends(low: float, high: float, dtype: torch.dtype) -> tuple[float, float]:
    """Return ends between which torch's `uniform_(start, end)` stays inside [low, high].

    It computes start + u * (end - start). On the CPU u is at most 1 - eps / 2. On CUDA one u in
    2^25 is 1, and what passes the end there is not taken back: `uniform_(-1, 0.001)` returns
    0.00100005, because 1.001 is rounded up.
    """
    kind = _NUMPY[dtype]
    start, end = map(kind, ends_inside(low, high, dtype))
    while start + (span := end - start) > end:
        end = min(start + np.nextafter(span, kind(0)), np.nextafter(end, kind(-np.inf)))
    return float(start), float(end)
