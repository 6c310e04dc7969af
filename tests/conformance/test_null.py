"""Under the null hypothesis p-values are uniform or conservative, whatever the law and the dtype.

Draws are NumPy's and SciPy's, so that they are right whatever initspec does. In each cell 2,000
replicates at few entries, where a law that holds for many shows that it does not for few.
"""

import numpy as np
import pytest
from initspec_conformance.checks import BATTERY, checks_of
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.expected import expected_of
from nulls import LEVEL, REPLICATES, SETTING, rejecting, right_draws
from scipy import stats

from initspec import InitSpec

DEPTHWISE = "(stack=32 out) in kernel kernel"

CELLS = {
    "normal": ("normal(std=0.05)", (8, 17), "out in", "float32", 4),
    "uniform": ("he_uniform", (8, 17), "out in", "float32", 4),
    "truncated, float64": ("he_truncated_normal", (4, 16), "out in", "float64", 4),
    "lopsided": ("truncated_normal(std=0.02, lower=-1.0, upper=3.0)", (31,), None, "float32", 3),
    "one draw of 24": ("he_uniform", (4, 6), "out in", "float32", 1),
    "six entries a draw": ("he_uniform", (2, 3), "out in", "float32", 48),
    "one entry a draw": ("uniform(low=-0.1, high=0.1)", (1,), None, "float32", 48),
    "three entries a draw": ("he_truncated_normal", (3, 1), "out in", "float32", 64),
    "normal, bfloat16": ("he_normal", (16, 20), "out in", "bfloat16", 2),
    "uniform, bfloat16": ("glorot_uniform", (64, 16), "out in", "bfloat16", 2),
    "small uniform, bfloat16": ("uniform(low=0.25, high=0.5)", (2, 3), "out in", "bfloat16", 40),
    "truncated, float16": ("he_truncated_normal", (3, 3, 4, 5), "kernel... in out", "float16", 4),
    "off centre, float16": ("normal(std=0.02, mean=0.05)", (31,), None, "float16", 8),
    "sparse": ("sparse(sparsity=0.6)", (8, 120), "out in", "float32", 2),
    "sparse, bfloat16": ("sparse(sparsity=0.07, along=out)", (30, 16), "out in", "bfloat16", 2),
    "sparse, float16": ("sparse(sparsity=0.5)", (4, 8), "out in", "float16", 8),
    "sparse, two zeros": ("sparse(sparsity=0.05)", (64, 40), "out in", "float32", 4),
    "sparse, eight places": ("sparse(sparsity=0.5)", (40, 8), "out in", "float32", 1),
    "haar, 4": ("orthogonal(gain=1.3)", (64, 4, 4), "stack out in", "float32", 1),
    "haar, 2": ("orthogonal", (64, 2, 2), "stack out in", "float64", 1),
    "haar, 8": ("orthogonal", (64, 8, 8), "stack out in", "bfloat16", 1),
    "haar, tall": ("orthogonal", (64, 6, 3), "stack out in", "float32", 1),
    "haar, wide": ("orthogonal", (64, 3, 7), "stack out in", "float16", 1),
    "haar, one column of 2": ("orthogonal", (64, 2, 1), "stack out in", "float32", 1),
    "haar, one row of 3": ("orthogonal", (1, 3), "out in", "float32", 64),
    "haar, depthwise": ("orthogonal", (32, 1, 3, 3), DEPTHWISE, "float32", 2),
    "haar, depthwise, 1,024": (
        "orthogonal",
        (1024, 1, 3),
        "(stack=1024 out) in kernel",
        "float64",
        1,
    ),
    "haar, one row of 64": ("orthogonal(gain=1.3)", (1, 64), "out in", "bfloat16", 64),
    "haar, signs alone": ("orthogonal", (64, 1, 1), "stack out in", "float32", 1),
}
"""Laws, dtypes, shapes and draws a replicate."""


def target(cell):
    """Return the target of a cell."""
    spec, shape, axes, dtype, _ = CELLS[cell]
    return expected_of(InitSpec.parse(spec), shape, axes, dtype)


@pytest.mark.parametrize("cell", CELLS)
def test_p_values_are_uniform_or_conservative(cell):
    """At 1e-3 no check rejects more often than a binomial count does, and at no level by much."""
    rng = np.random.default_rng([20, *cell.encode()])
    assert not rejecting(target(cell), CELLS[cell][4], rng)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_thousands_of_single_entries(dtype):
    """Over 4,096 draws of one entry, `underdispersed` shows an error of 2% in the law of each."""
    what = expected_of(InitSpec.parse("uniform(low=-1.0, high=1.0)"), (1,), None, dtype)
    rng = np.random.default_rng(21)
    check = BATTERY["underdispersed"]
    batches = (Batch(what, right_draws(what, 4096, rng)) for _ in range(200))
    p_values = [check.evidence_of(batch).p_value for batch in batches]
    rejected = int((np.array(p_values) <= 0.01).sum())
    assert stats.binom.sf(rejected - 1, 200, 0.01) > LEVEL


def test_every_check_is_met():
    """Each check of the battery but `fixed` sees 2,000 right replicates or more."""
    met = {check.name for cell in CELLS for check in checks_of(target(cell))}
    assert set(BATTERY) - met == {"fixed"}  # in which nothing is random


def test_a_wrong_null_law_is_seen():
    """The test above can fail: z-tests of a variance of chi2_8 reject too often."""
    rng = np.random.default_rng(7)
    z = (rng.chisquare(8, REPLICATES) / 8 - 1) * 2
    p_values = 2 * stats.norm.sf(np.abs(z))
    rejected = int((p_values <= SETTING).sum())
    assert stats.binom.sf(rejected - 1, REPLICATES, SETTING) < LEVEL
