"""The map from bits to values: its knots, its ends, its symmetry, and tiny weights."""

import math

import mpmath
import numpy as np
import pytest

from initspec.stream import quantile
from initspec.stream.inversion import DOUBLE, SINGLE, Scratch, TruncatedNormal, Uniform

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
    (1e-9, 3.0),
    (-1e-3, 2.0),
    (0.0, 5.0),
    (5.99, 40.0),  # the farthest knots there are
]
WIDTHS = [SINGLE, DOUBLE]


@pytest.mark.slow
@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
def test_knots_are_the_nearest_float64(bounds, bits):
    """Against mpmath with 250 bits: one Newton step from the knot, whose error is 1e-16 squared.

    All knots of a normal and of Keras' cut at 2 in float32; 60 and the ends of the others.
    """
    lower, upper = bounds
    knots, tails = quantile.knots(lower, upper, bits), quantile.tails(bits)
    every = bits == 32 and lower == -upper
    with mpmath.workprec(250):
        sign = -1 if lower > 0 else 1  # in the tail where the probability is accurate
        at_lower, at_upper = (mpmath.ncdf(sign * mpmath.mpf(bound)) for bound in bounds)
        for i in np.linspace(0, len(tails) - 1, len(tails) if every else 62).astype(int):
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
