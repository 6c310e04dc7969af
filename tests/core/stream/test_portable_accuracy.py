"""How far the portable sampler's law is from the real one, by computation and not by sampling.

Oracles: scipy's normal cdf (relative 1e-15), the closed moments of a truncated normal.
"""

import math
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import special, stats

from initspec import InitSpec
from initspec.errors import SpecError
from initspec.numerics import gaussian
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


def _rounding(sampler, at_zero, slope, x):
    """Return by how much W may differ from V + D * r, r a draw that becomes x, largest in size."""
    real, (v, d) = sampler.width.real, (at_zero.astype(float), slope.astype(float))
    product, most = abs(d * x), abs(v) + abs(d * x)
    from_x = np.where(abs(x) > 2.0 ** (sampler.width.mantissa + 1), _half_unit(x, real), 0.0)
    w = np.minimum(abs(v + d * x) + most * 2.0**-20, most)  # V and D * x cancel
    return abs(d) * from_x + _half_unit(product, real) + _half_unit(w, real)


def _half_unit(values, real):
    """Half the distance to the next number of a floating type: what rounding does at most."""
    return np.spacing(np.abs(values).astype(real)).astype(float) / 2


def cdf_error(sampler):
    """Return a bound of sup |P(W <= w) - F(w)|, in units of s.

    If |F(W(r)) - rank(r)| <= e for every draw r, then {rank <= F(w) - e} lies in {W <= w}, which
    lies in {rank <= F(w) + e}: the two laws differ by at most e. In a cell of 32 steps of length h
    the line's error F(V + D x) - rank(x) lies within h^2 / 8 of its second derivative from that at
    the nearest of 33 places; what is rounded moves F by at most its density times as much.
    """
    at_zero, slope, cells = _tables(sampler)
    lower, upper = sampler.lower, sampler.upper
    mass = gaussian.truncated(lower, upper).mass
    start, stop = cells.edges[..., 0], cells.edges[..., 1]
    v, d = at_zero.astype(float) / sampler.s, slope.astype(float) / sampler.s
    rounding = _rounding(sampler, at_zero, slope, np.where(abs(start) > abs(stop), start, stop))
    rounding /= sampler.s
    ends = np.stack([v + d * start, v + d * stop])
    nearest = np.where(ends[0] * ends[1] <= 0, 0.0, np.abs(ends).min(0))
    density = stats.norm.pdf(np.maximum(0.0, nearest - rounding)) / mass
    steepest = np.maximum(1.0, nearest - rounding)  # of |z| phi(z), which |phi'(z)| is
    curvature = (d * (stop - start) / 32) ** 2 / 8 * steepest * stats.norm.pdf(steepest) / mass
    worst = 0.0
    for part in np.linspace(0, 1, 33):
        x = start + part * (stop - start)
        error = np.abs(_cdf(v + d * x, lower, upper) - _ranks(x, sampler.width.bits))
        worst = max(worst, float((error + curvature + density * rounding).max()))
    # What is clipped lands on a bound as the floating type has it.
    at_bounds = [
        float(_half_unit(np.float64(sampler.mean + sampler.s * bound), sampler.width.real))
        / sampler.s
        * stats.norm.pdf(bound)
        / mass
        for bound in (lower, upper)
        if math.isfinite(bound)
    ]
    # A draw is odd: it stands for itself and half of its neighbours.
    return max([worst, *at_bounds]) + 2.0 ** (1 - sampler.width.bits)


