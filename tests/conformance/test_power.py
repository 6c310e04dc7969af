"""Power is what it is said to be: draws that are off by `min_discrepancy(n)`, simulated.

The statistic then lies 4.75 of its own standard deviations beyond the limit of stage 1, which a
normal variable falls short of with the stated miss rate of 1e-6. `REPLICATES` of them show mean and
standard deviation well enough to hold that margin; no number of passing runs would.
"""

import math

import numpy as np
import pytest
from initspec_conformance.checks import BATTERY
from initspec_conformance.checks.base import DEFAULT, rejects
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.expected import expected_of
from initspec_conformance.statistics import error_rates
from nulls import right_draws
from power import simulates
from scipy import special, stats

from initspec import InitSpec

REPLICATES = 400
MARGIN = error_rates.upper(error_rates.MISS)
TOLERANCE = 6 * math.sqrt((1 + MARGIN**2 / 2) / REPLICATES)
"""Six standard errors of a margin (mean - limit) / sd: a false alarm in 5e8."""


def target(text, shape, axes="out in", dtype="float32"):
    """Return a target."""
    return expected_of(InitSpec.parse(text), shape, axes, dtype)


def replicates(check, what, draws, count, runs=REPLICATES):
    """Return the evidence of each of some runs of `draws(rng, count)`."""
    rng = np.random.default_rng([11, *check.encode(), *what.dtype.encode()])
    found = []
    for _ in range(runs):
        batch = Batch(what, draws(rng, count).astype(what.numpy_dtype))
        found.append(BATTERY[check].evidence_of(batch))
    return found


def margin(values, limit):
    """Return how many of their own standard deviations values lie beyond a limit."""
    return float((np.mean(values) - limit) / np.std(values))


def quantiles(what, u):
    """Return the values of a law at places u in (0, 1)."""
    return what.law.frozen.ppf(u)


@simulates("mean")
def test_mean():
    """z has mean `reach` and standard deviation 1."""
    what = target("he_normal", (32, 40))
    n = 1280
    off = BATTERY["mean"].min_discrepancy(n, what) * what.law.scale
    z = [
        evidence.statistic
        for evidence in replicates(
            "mean", what, lambda rng, count: right_draws(what, count, rng) + np.float32(off), 1
        )
    ]
    assert abs(np.mean(z) - error_rates.reach(DEFAULT)) < 6 / math.sqrt(REPLICATES)
    assert abs(np.std(z) - 1) < 6 / math.sqrt(2 * REPLICATES)


@simulates("variance")
@pytest.mark.parametrize("text", ["he_normal", "he_uniform", "he_truncated_normal"])
def test_variance(text):
    """The normal score of the variance has the margin, with each law's kurtosis."""
    what = target(text, (64, 80))
    scale = math.sqrt(1 + BATTERY["variance"].min_discrepancy(5120, what))
    found = replicates(
        "variance", what, lambda rng, count: right_draws(what, count, rng) * np.float32(scale), 1
    )
    z = [evidence.statistic for evidence in found]
    assert abs(margin(z, error_rates.upper(DEFAULT.first / 2)) - MARGIN) < TOLERANCE


@simulates("legendre")
@pytest.mark.parametrize("text", ["he_normal", "he_uniform"])
def test_legendre(text):
    """A tilted density moves the first moment by exactly min_discrepancy."""
    what = target(text, (64, 80))
    tilt = BATTERY["legendre"].min_discrepancy(5120, what) * math.sqrt(3)

    def draws(rng, count):
        # The density 1 + tilt (2 u - 1) by inversion of its quadratic cdf.
        p = rng.random((count, *what.shape))
        u = (tilt - 1 + np.sqrt((1 - tilt) ** 2 + 4 * tilt * p)) / (2 * tilt)
        return quantiles(what, u)

    t = [evidence.statistic for evidence in replicates("legendre", what, draws, 1)]
    assert abs(np.mean(t) - error_rates.reach(DEFAULT, 8)) < 6 / math.sqrt(REPLICATES)
    assert abs(np.std(t) - 1) < 6 / math.sqrt(2 * REPLICATES)


@simulates("distance")
def test_distance():
    """Massart's bound holds at every n, so the margin is larger than it need be."""
    what = target("he_uniform", (64, 80))
    off = BATTERY["distance"].min_discrepancy(5120, what)

    def draws(rng, count):
        p = rng.random((count, *what.shape))
        low = 0.5 + off  # so much mass below the median
        return quantiles(what, np.where(p < low, p / low / 2, 0.5 + (p - low) / (1 - low) / 2))

    d = [evidence.statistic for evidence in replicates("distance", what, draws, 1)]
    limit = math.sqrt(math.log(2 / DEFAULT.first) / 2 / 5120)
    assert margin(d, limit) > MARGIN - TOLERANCE
    assert abs(np.mean(d) - off) < 0.1 * off


@simulates("tails")
def test_tails():
    """A tail beyond 1e-3 that is too heavy by min_discrepancy."""
    what = target("he_uniform", (256, 256))
    n = 1 << 17
    check = BATTERY["tails"]
    share = 1e-3 * (1 + check.min_discrepancy(n, what))

    def draws(rng, count):
        p = rng.random((count, *what.shape))
        u = np.where(p < share, p / share * 1e-3, 1e-3 + (p - share) / (1 - share) * (1 - 1e-3))
        return quantiles(what, u)

    rng = np.random.default_rng(5)
    batches = (Batch(what, draws(rng, 2).astype(np.float32)) for _ in range(150))
    z = [check.evidence_of(batch).statistic for batch in batches]
    limit = error_rates.upper(DEFAULT.first / 12)
    tolerance = TOLERANCE * math.sqrt(REPLICATES / 150) + 0.5  # a count of 130: its skewness
    assert abs(margin(z, limit) - MARGIN) < tolerance


