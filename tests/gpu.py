"""What the tests on a GPU share: the laws of 2^24 values, and weights of every family and layout.

Means and variances lie within 6.5 standard errors, a false alarm in 1e10 each. The shape of a law
is left to the conformance suite, which both files run with draws made on the device.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from scipy import stats

from initspec.backend import FLOATS

SIDE = 4096
SIGMA = math.sqrt(2 / SIDE)
CUT = float(stats.truncnorm(-2, 2).std())
WIDE = "truncated_normal(std=0.5, lower=-5.0, upper=6.0, corrected=False)"
LAWS = {
    "he_normal": stats.norm(0, SIGMA),
    "normal(std=0.5, mean=1.0)": stats.norm(1.0, 0.5),
    "he_uniform": stats.uniform(-math.sqrt(3) * SIGMA, 2 * math.sqrt(3) * SIGMA),
    "uniform(low=-0.25, high=0.75)": stats.uniform(-0.25, 1.0),
    "he_truncated_normal": stats.truncnorm(-2, 2, 0, SIGMA / CUT),
    WIDE: stats.truncnorm(-5, 6, 0, 0.5),
    "truncated_normal(std=0.5, lower=-100.0, upper=100.0)": stats.norm(0, 0.5),
    "truncated_normal(std=0.5, lower=-5.0, upper=0.5, corrected=False)": stats.truncnorm(
        -5, 0.5, 0, 0.5
    ),
    "truncated_normal(std=0.5, mean=1.0, lower=2.0, upper=4.0, corrected=False)": stats.truncnorm(
        2, 4, 1.0, 0.5
    ),
}
"""Every sampler of the elementwise families on [4096, 4096], its law typed by hand."""

WEIGHTS = [
    ("he_normal", (37, 19), "out in"),
    ("glorot_uniform", (19, 37), "in out"),
    ("uniform(low=-0.1, high=0.3)", (65,), None),
    ("he_truncated_normal", (3, 3, 5, 8), "kernel kernel in (stack=4 out)"),
    ("truncated_normal(lower=1.0, upper=3.0)", (16, 5, 3), "in out kernel"),
    ("sparse(sparsity=0.7)", (12, 7), "(stack=2 out) in"),
    ("sparse(sparsity=0.7, along=out)", (7, 12), "in (stack=2 out)"),
    ("orthogonal(gain=1.4)", (6, 24), "in (stack=4 out)"),
    ("orthogonal", (150, 300), "out in"),
    ("delta_orthogonal", (8, 4, 3, 3), "out in kernel kernel"),
    ("identity(gain=0.5)", (4, 6), "out in"),
    ("dirac", (3, 3, 4, 8), "kernel kernel in out"),
    ("constant(value=0.3)", (5,), None),
]
"""Every family, on layouts of every kind."""

ORTHOGONAL = [
    ((300, 200), "out in"),
    ((200, 1000), "out in"),
    ((700, 1100), "in out"),
    ((48, 48), "in out"),
    ((1, 700), "out in"),
    ((500, 5, 3), "stack out in"),
    ((64, 256), "in (stack=4 out)"),
    ((96, 32, 3, 3), "out in kernel kernel"),
]
"""Orthogonal weights: wide, tall, square, many; a block of reflections and several."""

every_dtype = pytest.mark.parametrize("dtype", FLOATS)
every_law = pytest.mark.parametrize("line", LAWS)
every_weight = pytest.mark.parametrize(("line", "shape", "axes"), WEIGHTS)
every_orthogonal = pytest.mark.parametrize(("shape", "axes"), ORTHOGONAL)


def assert_moments(n: int, moments: tuple[float, ...], law: Any, dtype: str) -> None:
    """Hold (mean, mean of (x - law's mean)^2, min, max) of n values against a frozen scipy law."""
    mean, variance, excess = (float(x) for x in law.stats(moments="mvk"))
    drawn_mean, drawn_variance, least, largest = moments
    assert abs(drawn_mean - mean) <= 6.5 * math.sqrt(variance / n)
    # Rounding to the dtype adds at most eps^2 / 12 of the second moment.
    rounding = FLOATS[dtype].eps ** 2 / 12 * (mean**2 + variance)
    spread = variance * math.sqrt((excess + 2) / n)
    assert abs(drawn_variance - variance) <= 6.5 * spread + rounding
    low, high = law.support()
    if math.isfinite(low):
        # Clamped in the dtype that is drawn in, rounded once more.
        unit = max(FLOATS[dtype].eps / 2, 0.0 if dtype == "float64" else 2.0**-23)
        assert low - unit * abs(low) <= least
        assert largest <= high + unit * abs(high)
