"""The memory of a model, and what a poison shows of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Stored:
    """A parameter or a buffer of a model.

    Attributes:
        path: its first path.
        tied: its other paths.
        kind: "parameter", "buffer", or "buffer, not saved".
        shape: its shape.
        dtype: the name of its dtype.
    """

    path: str
    tied: tuple[str, ...]
    kind: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Memory(Stored):
    """A parameter or a buffer of a model that was built in poisoned memory.

    Attributes:
        poisoned: which of its elements have the poison, packed by `numpy.packbits`; None where
            none has.
    """

    poisoned: NDArray[np.uint8] | None
