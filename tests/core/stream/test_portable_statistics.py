"""The values of fixed cells of 2^24 elements: mean, variance, shape, tails, independence.

Every check gives p-values of the declared law against scipy's distributions. ALPHA bounds the
false alarms of the whole file; seeds and names are fixed. That the checks can fail is shown on
samplers that are wrong on purpose.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import fft, special, stats

from initspec import InitSpec
from initspec.dtypes import float_type
from initspec.stream.draw import draw

pytestmark = pytest.mark.slow

N = 2**24
SEED, NAME = 7, "encoder.0.weight"
NORMAL, CUT = stats.norm(), stats.truncnorm(-2, 2)

CELLS = [  # spec, shape, axes, dtype and the law of its standard variate
    ("normal(std=1.0)", (4096, 4096), None, "float32", NORMAL),
    ("he_normal", (4096, 4096), "in (stack=4 out)", "float64", NORMAL),
    ("lecun_normal(mode=fan_out)", (2**20, 16), "stack out", "float32", NORMAL),
    ("glorot_uniform", (4, 4, 1024, 1024), "kernel kernel in out", "float32", stats.uniform(-1, 2)),
    ("glorot_uniform", (1024, 16384), None, "float64", stats.uniform(-1, 2)),
    ("he_truncated_normal", (16, 1024, 1024), "stack in out", "float32", CUT),
    ("truncated_normal(corrected=False)", (1024, 16384), None, "float64", CUT),
]
IDS = [f"{line}-{dtype}" for line, _, _, dtype, _ in CELLS]

ALPHA = 1e-6
CHECKS = 13  # p-values of a cell
LEAST = ALPHA / (CHECKS * len(CELLS) + 2)
"""The least p-value that passes: 1e-8, 5.7 standard errors.

