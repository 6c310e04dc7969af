"""What a picture of a parameter needs: some of its values beside their law."""

from __future__ import annotations

import numpy as np

from initspec import Constant
from initspec_conformance.checks.batch import Batch
from initspec_conformance.models.pieces import Piece, entries_of
from initspec_conformance.results.sketch import BARS, Sketch, Sketcher

MOST = 1 << 16
"""About how many values are drawn: a bar of their histogram is off by a few percent."""

FEWEST = 16
"""Fewer values than these have no picture."""


def sketch_of(piece: Piece) -> Sketch | None:
    """Return the sketch of a piece; None where its message says all that a picture could."""
    if piece.values.size < FEWEST:
        return None
    expected = piece.expected
    if isinstance(expected.spec.distribution, Constant):
        return _beside_a_constant(piece)
    batch = Batch(expected, piece.values[None])
    if expected.family == "iid":
        flat = piece.values.reshape(-1)
        some = flat[:: (flat.size // MOST) | 1]  # an odd step, which few columns are apart
        batch = Batch(entries_of(expected, some.shape), some[None])
    sketcher = Sketcher(batch.expected)
    with np.errstate(all="ignore"):
        sketcher(batch)
        sketch = sketcher.sketch()
    if expected.family == "haar":  # the first entry of one matrix is one value
        sketch.edges = sketch.heights = sketch.expected = None
    return sketch


def _beside_a_constant(piece: Piece) -> Sketch | None:
    """Return the histogram of values that should be one constant; None where they are."""
    constant = piece.expected.spec.distribution
    assert isinstance(constant, Constant)
    values = piece.values.astype(np.float64).reshape(-1)
    right = np.float64(constant.value)
    if np.allclose(values, right, rtol=1e-2, atol=0):
        return None
    low, high = min(values.min(), right), max(values.max(), right)
    edges = np.linspace(low - (high - low) / 20, high + (high - low) / 20, BARS + 1)
    heights = np.histogram(values, edges)[0] / values.size
    expected = np.histogram([right], edges)[0].astype(np.float64)
    return Sketch(piece.expected, edges, heights, expected)
