"""JAX' own sampler of truncated normals, its ends, and the numbers of jax.nn.initializers."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from initspec_jax.truncated import truncated_standard_normal
from jax.nn import initializers
from scipy import stats

from initspec import InitSpec
from tests.laws import assert_follows

KEY = jax.random.key(20240607)

BOUNDS = [
    (-2, 2),
    (-8, 8),
    (-50, 50),
    (3, 5),
    (5, 6),
    (-6, -5),
    (4, 40),
    (-1, 9),
    (-9, 0),
    (0.5, 0.51),
    (-0.5, 30),
    (-0.001, 0.001),
]


@pytest.mark.parametrize(("lower", "upper"), BOUNDS)
def test_truncated_variate(lower, upper):
    """Wide, narrow, lopsided and far bounds are scipy.stats.truncnorm in float32."""
    # Not compiled as one: only roundings of the ends may lie outside, which the weight clips.
    variate = truncated_standard_normal(KEY, (2**20,), jnp.float32, lower, upper)
    assert variate.dtype == jnp.float32
    slack = 4 * 2.0**-23 * max(abs(lower), abs(upper))
    assert lower - slack <= float(variate.min())
    assert float(variate.max()) <= upper + slack
    assert_follows(np.clip(variate, lower, upper), stats.truncnorm(lower, upper))


@pytest.mark.parametrize(("lower", "upper"), [(-8, 8), (3, 5), (-6, -5)])
def test_truncated_bounds(lower, upper):
    """Weights between wide and far bounds follow scipy.stats.truncnorm, none outside."""
    spec = InitSpec.truncated_normal(1.0, lower=lower, upper=upper, corrected=False)
    draws = spec.to_jax()(KEY, (2**20,))
    assert lower <= float(draws.min())
    assert float(draws.max()) <= upper
    assert_follows(np.asarray(draws), stats.truncnorm(lower, upper))


@pytest.mark.parametrize("lower", [-9, -6, -5.5])
@pytest.mark.parametrize("upper", [-0.9, 0.0, 0.5, 8])
def test_truncated_extreme_cells(lower, upper, monkeypatch):
    """The first and last of the 2^23 cells give values of their probability, never the bound.

    jax.random.truncated_normal puts the first cell, one value in 2^23, on a bound of -8.
    """
    ends = jnp.array([0.0, 1 - 2.0**-23], jnp.float32)
    monkeypatch.setattr(jax.random, "uniform", lambda *_: ends)
    first, last = np.asarray(
        truncated_standard_normal(KEY, (2,), jnp.float32, lower, upper), np.float64
    )
    if abs(upper) > abs(lower):
        first, last = -first, -last
    law = stats.truncnorm(lower, upper)
    # Where float32 holds 1 - p no finer than 2^-24, a cell is up to four cells wide.
    assert 2.0**-26 < law.cdf(min(first, last)) < 2.0**-21
    assert law.sf(max(first, last)) < 2.0**-21


def _same(spec, theirs, shape=(48, 80), dtype=jnp.float32):
    """Assert that ours from a key are the numbers of JAX from the same key."""
    expected = np.asarray(theirs(KEY, shape, dtype), np.float64)
    drawn = np.asarray(spec.to_jax()(KEY, shape, dtype), np.float64)
    # A truncated value comes from the middle of its cell, JAX' from the lower end: half a cell is
    # 0.95 * 2^-23 in erf, at 2 sigma, where erf is flattest, 1.1e-6 sigma.
    np.testing.assert_allclose(drawn, expected, rtol=1e-6, atol=2e-6 * expected.std())


def _scaling(scale, mode, distribution):
    ours = InitSpec.variance_scaling(scale, mode, distribution)
    return ours, initializers.variance_scaling(scale, mode, distribution)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        _scaling(0.7, "fan_in", "normal"),
        _scaling(0.7, "fan_geo_avg", "normal"),
        _scaling(1.3, "fan_out", "uniform"),
        _scaling(1.3, "fan_avg", "truncated_normal"),
        (InitSpec.he_truncated_normal(), initializers.he_normal()),
        (InitSpec.glorot_uniform(), initializers.glorot_uniform()),
        (InitSpec.lecun_truncated_normal(), initializers.lecun_normal()),
        (InitSpec.normal(0.3), initializers.normal(0.3)),
        (InitSpec.truncated_normal(0.3, corrected=False), initializers.truncated_normal(0.3)),
    ],
)
def test_same_numbers_as_jax(ours, theirs):
    """The initializers of the same law give the same numbers from the same key."""
    _same(ours, theirs)


@pytest.mark.parametrize(
    ("spec", "low", "high"),
    [
        (InitSpec.uniform(0.0, 0.07), 0.0, 0.07),
        (InitSpec.uniform(1.0, 1.0001), 1.0, 1.0001),
        (InitSpec.uniform(-1000.03, -1000.01), -1000.03, -1000.01),
        (
            InitSpec.truncated_normal(1e-5, mean=1.0, lower=-1, upper=1, corrected=False),
            1 - 1e-5,
            1 + 1e-5,
        ),
    ],
    ids=str,
)
def test_bounds_hold_after_scaling(spec, low, high):
    """No weight lies outside its bounds as float32 has them, though mean and width are rounded."""
    draws = np.asarray(spec.to_jax()(KEY, (2**20,)))
    assert draws.min() >= np.float32(low)
    assert draws.max() <= np.float32(high)
