"""How often the audit of a model is wrong: its null laws and its power, simulated and far out.

The level of a test is about 1e-9, where nothing can be simulated. There the tail of a sum of n
independent terms is that of Lugannani & Rice (1980), "Saddle point approximation for the
distribution of the sum of independent random variables", to a percent from n = 16 on.
"""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest
from initspec_conformance.checks import BATTERY
from initspec_conformance.checks.base import Evidence, Sums
from initspec_conformance.expected.expected import expected_of
from initspec_conformance.models.battery import Measured, measure
from initspec_conformance.models.pieces import Piece
from initspec_conformance.models.pooled import Member, pool
from initspec_conformance.models.trained import TRAINED, dependence
from initspec_conformance.statistics import error_rates
from numpy.polynomial import legendre
from scipy import optimize, stats

from initspec import InitSpec

LAWS = {
    "normal(std=0.02)": stats.norm(scale=0.02),
    "uniform(low=-0.1, high=0.1)": stats.uniform(-0.1, 0.2),
    "truncated_normal(std=0.02, corrected=False)": stats.truncnorm(-2, 2, scale=0.02),
}
"""Laws by SciPy, which initspec has no part in."""
SKEWED = {
    "log_uniform(low=0.001, high=0.1)": stats.loguniform(0.001, 0.1),
    "normal(std=0.5, mean=1.0, through=exp)": stats.lognorm(0.5, scale=math.e),
}


def dtype_of(name: str) -> np.dtype:
    return np.dtype(getattr(ml_dtypes, name, name))


@pytest.mark.parametrize("line", [*LAWS, *SKEWED])
@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((1,), "float32"), ((3,), "bfloat16"), ((4, 6), "float16"), ((16, 20), "bfloat16")],
)
def test_p_values_are_no_smaller_than_chance(line, shape, dtype):
    """Of 150 right pieces no more have a small p than a binomial count has, but once in 10^7."""
    expected = expected_of(InitSpec.parse(line), shape, "out in" if len(shape) > 1 else None, dtype)
    draws = (LAWS | SKEWED)[line].rvs((150, *shape), random_state=1).astype(dtype_of(dtype))
    p_values: dict[str, list[float]] = {}
    for draw in draws:
        for name, evidence in measure(Piece("", expected, draw)).evidence.items():
            if evidence.p_value is not None:
                p_values.setdefault(name, []).append(evidence.p_value)
    assert len(p_values) >= (4 if math.prod(shape) < 256 else 9)
    for level in (0.05, 0.005):
        most = stats.binom.isf(1e-7, 150, level)
        for name, several in p_values.items():
            assert np.count_nonzero(np.array(several) <= level) <= most, name


def tail(terms: np.ndarray, n: int, mean: float) -> float:
    """Return P(the mean of n terms is larger), the terms being as likely as each other."""
    top = terms.max()

    def moments(t: float) -> tuple[float, float, float]:
        weights = np.exp(t * (terms - top))
        total = weights.mean()
        tilted = float((terms * weights).mean() / total)
        spread = float((terms**2 * weights).mean() / total - tilted**2)
        return math.log(total) + t * top, tilted, spread

    if mean >= top:
        return 0.0
    t = optimize.brentq(lambda t: moments(t)[1] - mean, 1e-6, 1e5)
    cumulant, _, spread = moments(t)
    w, u = math.sqrt(2 * n * (t * mean - cumulant)), t * math.sqrt(n * spread)
    return float(stats.norm.sf(w) + stats.norm.pdf(w) * (1 / u - 1 / w))


def terms_of(kind: str) -> np.ndarray:
    """Return what the checks add up, at evenly spaced quantiles, standardised."""
    places = (np.arange(1 << 15) + 0.5) / (1 << 15)
    if kind in LAWS:
        terms = LAWS[kind].ppf(places) ** 2
    else:
        terms = legendre.legval(2 * places - 1, np.eye(9)[int(kind)])
    return (terms - terms.mean()) / terms.std()


@pytest.mark.parametrize(
    ("kind", "n"),
    [*((law, n) for law in LAWS for n in (16, 256, 4096)), *((k, 256) for k in "12345678")],
)
def test_the_far_tails_are_no_heavier_than_their_p_values(kind, n):
    """Of squares and of Legendre polynomials, at the level that the tests of a model have."""
    terms, level = terms_of(kind), 1e-9
    skewness = float((terms**3).mean())
    for sign in (1, -1):
        z = optimize.brentq(
            lambda z, sign=sign: float(
                error_rates.upper_of_skewed(z, sign * skewness / math.sqrt(n)) - level
            ),
            1,
            20,
        )
        assert tail(sign * terms, n, z / math.sqrt(n)) <= 1.03 * level


