"""Some elements of an array, in a few words."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from initspec.models.table import runs

_MOST = 4
"""The runs of rows that are listed."""


def described(mask: NDArray[np.bool_]) -> str:
    """Return which elements of an array a mask has, at least one of them.

    >>> mask = np.zeros((8, 4), bool)
    >>> mask[6:] = True
    >>> described(mask), described(mask.T), described(mask[6:])
    ('rows 6 to 7', '[:, 6:8]', 'all')
    >>> mask[0, 1] = True
    >>> described(mask)
    '9 elements of [:, :]'
    """
    if mask.all():
        return "all"
    rows = mask.reshape(len(mask), -1)
    some, every = rows.any(axis=1), rows.all(axis=1)
    if (some == every).all() and mask.ndim > 1:
        listed = [run.replace("..", " to ") for run in runs(np.flatnonzero(some).tolist())]
        if len(listed) <= _MOST:
            return f"row{'s' if some.sum() > 1 else ''} {', '.join(listed)}"
    box = [_extent(mask, axis) for axis in range(mask.ndim)]
    count, size = int(mask.sum()), math.prod(end - start for start, end in box)
    index = ", ".join(
        ":" if (start, end) == (0, length) else str(start) if end - start == 1 else f"{start}:{end}"
        for (start, end), length in zip(box, mask.shape, strict=True)
    )
    return f"[{index}]" if count == size else f"{count} elements of [{index}]"


def _extent(mask: NDArray[np.bool_], axis: int) -> tuple[int, int]:
    """Return the first index along an axis, and the one after the last."""
    others = tuple(other for other in range(mask.ndim) if other != axis)
    indices = np.flatnonzero(mask.any(axis=others))
    return int(indices[0]), int(indices[-1]) + 1
