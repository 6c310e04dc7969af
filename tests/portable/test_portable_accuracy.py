"""How far the portable sampler's law is from the real one, by computation and not by sampling.

Oracles: scipy's normal cdf (relative 1e-15), mpmath for the quantiles, the recurrence of moments.
"""

import math

import mpmath
import numpy as np
import pytest
from scipy import special, stats

from initspec import gaussian
from initspec.stream import quantile
from initspec.stream.inversion import DOUBLE, SINGLE, Scratch, TruncatedNormal, Uniform, _lines

INF = math.inf
BOUNDS = [
    (-INF, INF),
    (-2.0, 2.0),
    (-1.0, 3.0),
    (0.0, INF),
    (3.0, 6.0),
    (-6.5, -6.0),
    (0.5, 0.5001),
    (-0.3, 1e6),
]
WIDTHS = [SINGLE, DOUBLE]


def _cdf(z, lower, upper):
    """P(Y <= z) given lower <= Y <= upper, from scipy, in the tail where it is accurate."""
    if lower > 0:  # by symmetry
        return 1 - _cdf(-z, -upper, -lower)
    below = special.ndtr(lower)
    return (special.ndtr(np.clip(z, lower, upper)) - below) / (special.ndtr(upper) - below)


def _tables(sampler):
    """Return V and D as they are used, [2, cells], and the cells they belong to."""
    width, lines = sampler.width, _lines(sampler)
    cells = quantile.cells(sampler.lower, sampler.upper, width.bits)
    count = cells.value.shape[1]
    at = (np.array([0, width.sign]) + width.first)[:, None] + np.arange(count)
    return lines.at_zero[at], lines.slope[at], cells


def _ranks(x, bits):
    """P(a draw lies below the one that x stands for), x as a real number."""
    return np.where(x < 0, -x / 2.0**bits, 1 - x / 2.0**bits)


def cdf_error(sampler):
    """Return sup |P(W <= w) - F(w)|.

    If |F(W(x)) - rank(x)| <= e for every x, then {rank <= F(w) - e} lies in {W <= w}, which lies in
    {rank <= F(w) + e}: the two laws differ by at most e. On a cell the error of a line is extreme
    at the ends or at one place inside, so 33 places see it; W is computed in its floating type.
    """
    at_zero, slope, cells = _tables(sampler)
    start, stop = cells.edges[..., 0], cells.edges[..., 1]
    worst = 0.0
    for part in np.linspace(0, 1, 33):
        x = (start + part * (stop - start)).astype(sampler.width.real)
        w = slope * x + at_zero  # two roundings: NumPy contracts nothing
        z = (w.astype(np.float64) - sampler.mean) / sampler.s
        error = np.abs(
            _cdf(z, sampler.lower, sampler.upper)
            - _ranks(x.astype(np.float64), bits=sampler.width.bits)
        )
        worst = max(worst, float(error.max()))
    # A draw is odd: it stands for itself and half of its neighbours.
    return worst + 2.0 ** (1 - sampler.width.bits)


def moments(sampler):
    """Return mean and variance of W, integrated cell by cell."""
    at_zero, slope, cells = _tables(sampler)
    length = np.abs(cells.edges[..., 1] - cells.edges[..., 0])
    share = length / 2.0**sampler.width.bits
    share[:, 0] += 1 / 2.0**sampler.width.bits  # |x| < 1
    middle = at_zero.astype(np.longdouble) + slope.astype(np.longdouble) * cells.middle
    spread = (slope.astype(np.longdouble) * length) ** 2 / 12
    mean = np.sum(share * middle)
    return float(mean), float(np.sum(share * ((middle - mean) ** 2 + spread)))


@pytest.mark.parametrize("width", WIDTHS, ids=["32", "64"])
@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
def test_the_cdf_is_within_a_millionth(bounds, width):
    """No test tells the two laws apart below 4e13 draws."""
    error = cdf_error(TruncatedNormal(0.0, 1.0, *bounds, width))
    # Where the interval is narrow or far from 0, W itself is coarser: two units in its last place.
    nearest = min(max(0.0, bounds[0]), bounds[1])
    density = stats.norm.pdf(nearest) / gaussian.truncated(*bounds).mass
    assert error < max(1e-6, 2 * np.spacing(width.real(abs(nearest))) * density)


@pytest.mark.parametrize("width", WIDTHS, ids=["32", "64"])
@pytest.mark.parametrize("bounds", BOUNDS[:4], ids=str)
def test_mean_and_variance_are_within_a_millionth(bounds, width):
    """In units of sigma, against the closed forms of a truncated normal."""
    mean, variance = moments(TruncatedNormal(0.0, 1.0, *bounds, width))
    exact = gaussian.truncated(*bounds)
    assert abs(mean - exact.mean) < 1e-6
    assert abs(variance - exact.std**2) < 1e-6


