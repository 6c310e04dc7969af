"""Every check has its three verbs, and a null law that is somebody else's."""

import math

import mpmath
import numpy as np
import pytest
from initspec_conformance.checks import BATTERY, checks_of
from initspec_conformance.checks.haar import _moments_of_fourth
from initspec_conformance.expected.expected import expected_of
from initspec_conformance.runner.levels import LEVELS
from initspec_conformance.statistics import error_rates
from mutants import MUTANTS, Mutant
from scipy import stats

from initspec import InitSpec

EXAMPLES = {}
for _kind in sorted(MUTANTS, key=lambda kind: kind.level, reverse=True):  # quick ones first
    EXAMPLES.setdefault(_kind.caught_by, _kind)
STATISTICAL = [name for name, check in BATTERY.items() if check.unit]


def draws_of(backend, kind):
    """Return the draws of a mutant's weight by a backend, as many as its level takes."""
    expected = kind().expected
    count = LEVELS[kind.level].draws(expected, 0)
    how = {"axes": expected.axes, "dtype": expected.dtype}
    return expected, np.stack(
        [backend.draw(expected.spec, expected.shape, entropy=seed, **how) for seed in range(count)]
    )


@pytest.mark.parametrize("name", BATTERY)
def test_assert_holds(name):
    """It raises on the draws of a mutant, with the numbers, and returns evidence on right ones."""
    kind = EXAMPLES[name]
    expected, wrong = draws_of(kind(), kind)
    with pytest.raises(AssertionError, match=f"^{name}: .*[0-9]"):
        BATTERY[name].assert_holds(wrong, expected)
    _, right = draws_of(Mutant(), kind)
    evidence = BATTERY[name].assert_holds(right, expected)
    assert evidence.n > 0
    assert evidence.message


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_a_mean_of_zero_is_said_to_be_zero(dtype):
    """The mean of a law that is symmetric is 0, not what rounding leaves of a sum."""
    spec, shape = InitSpec.he_truncated_normal(), (48, 20)
    expected = expected_of(spec, shape, None, dtype)
    draws = np.stack([Mutant().draw(spec, shape, entropy=i, dtype=dtype) for i in range(4)])
    assert " where 0 is specified" in BATTERY["mean"].assert_holds(draws, expected).message


@pytest.mark.parametrize("name", STATISTICAL)
def test_samples_and_discrepancies(name):
    """min_num_samples is the least n whose min_discrepancy is small enough."""
    check, expected = BATTERY[name], EXAMPLES[name]().expected
    levels = error_rates.two_stages(0)
    for n in (1 << 17, 1 << 21):
        discrepancy = check.min_discrepancy(n, expected, levels)
        assert discrepancy > 0
        assert check.min_discrepancy(4 * n, expected, levels) <= discrepancy
        least = check.min_num_samples(discrepancy, expected, levels)
        assert least <= n
        assert check.min_discrepancy(least, expected, levels) <= discrepancy * (1 + 1e-12)
        # Of counts, which are whole numbers, one sample less may show as little.
        assert least == 1 or check.min_discrepancy(least // 2, expected, levels) >= discrepancy


def test_impossible_discrepancies():
    """No number of samples shows a deviation of 0."""
    expected = EXAMPLES["mean"]().expected
    assert BATTERY["mean"].min_num_samples(0.0, expected) == math.inf


def test_every_check_says_what_it_is():
    """A name that is its key, an assertion, a null law; a unit where it has a power."""
    for name, check in BATTERY.items():
        assert check.name == name
        assert check.asserts
        assert check.null
        expected = EXAMPLES[name]().expected
        assert check in checks_of(expected)
        if not check.unit:
            assert check.min_discrepancy(1 << 20, expected) == 0


@pytest.mark.parametrize("skewness", [-0.8, -0.1, 1e-6, 0.01, 0.3, 2.0])
@pytest.mark.parametrize("z", [-6.0, -1.0, 0.5, 3.0, 9.0])
def test_skewed_p_values(z, skewness):
    """The p-values of skewed sums are SciPy's Pearson III, and invert to their quantiles."""
    low, high = stats.pearson3(skewness).cdf(z), stats.pearson3(skewness).sf(z)
    expected = min(1.0, 2 * min(low, high))
    assert math.isclose(
        float(error_rates.of_skewed(z, skewness)), expected, rel_tol=1e-4, abs_tol=1e-300
    )
    for p in (1e-7, 0.3, 1 - 1e-6):
        x = error_rates.quantile_of_skewed(p, skewness)
        assert math.isclose(stats.pearson3(skewness).sf(x), p, rel_tol=1e-4)
    score = float(error_rates.score_of_skewed(z, skewness))
    if expected > 1e-300:
        assert math.isclose(error_rates.two_sided(score), expected, rel_tol=1e-3)


def test_sums_of_squares_are_chi_square():
    """With the skewness of a squared normal variable, the gamma law is chi2_n, exactly."""
    for n in (3, 50, 10_000):
        for ratio in (0.8, 0.97, 1.1):
            z = (ratio - 1) * math.sqrt(n / 2)
            p = float(error_rates.of_skewed(z, math.sqrt(8 / n)))
            assert math.isclose(p, error_rates.of_chi2(n * ratio, n), rel_tol=1e-9)


@pytest.mark.parametrize("n", [2, 3, 8, 64])
def test_fourth_powers_on_the_sphere(n):
    """Mean 3 / (n + 2), and variance and skewness, against Dirichlet's integral with mpmath."""
    mean, variance, skewness = _moments_of_fourth(n)
    assert math.isclose(mean, 3 / (n + 2), rel_tol=1e-12)

    def moment(*powers):
        # E prod x_i^p_i = Gamma(n/2) prod Gamma((p_i+1)/2) / (Gamma((n + sum p)/2) pi^(k/2))
        top = mpmath.gamma(mpmath.mpf(n) / 2)
        for power in powers:
            top *= mpmath.gamma(mpmath.mpf(power + 1) / 2) / mpmath.sqrt(mpmath.pi)
        return top / mpmath.gamma(mpmath.mpf(n + sum(powers)) / 2)

    second = n * moment(8) + n * (n - 1) * moment(4, 4)
    third = n * moment(12) + 3 * n * (n - 1) * moment(8, 4)
    third += n * (n - 1) * (n - 2) * moment(4, 4, 4)
    exact = second - mpmath.mpf(mean) ** 2
    assert math.isclose(variance, exact, rel_tol=1e-9)
    central = third - 3 * mpmath.mpf(mean) * second + 2 * mpmath.mpf(mean) ** 3
    assert math.isclose(skewness, central / exact**1.5, rel_tol=1e-6)


def test_least_excess():
    """A count that is too large by it falls short of the limit once in a million."""
    n, share, level = 1 << 17, 1e-3, 1e-5
    excess = error_rates.least_excess(n, share, level)
    least = stats.binom.isf(level, n, share) + 1
    assert stats.binom.sf(least - 1, n, share) <= level
    assert math.isclose(
        stats.binom.cdf(least - 1, n, share * (1 + excess)), error_rates.MISS, rel_tol=1e-6
    )
    assert error_rates.least_excess(1, 0.5, 1e-3) == math.inf