@pytest.mark.parametrize("line", LAWS)
@pytest.mark.parametrize("n", [64, 1024])
def test_the_least_deviations_that_are_seen_are_as_stated(line, n):
    """At half the reach every second one is seen, at the whole of it all of 500."""
    expected = expected_of(InitSpec.parse(line), (n,), None, "float32")
    levels = error_rates.one_stage(500)
    std = LAWS[line].std()
    draws = LAWS[line].rvs((500, n), random_state=2)
    z = error_rates.upper(levels.first / 2)
    mean, variance = BATTERY["mean"], BATTERY["variance"]

    def seen(check, values: np.ndarray) -> float:
        sums = (values if check is mean else values**2).sum(axis=1)
        p = [check.evidence(Sums((float(s), n)), expected).p_value for s in sums]
        return float(np.mean(np.array(p) <= levels.first))

    off = mean.min_discrepancy(n, expected, levels)
    assert off == pytest.approx((z - stats.norm.isf(1 - 1e-6)) / math.sqrt(n), rel=1e-3)
    assert seen(mean, draws + off * std) == 1
    assert seen(mean, draws + z / math.sqrt(n) * std) == pytest.approx(0.5, abs=0.12)  # 5 errors
    wide = variance.min_discrepancy(n, expected, levels)
    if math.isfinite(wide):
        assert seen(variance, draws * math.sqrt(1 + wide)) == 1


def test_sums_over_small_parameters_have_their_null_law():
    """Of 500 uniform weights of one or two elements each, pooled, 60 times."""
    rng, z = np.random.default_rng(3), {"mean": [], "variance": []}
    expected = {n: expected_of(InitSpec.uniform(-0.1, 0.1), (n,), None, "float32") for n in (1, 2)}

    def member(n: int) -> Member:
        values = rng.uniform(-0.1, 0.1, n)
        sums = {"mean": float(values.sum()), "variance": float(values @ values)}
        return Member(None, Measured("", expected[n], {"mean": Evidence(0.0, 1.0, n, "")}, n, sums))

    for _ in range(60):
        members = [member(n) for n in rng.choice((1, 2), 500)]
        for check, several in z.items():
            several.append(pool(check, members).z)
    for several in z.values():
        assert abs(np.mean(several)) < 5 / math.sqrt(60)
        assert stats.chi2.cdf(np.sum(np.square(several)), 60) == pytest.approx(0.5, abs=0.49999)


SCALES = {
    "equal": lambda _, w: w,
    "rows": lambda _, w: w * np.geomspace(0.1, 10, len(w))[:, None],
    "zeros": lambda rng, w: w * (rng.random(w.shape) < 0.2),
    "uniform": lambda rng, w: rng.uniform(-1, 1, w.shape),
    "skewed": lambda rng, w: rng.exponential(1, w.shape),
}


@pytest.mark.parametrize("kind", SCALES)
def test_the_dependence_of_rows_has_its_null_law(kind):
    """Mean 0 and variance 1 whatever the scales are, and nothing near the limit."""
    rng = np.random.default_rng(4)
    z = [
        dependence(SCALES[kind](rng, rng.standard_normal(shape)))
        for shape in [(16, 16), (16, 64), (48, 32)]
        for _ in range(200)
    ]
    assert abs(np.mean(z)) < 5 / math.sqrt(len(z))
    assert np.std(z) == pytest.approx(1, abs=0.2)
    assert max(z) < TRAINED


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_the_dependence_of_rows_grows_with_the_share_of_low_rank(share):
    """A part of rank 1 moves z by about f^2 R C / 2."""
    rng = np.random.default_rng(5)
    rank_one = rng.standard_normal((96, 1)) @ rng.standard_normal((1, 64))
    rank_one *= math.sqrt(share / (1 - share) * 96 * 64) / np.linalg.norm(rank_one)
    weight = rng.standard_normal((96, 64)) + rank_one
    assert dependence(weight) == pytest.approx(share**2 * 96 * 64 / 2, rel=0.4, abs=3)