@pytest.mark.parametrize(("sigmas", "ratio"), [(3, 1e-6), (4, 1e-5), (5, 1e-3), (6, 0.06)])
def test_the_tail_is_true_to_six_sigma(sigmas, ratio):
    """P(W > t) / P(Z > t), by counting the odd r beyond t. At 6 sigma 4 of them stand for 4.24."""
    expected = special.ndtr(-sigmas) * 2.0**32
    r = np.arange(1, int(1.01 * expected) + 9, 2, dtype=np.uint32)
    w = np.empty(r.size, np.float32)
    TruncatedNormal(0.0, 1.0, -INF, INF, SINGLE)(r.copy(), w, Scratch(r.size))
    assert w[-1] < sigmas < w[0]
    assert abs(2 * np.count_nonzero(w > sigmas) / expected - 1) < ratio


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("bounds", [*BOUNDS, (1e-9, 3.0), (-1e-3, 2.0), (0.0, 5.0)], ids=str)
def test_knots_are_the_nearest_float64(bounds, bits):
    """Against mpmath with 250 bits, on 60 of them and the ends: one Newton step from the knot."""
    lower, upper = bounds
    knots, tails = quantile.knots(lower, upper, bits), quantile.tails(bits)
    with mpmath.workprec(250):
        sign = -1 if lower > 0 else 1  # in the tail where the probability is accurate
        at_lower, at_upper = (mpmath.ncdf(sign * mpmath.mpf(bound)) for bound in bounds)
        for i in np.linspace(0, len(tails) - 1, 62).astype(int):
            target = at_lower + mpmath.mpf(float(tails[i])) * (at_upper - at_lower)
            z = sign * mpmath.mpf(float(knots[i]))
            z -= (mpmath.ncdf(z) - target) / mpmath.npdf(z)
            exact = float(sign * z) if abs(z) > 1e-60 else 0.0
            assert exact == knots[i]


@pytest.mark.parametrize("width", WIDTHS, ids=["32", "64"])
@pytest.mark.parametrize(
    ("low", "high"), [(-1.0, 1.0), (0.0, 1.0), (-0.1, 0.3), (5.0, 5.5), (-1e30, 3e30)]
)
def test_uniform_keeps_its_ends(low, high, width):
    """The extreme draws give the ends of the float type, and none lies beyond."""
    ends = np.array([1 << (width.bits - 1), (1 << (width.bits - 1)) - 1], width.unsigned)
    w = np.empty(2, width.real)
    Uniform(low, high, width)(ends, w, Scratch(2))
    assert width.real(low) <= w[0]
    assert w[1] <= width.real(high)
    np.testing.assert_allclose(
        w, [low, high], rtol=0, atol=2 * np.spacing(width.real(max(-low, high)))
    )


@pytest.mark.parametrize("bounds", [(-2.0, 2.0), (3.0, 6.0), (0.5, 0.5001), (-6.5, -6.0)])
@pytest.mark.parametrize(("mean", "std"), [(0.0, 0.5), (1e3, 0.5), (7.3, 1e-5)])
def test_truncated_values_stay_inside(bounds, mean, std):
    """Two million draws, the extreme ones among them, lie between the float32 bounds.

    Without the clip values of the last law leave them by a unit in the last place.
    """
    bits = np.arange(0, 2**32, 2**11, dtype=np.uint32)
    bits[:4] = 0, 2**32 - 1, 2**31, 2**31 - 1
    w = np.empty(bits.size, np.float32)
    TruncatedNormal(mean, std, *bounds, SINGLE)(bits, w, Scratch(bits.size))
    low, high = (np.float32(mean + std * bound) for bound in bounds)
    assert low <= w.min()
    assert w.max() <= high


def test_the_law_is_symmetric():
    """-x gives -W, to the bit."""
    bits = np.random.default_rng(20260101).integers(0, 2**32, 10**5, dtype=np.uint32)
    w, mirrored = np.empty(bits.size, np.float32), np.empty(bits.size, np.float32)
    sampler = TruncatedNormal(0.0, 0.7, -INF, INF, SINGLE)
    sampler(bits.copy(), w, Scratch(bits.size))
    sampler(-(bits | np.uint32(1)), mirrored, Scratch(bits.size))
    np.testing.assert_array_equal(w, -mirrored)


@pytest.mark.parametrize(("low", "high", "s"), [(-INF, INF, 1e-30), (-2.0, 2.0, 1e-36)])
def test_tiny_weights_keep_their_law(low, high, s):
    """Where D would underflow the draw is made 2^64 times larger: the same bits as at that size."""
    bits = np.random.default_rng(20260101).integers(0, 2**32, 10**5, dtype=np.uint32)
    tiny, large = np.empty(bits.size, np.float32), np.empty(bits.size, np.float32)
    TruncatedNormal(0.0, s, low, high, SINGLE)(bits.copy(), tiny, Scratch(bits.size))
    TruncatedNormal(0.0, s * 2.0**64, low, high, SINGLE)(bits.copy(), large, Scratch(bits.size))
    np.testing.assert_array_equal(tiny, large * np.float32(2.0**-64))
