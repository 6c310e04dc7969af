"""The suite's own laws, against SciPy's frozen distributions, quadrature and the core."""

import math

import numpy as np
import pytest
from initspec_conformance.expected.laws import entry_law
from initspec_conformance.expected.rounding import rounding_of
from initspec_conformance.runner.manifest import ELEMENTWISE
from scipy import integrate

from initspec import Axes, InitSpec, Sparse
from initspec.dtypes import FLOATS, numpy_dtype
from initspec.spec.resolve import resolve

SHAPE, AXES = (48, 20), Axes("out in")
SPECS = [
    *ELEMENTWISE,
    "truncated_normal(std=0.1, lower=0.5, upper=3.0)",
    "truncated_normal(std=0.1, mean=-0.3, lower=-4.0, upper=-1.5, corrected=False)",
    "he_truncated_normal(lower=-0.5, upper=0.5)",
    "log_uniform(low=0.001, high=0.1)",
    "log_uniform(low=0.001, high=0.1, through=inverse_softplus)",
    "uniform(low=1.0, high=16.0, through=log)",
    "normal(std=0.2, mean=1.0, through=exp)",
    "truncated_normal(std=0.2, mean=0.3, lower=-1.0, through=log)",
    "InitSpec(mapped(uniform, exp), glorot)",
]


@pytest.mark.parametrize("text", SPECS)
def test_laws_are_scipys(text):
    """The cdf, the ends and six moments are those of SciPy's density, integrated."""
    law = entry_law(InitSpec.parse(text), AXES.fans(SHAPE))
    frozen = law.frozen
    low, high = (float(x) for x in frozen.ppf([1e-9, 1 - 1e-9]))
    x = np.linspace(low, high, 501)
    np.testing.assert_allclose(law.cdf(x), frozen.cdf(x), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose((law.low, law.high), frozen.support(), rtol=1e-12)
    mean, std, kurtosis = law.moments()
    np.testing.assert_allclose((mean, std), (frozen.mean(), frozen.std()), rtol=1e-8, atol=1e-12)
    ends = [max(law.low, mean - 24 * std), min(law.high, mean + 24 * std)]

    def moment(order):
        value, _ = integrate.quad(lambda w: ((w - mean) / std) ** order * frozen.pdf(w), *ends)
        return value

    for order in range(7):
        assert math.isclose(law.central(order), moment(order), rel_tol=1e-6, abs_tol=1e-7)
    assert math.isclose(kurtosis, moment(4), rel_tol=1e-6)


@pytest.mark.parametrize("text", SPECS)
def test_laws_are_the_cores(text):
    """initspec's std, mean, bounds and cdf are the same; a sparse std counts the zeros."""
    spec = InitSpec.parse(text)
    law = entry_law(spec, AXES.fans(SHAPE))
    mean, std, kurtosis = law.moments()
    core = resolve(spec, SHAPE, AXES).law
    if isinstance(spec.distribution, Sparse):
        entries = 48 if spec.distribution.along == "out" else 20
        zeros = -(-round(spec.distribution.sparsity * entries * 1000) // 1000)
        share = 1 - zeros / entries
        assert math.isclose(spec.std(SHAPE, AXES), math.sqrt(share) * std, rel_tol=1e-12)
        return
    assert math.isclose(spec.std(SHAPE, AXES), std, rel_tol=1e-10)
    assert math.isclose(spec.mean(SHAPE, AXES), mean, rel_tol=1e-10, abs_tol=1e-15)
    np.testing.assert_allclose(spec.bounds(SHAPE, AXES), (law.low, law.high), rtol=1e-12)
    assert math.isclose(core.kurtosis, kurtosis, rel_tol=1e-8)
    x = law.frozen.ppf(np.linspace(1e-6, 1 - 1e-6, 301))
    np.testing.assert_allclose(core.cdf(x), law.cdf(x), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("text", ["he_normal", "glorot_uniform", SPECS[-9], *SPECS[-6:-3]])
def test_rounded_laws(text, dtype):
    """The cells of a 16-bit dtype hold what a fine grid of quantiles, rounded, puts into them."""
    law = entry_law(InitSpec.parse(text), AXES.fans(SHAPE))
    rounding = rounding_of(law, dtype)
    n = 1 << 20
    values = law.frozen.ppf((np.arange(n) + 0.5) / n)
    rounded = values.astype(numpy_dtype(FLOATS[dtype]))
    counts = np.bincount(rounding.order(rounded), minlength=len(rounding.upto))
    # A cell's edge falls between two points of the grid: one point more or less, at either end.
    assert np.abs(counts / n - rounding.masses).max() <= 2.01 / n
    mean, std, _ = rounding.moments
    assert math.isclose(float(rounded.astype(float).mean()), mean, abs_tol=1e-5 * std)
    assert math.isclose(float(rounded.astype(float).std()), std, rel_tol=1e-4)
