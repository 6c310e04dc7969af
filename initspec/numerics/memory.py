"""Ask for memory before a long computation."""

from __future__ import annotations

import numpy as np


def require_memory(size: int) -> None:
    """Raise MemoryError where a computation cannot have `size` bytes.

    They are asked for, and not touched: this takes no time, and fails where the machine does not
    have as many. Without it a computation of several arrays, each of which fits, would be killed.

    >>> require_memory(2**80)
    Traceback (most recent call last):
    MemoryError: 1.13e+15 GiB do not fit into memory
    """
    try:
        np.empty(size, np.uint8)
    except (MemoryError, OverflowError, ValueError):  # the last two: beyond the address space
        gib = f"{min(size, 10**300) / 2**30:.3g}"
        raise MemoryError(f"{gib} GiB do not fit into memory") from None