Seen but for one chance in a million: a mean off by 0.0026 sigma, a variance off by 0.36 %, a cdf
off by 0.0014, a tail of 1e-4 that is 26 % too light, one lag in 16 million that correlates by
0.0032.
"""


def cell(line, shape, axes, dtype, seed=SEED, name=NAME):
    """Draw a cell, and give it in units of its standard variate, in the order of its memory."""
    resolved = InitSpec.parse(line).resolve(shape, axes)
    drawn = draw(resolved, float_type(dtype), seed, name).ravel().astype(np.float64)
    law = resolved.law
    unit = law.high if "uniform" in line else law.high / 2 if law.high < math.inf else law.std
    return (drawn - law.mean) / unit


def two_sided(z):
    """P(|N(0, 1)| >= |z|)."""
    return float(special.erfc(abs(z) / math.sqrt(2)))


def p_values(y, law):
    """Return the p-value of each check by its name, of y drawn from a frozen scipy law."""
    n = y.size
    mean, variance, kurtosis = (float(x) for x in law.stats(moments="mvk"))
    found = {"mean": two_sided((y.mean() - mean) * math.sqrt(n / variance))}
    squares = np.mean((y - mean) ** 2) / variance
    found["variance"] = two_sided((squares - 1) * math.sqrt(n / (kurtosis + 2)))
    u = cdf(y, law)
    found |= shape(u) | tails(u)
    found["extremes"] = extremes(y, law)
    centred = math.sqrt(12) * (u - 0.5)
    folded = math.sqrt(12) * (np.abs(2 * u - 1) - 0.5)
    found["lags"] = lags(centred)
    found["lags of the size"] = lags(folded)
    return found


def cdf(y, law):
    """F(y) by scipy's ufuncs, a block at a time: scipy's own wrappers take minutes for 2^24."""
    if law is NORMAL:
        return special.ndtr(y)
    if law is CUT:
        low, high = special.ndtr(-2), special.ndtr(2)
        return np.clip((special.ndtr(y) - low) / (high - low), 0, 1)
    return np.clip((y + 1) / 2, 0, 1)


def shape(u):
    """Legendre moments 1 to 8 of U, and Kolmogorov's distance on 2^16 bins.

    The moments are N(0, 1) (Neyman 1937); the distance has Massart's bound (1990).
    """
    n, x = u.size, 2 * u - 1
    before, now, worst = np.ones_like(x), x, 0.0
    for k in range(1, 9):
        worst = max(worst, abs(now.sum()) * math.sqrt((2 * k + 1) / n))
        before, now = now, ((2 * k + 1) * x * now - k * before) / (k + 1)
    bins = 2**16
    counts = np.bincount(np.minimum((u * bins).astype(np.int64), bins - 1), minlength=bins)
    distance = np.abs(np.cumsum(counts) / n - np.arange(1, bins + 1) / bins).max()
    return {
        "legendre": min(1.0, 8 * two_sided(worst)),
        "kolmogorov": min(1.0, 2 * math.exp(-2 * n * distance**2)),
    }


def tails(u):
    """The counts beyond the quantiles 1e-2, 1e-4 and 1e-6 of each side: binomial, exactly."""
    found = {}
    for q in (1e-2, 1e-4, 1e-6):
        for side, count in (("low", np.sum(u < q)), ("high", np.sum(u > 1 - q))):
            law = stats.binom(u.size, q)
            p = 2 * min(law.cdf(count), law.sf(count - 1))
            found[f"tail {q:g} {side}"] = min(1.0, float(p))
    return found


def extremes(y, law):
    """The largest |y| has the law [F(m) - F(-m)]^n; beyond the support is never right."""
    low, high = law.support()
    rounding = 4 * np.finfo(np.float32).eps  # the cell may be of float32
    if y.min() < low * (1 + rounding) or y.max() > high * (1 + rounding):
        return 0.0
    least = float(2 * law.sf(min(np.abs(y).max(), high)))  # all laws here are symmetric
    below = math.exp(y.size * math.log1p(-least)) if least < 1 else 0.0
    if high < math.inf:
        return below  # rounding may touch the bound
    return 2 * min(below, -math.expm1(y.size * math.log1p(-least)))


def lags(z, least=1024):
    """The largest of the autocorrelations at every lag with 1024 products, each N(0, 1).

    Linear, zero-padded: a circular one would miss a copied half.
    """
    n = z.size
    spectrum = fft.rfft(z.astype(np.float32), 2 * n)
    products = fft.irfft(np.abs(spectrum) ** 2, 2 * n)[1 : n - least + 1].astype(np.float64)
    worst = np.abs(products / np.sqrt(np.arange(n - 1, least - 1, -1))).max()
    return min(1.0, products.size * two_sided(worst))


@pytest.mark.parametrize(("line", "shape", "axes", "dtype", "law"), CELLS, ids=IDS)
def test_a_cell_passes_every_check(line, shape, axes, dtype, law):
    """2^24 values of a cell: none of the p-values is below the least."""
    y = cell(line, shape, axes, dtype)
    assert y.size == N
    found = p_values(y, law)
    assert len(found) == CHECKS
    assert {name: p for name, p in found.items() if p < LEAST} == {}


def test_seeds_and_names_are_independent():
    """Cells of another seed, or of another name, do not correlate with the first at any lag."""
    z = cell(*CELLS[0][:4])
    first = np.conj(fft.rfft(z.astype(np.float32), 2 * N))
    for seed, name in ((SEED + 1, NAME), (SEED, "encoder.1.weight")):
        other = cell(*CELLS[0][:4], seed=seed, name=name).astype(np.float32)
        products = fft.irfft(first * fft.rfft(other, 2 * N), 2 * N)
        # At lag l there are N - |l| products; of fewer than 1024 nothing is said.
        counts = np.maximum(N - np.minimum(np.arange(2 * N), 2 * N - np.arange(2 * N)), 1024)
        worst = np.abs(products / np.sqrt(counts)).max()
        assert 2 * N * two_sided(worst) > LEAST


def _copied(y, sign=1.0):
    """One element in 64 is a copy of one far away, with a sign."""
    y, count = y.copy(), y.size // 64
    y[-count:] = y[:count] * sign
    return y


def _random_signs(y):
    """Signs that hide a copy from the plain autocorrelation."""
    return np.random.default_rng(1).choice([-1.0, 1.0], y.size // 64)


WRONG = {
    "mean": lambda y: y + 0.01,
    "variance": lambda y: y * 1.01,
    "legendre": lambda y: np.sqrt(0.9) * y + np.sqrt(0.1) * np.sign(y),
    "kolmogorov": lambda y: np.where(np.abs(y) < 0.01, 0.0, y),
    "tail 0.0001 high": lambda y: np.minimum(y, 3.5),
    "tail 1e-06 low": lambda y: np.where(np.arange(y.size) % 2**16 == 0, -5.0, y),
    "extremes": lambda y: np.where(np.abs(y) > 4.2, y / 2, y),
    "lags": _copied,
    "lags of the size": lambda y: _copied(y, _random_signs(y)),
}


@pytest.mark.parametrize("check", WRONG)
def test_a_wrong_sampler_is_seen(check):
    """Each kind of check rejects what it is there for, already at 2^20; and no right sampler."""
    good = np.random.default_rng(20260101).standard_normal(2**20)
    assert min(p_values(good, NORMAL).values()) > LEAST
    assert p_values(WRONG[check](good), NORMAL)[check] < LEAST
