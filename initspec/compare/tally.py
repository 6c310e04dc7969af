"""Draws held against the expected distribution, one after the other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from initspec.axes import UnequalLayout
from initspec.compare.goodness_of_fit import GoodnessOfFit
from initspec.dtypes import FloatType
from initspec.spec.resolve import Resolved

_VALUES = 1 << 20
_MOST_DRAWS = 256
BYTES = 32
"""For each value: the weight, the same in float64, and what the statistics are computed with."""


def draws_of(size: int) -> int:
    """Return how many weights of a size are drawn: about 2^20 values, and at most 256 weights."""
    return min(max(math.ceil(_VALUES / size), 1), _MOST_DRAWS)


class Tally:
    """Running statistics of the draws of one backend, or of one line of a framework.

    Attributes:
        count: how many values were added.
        low: the smallest; nan without values.
        high: the largest.
        reasons: why they are not of the expected distribution, a sentence each.
    """

    def __init__(self, resolved: Resolved, kind: FloatType) -> None:
        self._resolved = resolved
        self._kind = kind
        self._fits: dict[int, GoodnessOfFit] = {}
        self._squares = 0.0
        self._sum = 0.0
        self.count = 0
        self.low = self.high = math.nan
        self.reasons: list[str] = []

    def add(self, weights: Any) -> None:
        """Add one drawn weight."""
        resolved, kind = self._resolved, self._kind
        weights = np.asarray(weights)
        if weights.shape != resolved.layout.shape or weights.dtype.name != kind.name:
            self.reasons.append(
                f"drew {weights.dtype.name} {weights.shape} instead of "
                f"{kind.name} {resolved.layout.shape}"
            )
            return
        values = weights.astype(np.float64)
        if not np.all(np.isfinite(values)):
            self.reasons.append(f"{np.sum(~np.isfinite(values))} values are not finite")
            return
        self.count += values.size
        self._sum += float(np.sum(values))
        self._squares += float(np.sum((values - resolved.law.mean) ** 2))
        self.low = float(np.fmin(self.low, values.min()))
        self.high = float(np.fmax(self.high, values.max()))
        for number, (part, logical) in enumerate(_logical(resolved, values)):
            self.reasons += part.distribution.defects(part, logical, kind)
            independent, law = part.distribution.independent(part, logical)
            if law is not None:
                if number not in self._fits:
                    self._fits[number] = GoodnessOfFit(law, kind)
                self._fits[number].add(independent)

    @property
    def mean(self) -> float:
        """The measured mean."""
        return self._sum / self.count if self.count else math.nan

    @property
    def std(self) -> float:
        """The measured standard deviation."""
        if not self.count:
            return math.nan
        off = self.mean - self._resolved.law.mean
        return math.sqrt(max(self._squares / self.count - off**2, 0.0))

    def p_value(self) -> float | None:
        """The p-value of the values that are independent draws of a law, if there are any.

        The least of the parts', by Bonferroni, where a weight has several.
        """
        least = min((fit.p_value() for fit in self._fits.values()), default=None)
        return None if least is None else min(1.0, len(self._fits) * least)


def _logical(resolved: Resolved, values: Any) -> Iterator[tuple[Resolved, Any]]:
    """Yield the spec on each part of a weight, and its values in logical order."""
    layout = resolved.layout
    if not isinstance(layout, UnequalLayout):
        yield resolved, layout.logical(values)
        return
    cut = values.reshape(layout.cut)
    for where, part in zip(layout.parts, resolved.parts, strict=True):
        member = np.take(cut, range(where.start, where.stop), layout.axis)
        yield part, where.layout.logical(member)