def moment_errors(sampler):
    """Return bounds of how far mean and variance of W are from those of Y, in units of s.

    The draws r are odd, of either sign, each of probability 2^(1 - bits). Up to 2^16 their lines
    are summed one by one; beyond, a cell is made of whole intervals of length 2 around them.
    Rounding is bounded as in `cdf_error`.
    """
    at_zero, slope, cells = _tables(sampler)
    exact = gaussian.truncated(sampler.lower, sampler.upper)
    few = np.arange(1, 1 << 16, 2)
    binade = np.frexp(few)[1] - 1
    cell = (binade << quantile.CELL_BITS) + (np.ldexp(few, 8 - binade) - 256).astype(int)
    first, one = 16 << quantile.CELL_BITS, np.longdouble(2) ** (1 - sampler.width.bits)
    mean = square = off_mean = off_square = np.longdouble(0)
    for row, sign in enumerate((1.0, -1.0)):
        v, d = (table[row].astype(np.longdouble) / sampler.s for table in (at_zero, slope))
        v = v - exact.mean
        near = v[cell] + d[cell] * (sign * few)
        edges = cells.edges[row]
        length = np.abs(edges[first:, 1] - edges[first:, 0])
        share = length * one / 2
        middle = v[first:] + d[first:] * cells.middle[row, first:]
        spread = d[first:] ** 2 * np.maximum(length**2 - 4, 0) / 12
        mean += one * near.sum() + (share * middle).sum()
        square += one * (near**2).sum() + (share * (middle**2 + spread)).sum()
        shares = np.concatenate([np.bincount(cell, minlength=first) * one, share])
        rounding = _rounding(sampler, at_zero[row], slope[row], edges[:, 1]) / sampler.s
        reach = np.abs(v + d * edges.T).max(0)
        off_mean += (shares * rounding).sum()
        off_square += (shares * (2 * reach * rounding + rounding**2)).sum()
    off = abs(mean) + off_mean
    return float(off), float(abs(square - exact.std**2) + off_square + off**2)


def uniform_errors(low, high, width):
    """Return bounds of the errors of cdf, mean and variance, the last two in units of sigma.

    M and D are two numbers, so that what their rounding does is known; the rest as above, in 4096
    slices of x.
    """
    sampler = Uniform(low, high, width)
    middle, slope = sampler.lines.mean, sampler.lines.slope
    half, most, discrete = (high - low) / 2, 2.0 ** (width.bits - 1), 2.0 ** (1 - width.bits)
    shift, stretch = abs(float(middle) - (low + high) / 2), float(slope) * most / half
    edges = np.linspace(-most, most, 4097)
    ends = np.where(edges[1:] > 0, edges[1:], edges[:-1])
    rounding = _rounding(sampler, middle, slope, ends)
    cdf = (shift + abs(stretch - 1) * half + rounding.max()) / (2 * half) + discrete
    sigma = half / math.sqrt(3)
    mean = (shift + rounding.mean()) / sigma
    reach = np.abs(ends) * float(slope)
    variance = abs(stretch**2 - 1) + (2 * reach * rounding + rounding**2).mean() / sigma**2
    return float(cdf), float(mean), float(variance + mean**2 + discrete**2)


@pytest.mark.parametrize("width", WIDTHS, ids=["32", "64"])
@pytest.mark.parametrize("fan", [1, 3, 300, 12288])
def test_a_uniform_is_within_a_millionth(fan, width):
    """cdf, mean and variance of uniforms of several scales; and of one that is not centred."""
    bound = math.sqrt(6 / fan)
    assert max(uniform_errors(-bound, bound, width)) < 1e-6
    assert max(uniform_errors(-bound, 3 * bound, width)) < 1e-6


@pytest.mark.parametrize("width", WIDTHS, ids=["32", "64"])
@pytest.mark.parametrize("s", [1.0, math.sqrt(2 / 300), 700.0])
@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
def test_cdf_mean_and_variance_are_within_a_millionth(bounds, s, width):
    """For every scale, and so for every fan and gain: no test tells them apart below 4e13 draws."""
    sampler = TruncatedNormal(0.0, s, *bounds, width)
    mean, variance = moment_errors(sampler)
    assert mean < 1e-6
    assert variance < 1e-6
    # Where the interval is narrow or far from 0, W itself is coarser: two units in its last place.
    nearest = min(max(0.0, bounds[0]), bounds[1])
    density = stats.norm.pdf(nearest) / gaussian.truncated(*bounds).mass
    unit = float(2 * _half_unit(np.float64(s * nearest), width.real)) / s
    assert cdf_error(sampler) < max(1e-6, 2 * unit * density)


