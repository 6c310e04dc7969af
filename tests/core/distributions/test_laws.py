"""Every law against scipy, its moments against mpmath."""

from __future__ import annotations

import itertools
import math

import mpmath
import numpy as np
import pytest
from scipy import stats

from initspec import InitSpec, InitSpecError, Sparse, TruncatedNormal
from initspec.numerics import gaussian

BOUNDS = [
    (-2.0, 2.0),
    (-1.0, 3.0),
    (-0.5, 0.1),
    (0.0, 1.0),
    (-10.0, 10.0),
    (-30.0, 30.0),
    (-1e9, 1e9),
    (-1e300, 0.5),
    (3.0, 5.0),
    (-5.0, -3.0),
    (5.0, 5.9),
    (5.0, 6.0),
    (-6.0, -5.0),
    (5.5, 1e3),
    (0.1, 0.1001),
    (0.1, 0.1 + 1e-8),
    (1.0, 1.0 + 1e-7),
    (-1e-8, 1e-8),
]


def moments(lower, upper):
    """Return mass, mean, std, kurtosis and skewness by mpmath: incomplete gamma, 120 digits."""
    with mpmath.workdps(120):
        a, b = (mpmath.mpf(max(-50.0, min(50.0, x))) for x in (lower, upper))

        def raw(k):
            # int_0^x t^k exp(-t^2/2) dt = 2^((k-1)/2) gamma((k+1)/2, 0, x^2/2), odd or even in x
            def upto(x):
                half = mpmath.mpf(k + 1) / 2
                value = mpmath.power(2, half - 1) * mpmath.gammainc(half, 0, x * x / 2)
                return value if x >= 0 or k % 2 else -value

            return (upto(b) - upto(a)) / mpmath.sqrt(2 * mpmath.pi)

        mass = raw(0)
        m1, m2, m3, m4 = (raw(k) / mass for k in (1, 2, 3, 4))
        variance = m2 - m1**2
        fourth = m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4
        std, third = mpmath.sqrt(variance), m3 - 3 * m1 * m2 + 2 * m1**3
        return tuple(map(float, (mass, m1, std, fourth / variance**2, third / std**3)))


@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
def test_truncated_moments(bounds):
    """Mass and moments between bounds, each the nearest float64 or its neighbour."""
    for got, expected in zip(gaussian.truncated(*bounds), moments(*bounds), strict=True):
        assert got == pytest.approx(expected, rel=2**-52, abs=1e-50)


def test_truncated_moments_of_nothing():
    """Where nothing is left, the moments are zero, and the family refuses."""
    assert gaussian.truncated(40.0, 50.0) == (0.0,) * 5


def test_the_known_constant():
    """The std of a normal cut at 2 is the 0.8796 that the frameworks have typed in."""
    assert gaussian.truncated(-2.0, 2.0).std == pytest.approx(0.87962566103423978, rel=1e-16)


def test_cdf():
    """The cdf of the standard normal against 40 digits of mpmath, far into the lower tail."""
    x = np.linspace(-37, 9, 201)
    with mpmath.workdps(40):
        exact = np.array([float(mpmath.ncdf(float(point))) for point in x])
    assert np.all(np.abs(gaussian.cdf(x) / exact - 1) < 4e-16 * (1 + x**2))
    np.testing.assert_allclose(gaussian.cdf(x), stats.norm.cdf(x), rtol=1e-12)
    assert gaussian.cdf([[0.0, 1.0]]).shape == (1, 2)
    assert np.ndim(gaussian.cdf(0.0)) == 0


def assert_law(law, expected, points):
    """Hold mean, std, support, kurtosis and cdf against a frozen scipy law."""
    mean, variance, kurtosis = expected.stats(moments="mvk")
    scale = float(expected.std())
    assert law.mean == pytest.approx(float(mean), rel=1e-12, abs=1e-12 * scale)
    assert law.std == pytest.approx(math.sqrt(variance), rel=1e-12)
    assert law.kurtosis == pytest.approx(float(kurtosis) + 3, rel=1e-9)
    assert (law.low, law.high) == pytest.approx(expected.support(), rel=1e-12)
    np.testing.assert_allclose(law.cdf(points), expected.cdf(points), rtol=1e-9, atol=1e-12)
    assert law.cdf(law.low - 1) == 0
    assert law.cdf(law.high + 1) == 1


@pytest.mark.parametrize("mean", [0.0, -0.7])
@pytest.mark.parametrize("sigma", [1.0, 0.02, 30.0])
def test_normal(mean, sigma):
    """The normal law."""
    expected = stats.norm(mean, sigma)
    points = expected.ppf(np.linspace(1e-6, 1 - 1e-6, 101))
    assert_law(InitSpec.normal(sigma, mean=mean).law(), expected, points)


@pytest.mark.parametrize(("low", "high"), [(-0.05, 0.05), (0.0, 1.0), (-3.0, 7.5), (1e-3, 2e-3)])
def test_uniform(low, high):
    """The uniform law by its ends, points beyond them included."""
    expected = stats.uniform(low, high - low)
    points = np.linspace(low - (high - low), high + (high - low), 301)
    assert_law(InitSpec.uniform(low, high).law(), expected, points)


