"""The p-values of `compare`: uniform under the null, small for wrong laws.

The false-alarm bounds are stated per test; all entropy is fixed.
"""

import numpy as np
import pytest
from scipy import stats

from initspec import InitSpec, TruncatedNormal
from initspec.compare.goodness_of_fit import GoodnessOfFit, _two_sided
from initspec.dtypes import FLOATS, numpy_dtype

F32 = FLOATS["float32"]
LAWS = {
    "normal": (InitSpec.normal(2.0, mean=1.0), stats.norm(1, 2)),
    "uniform": (InitSpec.uniform(-1, 3), stats.uniform(-1, 4)),
    "truncated": (
        InitSpec("truncated_normal").replace(
            distribution=TruncatedNormal(-1, 2.5, corrected=False),
            variance=InitSpec.normal(1.0).variance,
        ),
        stats.truncnorm(-1, 2.5),
    ),
}


def _p(law, values, kind=F32):
    fit = GoodnessOfFit(law, kind)
    for part in np.array_split(values, 3):
        fit.add(part)
    return fit


@pytest.mark.parametrize("name", LAWS)
def test_p_values_under_the_null(name):
    """The mean and variance tests reject at their nominal rate, the shape test at most at it.

    2,000 replicates of 4,096 values: at a level of 0.05 the count of rejections lies within the
    binomial's 1e-6 interval.
    """
    spec, scipy_law = LAWS[name]
    rng = np.random.default_rng(20260101)
    law, replicates = spec.law(), 2000
    rejected = np.zeros(3)
    for _ in range(replicates):
        fit = _p(law, scipy_law.rvs(4096, random_state=rng))
        tests = fit._mean(), fit._variance(), fit._shape()
        rejected += np.array(tests) < 0.05
    low, high = stats.binom.interval(1 - 1e-6, replicates, 0.05)
    assert low <= rejected[0] <= high
    assert low <= rejected[1] <= high
    assert rejected[2] <= high


@pytest.mark.parametrize("n", [256, 4096])
@pytest.mark.parametrize("tail", [1e-3, 1e-7])
def test_variance_test_is_the_exact_chi_square_for_a_normal(n, tail):
    """Wilson and Hilferty's normal score is scipy's chi-square, far into both tails.

    256 values are the fewest that a comparison draws.
    """
    for quantile in (stats.chi2.ppf(tail, n), stats.chi2.isf(tail, n)):
        fit = GoodnessOfFit(InitSpec.normal(1.0).law(), F32)
        fit._count, fit._squares = n, quantile
        assert fit._variance() == pytest.approx(2 * tail, rel=0.25)


def test_two_sided_is_the_normal_tail():
    """The two-sided p-value is scipy's."""
    assert _two_sided(-4.5) == pytest.approx(2 * stats.norm.sf(4.5), rel=1e-12)


WRONG = {
    "mean off by 1% of sigma": lambda x: x + 0.01,
    "variance off by 1%": lambda x: x * 1.005,
    "cut at 3 sigma": lambda x: x[np.abs(x) < 3],
    "uniform of the same variance": lambda x: (2 * stats.norm.cdf(x) - 1) * 3**0.5,
    "halved and mirrored": np.abs,
}


@pytest.mark.parametrize("fault", WRONG)
def test_wrong_samples_are_refuted(fault):
    """Each fault gives a p-value below 1e-6 at 2^20 values; the right sample does not."""
    x = np.random.default_rng(7).standard_normal(1 << 20)
    law = InitSpec.normal(1.0).law()
    assert _p(law, x).p_value() > 1e-6
    assert _p(law, WRONG[fault](x)).p_value() < 1e-6


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_rounded_values_are_judged_at_the_edges_of_their_cells(dtype):
    """A right half-precision draw agrees; one truncated instead of rounded does not.

    Truncation to 8 bits lowers the variance by 0.55% (a mean relative cut of 1/2 ulp), which is
    8 standard errors at 2^22 values.
    """
    kind = FLOATS[dtype]
    x = np.random.default_rng(3).standard_normal(1 << 22).astype(np.float32)
    law = InitSpec.normal(1.0).law()
    rounded = x.astype(numpy_dtype(kind)).astype(np.float64)
    assert _p(law, rounded, kind).p_value() > 1e-3
    if dtype == "bfloat16":
        cut = (x.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32).astype(np.float64)
        assert _p(law, cut, kind).p_value() < 1e-6