@pytest.mark.slow
@settings(max_examples=25)
@given(lower=st.floats(-7, 5.5), length=st.floats(0.05, 14))
def test_any_truncation_is_within_a_millionth(lower, length):
    """Bounds at random: the same, of both widths."""
    upper = lower + length
    try:
        InitSpec.truncated_normal(1.0, lower=lower, upper=upper, corrected=False)
    except SpecError:  # less than 1e-9 of a normal lies between them
        assume(False)
    density = stats.norm.pdf(min(max(0.0, lower), upper)) / gaussian.truncated(lower, upper).mass
    for width in WIDTHS:
        sampler = TruncatedNormal(0.0, 1.0, lower, upper, width)
        reach = min(max(0.0, lower), upper)
        unit = float(2 * _half_unit(np.float64(reach), width.real))
        assert cdf_error(sampler) < max(1e-6, 2 * unit * density)
        assert max(moment_errors(sampler)) < 1e-6


def test_the_page_has_these_numbers():
    """The table of section 7 is what is computed here, rounded up to two digits."""
    page = (Path(__file__).parents[3] / "docs" / "portable-stream.md").read_text("utf-8")
    laws = {
        "normal": (-INF, INF),
        "truncated at -2, 2": (-2.0, 2.0),
        "truncated at -1, 3": (-1.0, 3.0),
        "limit of truncation at 0, b for large b": (0.0, INF),
        "truncated at 3, 6": (3.0, 6.0),
    }
    end = math.sqrt(3)
    numbers = {
        "uniform": [*uniform_errors(-end, end, SINGLE), uniform_errors(-end, end, DOUBLE)[0]]
    }
    for name, bounds in laws.items():
        single, double = (TruncatedNormal(0.0, 1.0, *bounds, width) for width in WIDTHS)
        assert max(moment_errors(double)) < 1e-12
        numbers[name] = [cdf_error(single), *moment_errors(single), cdf_error(double)]
    for name, row in numbers.items():
        shown = next(line for line in page.splitlines() if line.startswith(f"| {name} |"))
        assert [cell.strip() for cell in shown.split("|")[2:-1]] == list(map(_rounded_up, row))


def _rounded_up(value):
    digits = Decimal(value)
    return (
        f"{digits.quantize(Decimal(1).scaleb(digits.adjusted() - 1), ROUND_CEILING):.1e}".replace(
            "e-0", "e-"
        )
    )


@pytest.mark.parametrize(("sigmas", "ratio"), [(3, 1e-6), (4, 1e-5), (5, 1e-3), (6, 0.06)])
def test_the_tail_is_true_to_six_sigma(sigmas, ratio):
    """P(W > t) / P(Z > t), by counting the odd r beyond t. At 6 sigma 4 of them stand for 4.24."""
    expected = special.ndtr(-sigmas) * 2.0**32
    r = np.arange(1, int(1.01 * expected) + 9, 2, dtype=np.uint32)
    w = np.empty(r.size, np.float32)
    TruncatedNormal(0.0, 1.0, -INF, INF, SINGLE)(r.copy(), w, Scratch(r.size))
    assert w[-1] < sigmas < w[0]
    assert abs(2 * np.count_nonzero(w > sigmas) / expected - 1) < ratio


@pytest.mark.parametrize(("sigmas", "ratio"), [(3, 1e-5), (6, 2e-5), (8, 5e-5), (9, 0.1)])
def test_the_tail_of_float64_is_true_to_eight_sigma(sigmas, ratio):
    """As in float32, the last r beyond t found by bisection: W falls as r grows."""
    sampler, scratch = TruncatedNormal(0.0, 1.0, -INF, INF, DOUBLE), Scratch(1)
    inside, outside = 0, 1 << 62  # r = 2 * number + 1
    while outside - inside > 1:
        number, w = (inside + outside) // 2, np.empty(1)
        sampler(np.array([2 * number + 1], np.uint64), w, scratch)
        inside, outside = (number, outside) if w[0] > sigmas else (inside, number)
    assert abs(outside / (special.ndtr(-sigmas) * 2.0**63) - 1) < ratio
