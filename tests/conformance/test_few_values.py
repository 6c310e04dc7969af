"""Right weights of 16 bits whose law has but a few values there, and huge cells: no check alarms.

A false alarm has a probability of 1e-11 a check, so that none of these runs should ever see one.
"""

import numpy as np
import pytest
from initspec_conformance import assert_initialized, audit_callable
from initspec_conformance.checks.dtype import _of_hits
from initspec_numpy import backend
from scipy import stats

from initspec import InitSpec

FEW = [
    ("normal(mean=1, std=0.02)", "bfloat16"),
    ("normal(mean=1, std=0.002)", "bfloat16"),
    ("uniform(low=0.9, high=1.1)", "bfloat16"),
    ("normal(mean=1, std=0.001)", "float16"),
    ("normal(std=3e-7)", "float16"),
    ("sparse(sparsity=0.5, std=1e-7)", "float16"),
]


@pytest.mark.parametrize("seed", [None, 11])
@pytest.mark.parametrize(("line", "dtype"), FEW)
def test_right_weights_of_few_values_pass(line, dtype, seed):
    """NumPy's own backend, rounded once, is what the spec says."""
    spec = InitSpec.parse(line)

    def draw(shape, dtype, entropy):
        return backend.draw(spec, shape, dtype=dtype, entropy=entropy)

    report = audit_callable(draw, spec, (256, 128), dtype=dtype, level="quick", seed=seed)
    assert report.passed, report
    assert_initialized(draw((256, 128), dtype, 3), spec)


@pytest.mark.parametrize("line", ["normal(mean=1, std=0.02)", "normal(std=3e-7)"])
def test_wrong_weights_of_few_values_fail(line):
    """Halves that repeat each other show through wide cells too."""
    spec = InitSpec.parse(line)

    def draw(shape, dtype, entropy):
        half = backend.draw(spec, (shape[0] // 2, shape[1]), dtype=dtype, entropy=entropy)
        return np.concatenate([half, half])

    report = audit_callable(draw, spec, (256, 128), dtype="float16", level="quick")
    assert "lags" in {failure.check for failure in report.failures}


@pytest.mark.parametrize("odds", [[1e-9, 1e-4], [0.3, 0.6], [0.5] * 12, [0.999999, 0.99]])
def test_hits_of_few_cells(odds):
    """Chernoff's bound of the number of cells hit is above the exact two-sided p-value."""
    chances = np.ones(1)
    for chance in odds:
        chances = np.convolve(chances, [1 - chance, chance])
    for seen in range(len(odds) + 1):
        exact = 2 * min(chances[: seen + 1].sum(), chances[seen:].sum())
        assert min(1.0, exact) <= _of_hits(seen, np.array(odds)) * (1 + 1e-9)
    assert _of_hits(len(odds) + 1, np.array(odds)) == 0
    if len(set(odds)) == 1:
        assert _of_hits(0, np.array(odds)) == pytest.approx(2 * stats.binom.pmf(0, 12, 0.5))
