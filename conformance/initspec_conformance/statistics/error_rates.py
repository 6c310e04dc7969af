"""The error rates: how often a right backend may fail, and a wrong one pass.

A run as a whole raises a false alarm with a probability of at most `FAMILY`, by Bonferroni's
inequality over the K tests that its manifest counts. Each test has two stages: it rejects only
where stage 1 rejects at `FIRST` and stage 2, on four times as many fresh draws, rejects again at
alpha / FIRST. A deviation of `delta` standard deviations a sample is then seen with a miss rate of
at most `MISS` where delta * sqrt(n) >= `reach()`, n being stage 1's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from initspec_conformance.expected.arrays import Values

FAMILY = 1e-6
"""The chance that any check of a run of right backends fails."""

MISS = 1e-6
"""The chance that a deviation of `min_discrepancy` passes."""

FIRST = 1e-4
"""The level of stage 1."""

GROWTH = 4
"""How many times stage 1's draws stage 2 takes."""

RESERVE = 100_000
"""How many tests alpha is shared by at least, so that a run and a larger one judge alike."""


@dataclass(frozen=True)
class Rates:
    """The levels at which a test rejects.

    Attributes:
        first: of stage 1.
        second: of stage 2; None where there is one stage, as for a tensor that is there only once.
    """

    first: float
    second: float | None


def two_stages(tests: int, family: float = FAMILY) -> Rates:
    """Return the levels for a run of `tests` tests."""
    return Rates(FIRST, family / max(tests, RESERVE) / FIRST)


def one_stage(tests: int, family: float = FAMILY) -> Rates:
    """Return the level for `tests` tests of draws that cannot be repeated."""
    return Rates(family / max(tests, 1), None)


def upper(p: float) -> float:
    """Return the z that a standard normal variable exceeds with probability p."""
    return float(-special.ndtri(p))


def reach(rates: Rates, parts: int = 1) -> float:
    """Return how many standard errors off a two-sided z-test sees, miss rate `MISS`.

    `parts` such tests share the level by Bonferroni's inequality. Stage 2 has twice the standard
    errors: it never is the harder one.
    """
    return upper(rates.first / (2 * parts)) + upper(MISS)


def two_sided(z: float) -> float:
    """Return the p-value of a standard normal z."""
    return float(2 * special.ndtr(-abs(z)))


def of_chi2(statistic: float, freedom: float) -> float:
    """Return the two-sided p-value of a chi-square variable."""
    low = float(special.chdtr(freedom, statistic))
    high = float(special.chdtrc(freedom, statistic))
    return min(1.0, 2 * min(low, high))


def of_binomial(count: float, trials: float, share: float) -> float:
    """Return the two-sided p-value of a binomial count, doubled one-sided: conservative."""
    if trials <= 0:
        return 1.0
    low = float(special.bdtr(count, trials, share)) if count < trials else 1.0
    high = float(special.bdtrc(count - 1, trials, share)) if count > 0 else 1.0
    return min(1.0, 2 * min(low, high))


def least_excess(trials: int, share: float, level: float) -> float:
    """Return the share d by which a binomial count is too large where `MISS` of them pass.

    A one-sided test at `level` rejects from some count on; Binomial(trials, share (1 + d)) stays
    below that with probability `MISS`. inf where no count is rejected.
    """
    if special.bdtrc(trials - 1, trials, share) > level:
        return np.inf
    width = float(np.sqrt((1 - share) / (share * trials)))
    if width < 1e-3:  # a million counts and more are a normal variable, and a search takes long
        limit = width * upper(level)
        # d = limit + z width sqrt(1 + d): the heavier tail varies more.
        z = upper(MISS) * width
        return float((z + np.sqrt(z**2 + 4 * (1 + limit))) ** 2 / 4 - 1)
    least = int(stats.binom.isf(level, trials, share)) + 1
    return float(special.bdtri(least - 1, trials, MISS)) / share - 1


def noncentrality(freedom: float, level: float) -> float:
    """Return the noncentrality of a chi-square variable of which `MISS` pass.

    They stay below the limit that a central one exceeds with probability `level`.
    """
    return float(special.chndtrinc(special.chdtri(freedom, level), freedom, MISS))


def bonferroni(p_value: float, parts: int) -> float:
    """Return the p-value of the smallest of `parts` p-values."""
    return min(1.0, parts * p_value)


def z_of_chi2(statistic: Values | float, freedom: Values | float) -> Values:
    """Return a chi-square variable as a normal score, by its own distribution function.

    Above and below the middle the nearer tail is used, so that neither end saturates.
    """
    low = special.chdtr(freedom, statistic)
    high = special.chdtrc(freedom, statistic)
    tiny = np.finfo(float).tiny
    return np.asarray(
        np.where(
            low < high,
            special.ndtri(np.maximum(low, tiny)),
            -special.ndtri(np.maximum(high, tiny)),
        )
    )


def of_skewed(z: Values | float, skewness: Values | float) -> Values:
    """Return the two-sided p-values of standardised sums of the given skewness.

    By the gamma law of the same three moments (Pearson's type III): at z = 5 a skewness of 0.1 is
    a factor of 10 in the tail that a normal law forgets. A chi-square variable has this law itself.
    """
    low, high = _tails(z, skewness)
    return np.asarray(np.minimum(1.0, 2 * np.minimum(low, high)))


def upper_of_skewed(z: Values | float, skewness: Values | float) -> Values:
    """Return the p-values of standardised sums of the given skewness that are too large."""
    return np.asarray(_tails(z, skewness)[1])


def score_of_skewed(z: Values | float, skewness: Values | float) -> Values:
    """Return standardised sums of the given skewness as normal scores."""
    low, high = _tails(z, skewness)
    tiny = np.finfo(float).tiny
    nearer = special.ndtri(np.maximum(np.minimum(low, high), tiny))
    return np.asarray(np.where(low < high, nearer, -nearer))


def quantile_of_skewed(p: float, skewness: float) -> float:
    """Return the standardised sum of this skewness that is exceeded with probability p."""
    if skewness < 0:
        return -quantile_of_skewed(1 - p, -skewness)
    if skewness < STRAIGHT:
        return upper(p)
    freedom = 8 / skewness**2
    return float((special.chdtri(freedom, p) - freedom) / np.sqrt(2 * freedom))


STRAIGHT = 1e-5
"""Below this skewness the gamma law is the normal one to all digits that matter."""


def _tails(z: Values | float, skewness: Values | float) -> tuple[Values, Values]:
    size = np.abs(skewness)
    freedom = 8 / np.maximum(size, STRAIGHT) ** 2
    turned = np.where(np.asarray(skewness) < 0, -np.asarray(z), z)
    x = np.maximum(freedom + turned * np.sqrt(2 * freedom), 0.0)
    straight = size < STRAIGHT
    low = np.where(straight, special.ndtr(turned), special.chdtr(freedom, x))
    high = np.where(straight, special.ndtr(-turned), special.chdtrc(freedom, x))
    negative = np.asarray(skewness) < 0
    return np.where(negative, high, low), np.where(negative, low, high)
