"""What values are like beside the law that they should have: zeros, scales of rows, tails."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from initspec_conformance.checks.coincidence import coincidence
from initspec_conformance.expected.arrays import Array, Values
from initspec_conformance.expected.expected import Expected
from initspec_conformance.models.battery import LARGE

CERTAIN = 10.0
"""How many standard errors scales and tails are off, at least."""

FEWEST = 8
"""How many rows or columns have scales that differ, at least."""

MOST = (512, 4096)
"""Of a larger matrix so many rows, and so many values of each, are looked at."""

RARE = 1e-9
"""The probability below which a value lies too far out."""

STRAYS = 0.0455003**4
"""The share of Keras' truncated normals on torch that lie beyond the bounds.

It draws four for each and takes the first where none is within.
https://github.com/keras-team/keras/blob/v3.15.1/keras/src/backend/torch/random.py
"""


def zeros_in(values: Array, expected: Expected) -> str:
    """Return which share of values is 0; "" where it may be chance.

    >>> from initspec import Axes, InitSpec
    >>> from initspec_conformance.expected.expected import expected_of
    >>> expected = expected_of(InitSpec.normal(std=0.02), (2, 4), Axes("out in"), "float32")
    >>> zeros_in(np.array([[0, 0.02, 0, 0.01], [0, 0, 0.03, -0.01]]), expected)
    '50% of its values are 0'
    """
    share = 1 - np.count_nonzero(values) / values.size
    certain = share > 0.01 + 2 * coincidence(expected)
    return f"{100 * share:.2g}% of its values are 0" if certain else ""


def scales_in(values: Array) -> str:
    """Return that rows or columns have different standard deviations; "" where they have not.

    Of independent entries of one law the mean square of m has the relative variance (k - 1) / m, k
    being their kurtosis.
    """
    if values.ndim < 2 or not values.size:
        return ""
    for noun, lines in (
        ("rows", values.reshape(len(values), -1)),
        ("columns", values.reshape(-1, values.shape[-1]).T),
    ):
        rows, m = (np.linspace(0, n - 1, min(n, most)).astype(int) for n, most in _sizes(lines))
        if len(rows) < FEWEST or len(m) < FEWEST:
            continue
        part = lines[np.ix_(rows, m)].astype(np.float64)
        squares = (part - part.mean()) ** 2
        if not squares.any():
            continue
        kurtosis = float((squares**2).mean() / squares.mean() ** 2)
        of_rows = squares.mean(axis=1)
        ratio = of_rows.var() / of_rows.mean() ** 2 * len(m) / (kurtosis - 1)
        if ratio > 2 and (ratio - 1) * math.sqrt(len(rows) / 2) > CERTAIN:
            low, high = (math.sqrt(end) for end in (of_rows.min(), of_rows.max()))
            return f"its {noun} have different scales, from std {low:.3g} to {high:.3g}"
    return ""


def _sizes(lines: Array) -> list[tuple[int, int]]:
    return list(zip(lines.shape, MOST, strict=True))


def tails_of(y: Values, expected: Expected, family: str) -> str:
    """Return how the tails of values differ from those of a law; "" where they do not.

    Args:
        y: values in standard deviations from their mean.
        expected: what they should be.
        family: the name of their law.
    """
    right = expected.rounding.moments[2]
    kurtosis = float(np.mean(y**4))
    # The error of a normal law's kurtosis, which is the largest of the families'.
    if abs(kurtosis - right) * math.sqrt(y.size / 24) < CERTAIN:
        return ""
    tails = "heavier" if kurtosis > right else "lighter"
    return f"{tails} tails than {family}, kurtosis {kurtosis:.3g} instead of {right:.3g}"


def drawn_coarsely(values: Array, expected: Expected) -> bool:
    """Return whether values of 16 bits are a framework's own draw of the right law in 16 bits.

    Its random bits are as few as those of the dtype, and rounded down: the distribution function is
    off by up to one of them, so that the mean of many values is off, too. It ends before the law.
    """
    assert expected.law is not None
    if not expected.narrow or values.size < LARGE:
        return False
    law, rounding = expected.law.frozen, expected.rounding
    low, high = float(values.min()), float(values.max())
    inwards = rounding.moments[1] / 64
    if values.size * min(law.cdf(low + inwards), law.sf(high - inwards)) < RARE:
        return False
    cells = rounding.cells(values.reshape(-1), np.zeros(0))  # of 16 bits without their places
    upto = np.cumsum(np.bincount(cells, minlength=len(rounding.upto))) / values.size
    off = float(np.abs(upto - rounding.upto).max())
    return off < 2 * expected.unit + 2 / math.sqrt(values.size)


def strays_in(values: Array, expected: Expected) -> str:
    """Return that values beyond -2 and 2 sigma are as many as Keras on torch draws; "" otherwise.

    That many or more come by chance with a probability of `RARE` at least, none of them further out
    than a normal law is.
    """
    law = expected.law
    assert law is not None
    if law.family != "truncated" or law.ends != (-2.0, 2.0):
        return ""
    reach = (2 + 1e-6) * law.scale  # beyond the bounds, and not by rounding
    out = values[(values < law.mean - reach) | (values > law.mean + reach)].astype(np.float64)
    far = float(np.abs(out - law.mean).max(initial=0.0)) / law.scale
    chance = stats.poisson.sf(out.size - 1, STRAYS * values.size)
    if not out.size or min(chance, stats.norm.sf(far)) < RARE:
        return ""
    return f"Keras' own draw on torch: {out.size} of {values.size} values lie beyond"