@pytest.mark.parametrize("corrected", [True, False])
@pytest.mark.parametrize(
    "bounds",
    [(-2, 2), (-1, 3), (-0.5, 0.1), (3, 5), (5, 6), (-6, -5), (-10, 10), (0.5, 1.5)],
    ids=str,
)
def test_truncated_normal(bounds, corrected):
    """The truncated law with a mean; scipy's own moments are computed another way.

    In the far tail scipy's fourth moment cancels: the moments are held against mpmath above, and
    here the cdf, mean and std.
    """
    lower, upper = bounds
    law = InitSpec.truncated_normal(
        0.5, mean=0.3, lower=lower, upper=upper, corrected=corrected
    ).law()
    std = moments(lower, upper)[2]
    expected = stats.truncnorm(lower, upper, 0.3, 0.5 / std if corrected else 0.5)
    points = np.linspace(*expected.support(), 101)
    # Where s is a quotient, a bound moves in its last bit: 1e-16 of the width of the first bin.
    np.testing.assert_allclose(law.cdf(points), expected.cdf(points), rtol=1e-12, atol=1e-13)
    assert law.mean == pytest.approx(expected.mean(), rel=1e-9)
    assert law.std == pytest.approx(expected.std(), rel=1e-6)
    assert (law.low, law.high) == pytest.approx(expected.support(), rel=1e-14)
    assert law.cdf(law.low - 1) == 0
    assert law.cdf(law.high + 1) == pytest.approx(1, abs=1e-14)
    if corrected:
        assert law.std == pytest.approx(0.5, rel=1e-15)


def test_narrow_truncated_normal():
    """Between close bounds the law is uniform but for its slope: mean, std, cdf in the middle."""
    law = InitSpec.truncated_normal(1.0, lower=0.1, upper=0.1001, corrected=False).law()
    assert law.std == pytest.approx(1e-4 / math.sqrt(12), rel=1e-6)
    assert law.mean == pytest.approx(0.10005, rel=1e-7)
    assert law.kurtosis == pytest.approx(1.8, rel=1e-4)
    assert float(law.cdf(0.10005)) == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize(
    ("lower", "upper"), [(6.0, 7.0), (-9.0, -7.0), (38.0, 40.0), (1.0, 1.0 + 1e-12)]
)
def test_degenerate_truncation(lower, upper):
    """Where almost nothing of the law is left, the spec says so and what to do."""
    with pytest.raises(InitSpecError, match="bring the bounds nearer to 0 or apart"):
        TruncatedNormal(lower, upper)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 2), (3, 8), (64, 64), (10, 500)])
def test_orthogonal_entry(shape):
    """(1 + entry / gain) / 2 of a unit vector of n is Beta((n - 1) / 2, (n - 1) / 2)."""
    law = InitSpec.orthogonal(1.3).law(shape)
    n = max(shape)
    if n == 1:  # a fair coin between -gain and gain
        assert (law.mean, law.std, law.kurtosis) == (0, pytest.approx(1.3), pytest.approx(1.0))
        return
    mean, variance, kurtosis = stats.beta((n - 1) / 2, (n - 1) / 2, loc=-1.3, scale=2.6).stats(
        moments="mvk"
    )
    assert law.mean == pytest.approx(float(mean), abs=1e-15)
    assert law.std == pytest.approx(math.sqrt(variance))
    assert law.kurtosis == pytest.approx(float(kurtosis) + 3)
    assert (law.low, law.high) == (-1.3, 1.3)


def test_delta_orthogonal_entry():
    """All but one tap is 0: the moments are those of the mixture."""
    law = InitSpec.delta_orthogonal(1.3).law((8, 5, 3, 3))
    entry = stats.beta(3.5, 3.5, loc=-1.3, scale=2.6)
    second, fourth = entry.moment(2) / 9, entry.moment(4) / 9
    assert law.std == pytest.approx(math.sqrt(second))
    assert law.kurtosis == pytest.approx(fourth / second**2)


@pytest.mark.parametrize("along", ["in", "out"])
def test_sparse_mixture(along):
    """A share of zeros mixed with a normal: moments and cdf."""
    law = InitSpec(Sparse(0.3, along), 0.5).law((20, 10))  # 3 of 10, and 6 of 20
    sigma = math.sqrt(0.5 / 10)
    parent = stats.norm(0, sigma)
    x = np.array([-1.0, -0.1, -1e-9, 0.0, 1e-9, 0.1, 1.0])
    np.testing.assert_allclose(law.cdf(x), 0.7 * parent.cdf(x) + 0.3 * (x >= 0), rtol=1e-12)
    second, fourth = 0.7 * parent.moment(2), 0.7 * parent.moment(4)
    assert law.mean == 0
    assert law.std == pytest.approx(math.sqrt(second))
    assert law.kurtosis == pytest.approx(fourth / second**2)
    assert (law.low, law.high) == (-math.inf, math.inf)


def test_point_laws():
    """Constants jump from 0 to 1 at their value; so does a sparse law without a non-zero."""
    law = InitSpec.constant(0.3).law()
    np.testing.assert_array_equal(law.cdf([0.2, 0.3, 0.4]), [0, 1, 1])
    assert math.isnan(law.kurtosis)
    law = InitSpec.sparse(0.9).law((4, 1))
    np.testing.assert_array_equal(law.cdf([-0.1, 0.0, 0.1]), [0, 1, 1])
    assert (law.mean, law.std, law.low, law.high) == (0, 0, 0, 0)


@pytest.mark.parametrize("spec", [InitSpec.identity(2.0), InitSpec.dirac(gain=2.0)])
def test_identity_law_is_that_of_its_entries(spec):
    """The law of an identity: mean over its places, ends, no randomness."""
    for matrix in itertools.product((1, 3), (1, 4)):
        shape = matrix if spec.distribution.name() == "identity" else (*matrix, 3)
        law, weight = spec.law(shape), spec.to_numpy()(shape, "float64")
        assert law.mean == pytest.approx(weight.mean())
        assert (law.std, law.low, law.high) == (0, weight.min(), weight.max())
