"""The matrices of an orthogonal weight, as every check of them takes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from initspec import DeltaOrthogonal
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.arrays import Values
from initspec_conformance.expected.expected import Expected


@dataclass(frozen=True)
class Frame:
    """The size of the matrices whose columns are orthonormal.

    Attributes:
        rows: the length of a column.
        columns: how many orthonormal columns there are, at most `rows`.
    """

    rows: int
    columns: int

    @property
    def square(self) -> bool:
        """Whether the matrices are orthogonal."""
        return self.rows == self.columns


def frame_of(expected: Expected) -> Frame:
    """Return the size of a weight's matrices."""
    layout = expected.layout
    across = layout.in_ if _is_delta(expected) else layout.columns
    return Frame(max(layout.out, across), min(layout.out, across))


def matrices(batch: Batch) -> Values:
    """Return the matrices of a batch over the gain, [count, rows, columns], tall, in float64."""
    expected = batch.expected
    layout = expected.layout
    whole = batch.logical.astype(np.float64) / expected.spec.gain
    if _is_delta(expected):
        whole = whole[..., layout.centre]
    flat = whole.reshape(-1, layout.out, whole[0, 0, 0].size)
    return flat if flat.shape[1] >= flat.shape[2] else flat.transpose(0, 2, 1)


def _is_delta(expected: Expected) -> bool:
    return isinstance(expected.spec.distribution, DeltaOrthogonal)