@simulates("rows")
def test_rows():
    """Offsets of the rows add a share of the variance to it."""
    what = target("he_normal", (128, 40))
    share = BATTERY["rows"].min_discrepancy(5120, what)

    def draws(rng, count):
        offsets = rng.standard_normal((count, 128, 1))
        noise = rng.standard_normal((count, *what.shape))
        return what.law.scale * (math.sqrt(1 - share) * noise + math.sqrt(share) * offsets)

    ratios = [evidence.statistic for evidence in replicates("rows", what, draws, 1)]
    # Two kinds of slices, means and variances, two sides.
    limit = special.chdtri(128, DEFAULT.first / 8) / 128
    # The upper tail of a chi-square is not normal: its margin in standard deviations is larger.
    low = special.chdtri(128, 1 - error_rates.MISS)
    expected = (128 - low) / math.sqrt(2 * 128)
    assert abs(margin(ratios, limit) - expected) < TOLERANCE


@simulates("lags")
def test_lags():
    """A moving average whose values U correlate by min_discrepancy at lag 1."""
    what = target("he_normal", (128, 128))
    n = 1 << 14
    r = 2 * math.sin(math.pi / 6 * BATTERY["lags"].min_discrepancy(n, what))  # Pearson (1907)
    b = math.sqrt((1 - math.sqrt(1 - 4 * r**2)) / 2)

    def draws(rng, count):
        noise = rng.standard_normal((count, n + 1))
        mixed = math.sqrt(1 - b**2) * noise[:, 1:] + b * noise[:, :-1]
        return what.law.scale * mixed.reshape(count, *what.shape)

    z = [evidence.statistic for evidence in replicates("lags", what, draws, 1)]
    assert abs(np.mean(z) - error_rates.reach(DEFAULT, 2 * n)) < 6 / math.sqrt(REPLICATES) + 0.1
    assert abs(np.std(z) - 1) < 6 / math.sqrt(2 * REPLICATES)


@simulates("seeds")
def test_seeds():
    """Two draws that correlate by min_discrepancy, entry by entry."""
    what = target("he_normal", (128, 128))
    r = 2 * math.sin(math.pi / 6 * BATTERY["seeds"].min_discrepancy(1 << 14, what))

    def draws(rng, count):
        one, two = rng.standard_normal((2, *what.shape))
        return what.law.scale * np.stack([one, r * one + math.sqrt(1 - r**2) * two])

    z = [evidence.statistic for evidence in replicates("seeds", what, draws, 2)]
    assert abs(np.mean(z) - error_rates.reach(DEFAULT, 4 << 14)) < 6 / math.sqrt(REPLICATES) + 0.1
    assert abs(np.std(z) - 1) < 6 / math.sqrt(2 * REPLICATES)


@simulates("haar_determinant")
def test_determinant():
    """Determinants that are +1 more often by min_discrepancy."""
    what = target("orthogonal", (1024, 2, 2), "stack out in")
    off = BATTERY["haar_determinant"].min_discrepancy(1024, what)

    def draws(rng, count):
        q = stats.ortho_group.rvs(2, size=count * 1024, random_state=rng)
        wanted = np.where(rng.random(len(q)) < (1 + off) / 2, 1.0, -1.0)
        q[:, :, 0] *= (wanted * np.sign(np.linalg.det(q)))[:, None]
        return q.reshape(count, 1024, 2, 2)

    z = [evidence.statistic for evidence in replicates("haar_determinant", what, draws, 1)]
    assert abs(np.mean(z) - error_rates.reach(DEFAULT)) < 6 / math.sqrt(REPLICATES) + 0.05
    assert abs(np.std(z) - math.sqrt(1 - off**2)) < 6 / math.sqrt(2 * REPLICATES)


@simulates("underdispersed")
def test_underdispersed():
    """Scatter that is missing by min_discrepancy: z of all draws too small by its root."""
    what = target("he_normal", (2, 3))
    draws_each = 64
    missing = BATTERY["underdispersed"].min_discrepancy(draws_each * 6, what)

    def draws(rng, count):
        right = rng.standard_normal((count, 6))
        means = right.mean(axis=1, keepdims=True)
        return what.law.scale * (right + (math.sqrt(1 - missing) - 1) * means).reshape(-1, 2, 3)

    found = replicates("underdispersed", what, draws, draws_each)
    ratios = np.array([evidence.statistic for evidence in found])
    # chi2_64 times (1 - missing): its mean and its standard deviation.
    assert abs(ratios.mean() - (1 - missing)) < 6 * ratios.std() / math.sqrt(REPLICATES)
    expected = (1 - missing) * math.sqrt(2 / draws_each)
    assert abs(ratios.std() / expected - 1) < 6 / math.sqrt(REPLICATES)
    assert all(rejects(evidence, DEFAULT.first) for evidence in found)


@simulates("support", "extremes")
@pytest.mark.parametrize(("name", "sign"), [("support", 1), ("extremes", -1)])
def test_ends(name, sign):
    """A uniform too wide, or too narrow on one side, by min_discrepancy is always seen."""
    what = target("he_uniform", (64, 80))
    off = BATTERY[name].min_discrepancy(5120, what)

    def draws(rng, count):
        u = rng.random((count, *what.shape))
        if sign > 0:
            return (1 + off) * what.law.high * (2 * u - 1)
        return quantiles(what, off + (1 - off) * u)

    found = replicates(name, what, draws, 1)
    assert all(rejects(evidence, DEFAULT.first) for evidence in found)
