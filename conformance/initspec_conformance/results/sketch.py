"""What a picture of a cell needs, gathered while its draws stream by."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from initspec_conformance.checks.batch import Batch
from initspec_conformance.checks.matrices import frame_of, matrices
from initspec_conformance.checks.sparsity import masks
from initspec_conformance.expected.arrays import Values
from initspec_conformance.expected.expected import Expected

BARS = 60
POINTS = 99
_LARGEST = 64
_BEYOND = 3  # bars on either side of the law


@dataclass
class Sketch:
    """Numbers for a picture; each family fills in its own.

    Attributes:
        weight: what was to be drawn.
        edges: the ends of the bars, in units of the weight; for Haar matrices, of the weight over
            the gain.
        heights: the share of entries in each bar; of Haar matrices, of their first entries.
        expected: the share that the law puts there, rounded to the dtype.
        quantiles: measured against expected quantiles, [99, 2], in standard deviations.
        gram: |Q^T Q / gain^2 - I| of the first matrix, its leading 64 columns.
        zeros: how many slices have each number of zeros.
        values: the leading 16 x 16 entries of a fixed family's matrix.
    """

    weight: Expected
    edges: Values | None = None
    heights: Values | None = None
    expected: Values | None = None
    quantiles: Values | None = None
    gram: Values | None = None
    zeros: dict[int, int] = field(default_factory=dict)
    values: Values | None = None


class Sketcher:
    """Gathers a sketch from the batches of stage 1."""

    def __init__(self, weight: Expected) -> None:
        self._weight = weight
        self._sketch = Sketch(weight)
        self._counts: NDArray[np.int64] | None = None
        self._bars: NDArray[np.int64] | None = None
        self._firsts: list[Values] = []

    def __call__(self, batch: Batch) -> None:
        """Look at a batch."""
        family, sketch = self._weight.family, self._sketch
        if family in ("iid", "sparse"):
            counts = batch.counts
            self._counts = counts if self._counts is None else self._counts + counts
            mean, std, _ = self._weight.rounding.moments
            law = self._weight.law
            assert law is not None
            reach = 4.5 * std
            low, high = max(law.low, mean - reach), min(law.high, mean + reach)
            # An end of the support is an edge of a bar: a cut is drawn as a step.
            width = (high - low) / (BARS - 2 * _BEYOND)
            edges: Values = low + (np.arange(BARS + 1, dtype=np.float64) - _BEYOND) * width
            sketch.edges = edges
            bars, _ = np.histogram(batch.entries.astype(np.float64), edges)
            self._bars = bars if self._bars is None else self._bars + bars
        if family in ("sparse", "empty"):
            each, counts = np.unique(masks(batch).sum(axis=2), return_counts=True)
            for zeros, count in zip(each.tolist(), counts.tolist(), strict=True):
                sketch.zeros[zeros] = sketch.zeros.get(zeros, 0) + count
        if family == "haar":
            q = matrices(batch)
            self._firsts.append(q[:, 0, 0].copy())
            if sketch.gram is None:
                some = q[0][:, :_LARGEST]
                sketch.gram = np.abs(some.T @ some - np.eye(some.shape[1]))
        if family == "fixed" and sketch.values is None:
            member = batch.logical[0, 0].astype(np.float64)
            sketch.values = member.reshape(member.shape[0], -1)[:16, :16]

    def sketch(self) -> Sketch:
        """Return what was gathered."""
        sketch = self._sketch
        if self._counts is not None and self._bars is not None and sketch.edges is not None:
            law = self._weight.law
            assert law is not None
            total = max(int(self._counts.sum()), 1)
            sketch.heights = self._bars / total
            sketch.expected = self._expected(sketch.edges)
            if self._counts.any():
                sketch.quantiles = self._quantiles(total)
        rows = frame_of(self._weight).rows if self._firsts else 0
        if rows > 2:
            self._entries(np.concatenate(self._firsts), rows)
        return sketch

    def _expected(self, edges: Values) -> Values:
        """Return the share in each bar; few values of a narrow dtype lie in one, and unevenly."""
        if not self._weight.narrow:
            return np.diff(self._weight.rounding.law.cdf(edges))
        rounded = self._weight.rounded
        values = np.nan_to_num(rounded.values, nan=np.inf)
        shares, _ = np.histogram(values, edges, weights=rounded.masses)
        return np.asarray(shares, np.float64)

    def _entries(self, entries: Values, rows: int) -> None:
        """Sketch one entry of each matrix: x with (x + 1) / 2 ~ Beta((n - 1) / 2, (n - 1) / 2)."""
        from scipy import special

        reach, half = min(4.5 / rows**0.5, 1.0), (rows - 1) / 2
        edges = np.linspace(-reach, reach, BARS // 2 + 1)
        bars, _ = np.histogram(entries, edges)
        self._sketch.edges = edges
        self._sketch.heights = bars / len(entries)
        self._sketch.expected = np.diff(special.betainc(half, half, (edges + 1) / 2))

    def _quantiles(self, total: int) -> Values:
        """Return quantiles of U through the normal law: a straight line where the law holds."""
        from scipy import special

        assert self._counts is not None
        rounding = self._weight.rounding
        share = np.arange(1, POINTS + 1) / (POINTS + 1)
        cells = np.searchsorted(np.cumsum(self._counts) / total, share)
        places = np.clip(
            rounding.places[np.minimum(cells, len(rounding.places) - 1)], 1e-6, 1 - 1e-6
        )
        return np.stack([special.ndtri(share), special.ndtri(places)], axis=1)
