"""Keras' own sampler of truncated normals, its bits, seeds and scales, and its own Orthogonal."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
from initspec_keras import backend
from initspec_keras.generator import _spread, seed_generator
from initspec_keras.truncated import truncated_standard_normal
from scipy import stats

from initspec import Axes, InitSpec
from tests.laws import assert_follows


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "bounds", [(-2, 2), (-8, 8), (3, 5), (5, 6), (-6, -5), (0, 0.1), (-0.5, 4), (1, 1.01), (2, 300)]
)
def test_truncated_at_any_bounds(bounds, dtype, array):
    """The inverse cdf is exact in the bulk and in the tails, and no value leaves the bounds."""
    if dtype == "float64" and keras.backend.backend() == "jax":
        pytest.skip("float64 needs jax_enable_x64; tests/contract covers it")
    seed = keras.random.SeedGenerator(3)
    draws = array(truncated_standard_normal((2**20,), dtype, *bounds, seed))
    assert draws.min() >= np.dtype(dtype).type(bounds[0])
    assert draws.max() <= np.dtype(dtype).type(bounds[1])
    assert_follows(draws, stats.truncnorm(*bounds))
    # No coarse lattice: three quarters of the floats between close bounds turn up.
    ends = np.array(bounds, dtype)
    there = (ends[1] - ends[0]) / np.spacing(np.abs(ends).max())
    assert np.unique(draws).size > 0.75 * min(there, 2**19)


def test_orthogonal_of_keras_is_haar():
    """Without axes the initializer is a subclass of Keras' own, whose matrices are Haar, too.

    Entries of 500 matrices follow the law of a coordinate of a uniform unit vector. Four tests at
    1e-6; QR without the correction of its signs fails them.
    """
    init = InitSpec.orthogonal().to_keras()
    init.seed = seed_generator(8)
    drawn = np.array([keras.ops.convert_to_numpy(init((5, 5))) for _ in range(500)])
    # (1 + x) / 2 ~ Beta(2, 2) for a unit vector in five dimensions.
    coordinate = stats.beta(2, 2, -1, 2)
    # One entry from each matrix: those of one matrix depend on each other.
    for row, column in ((0, 0), (4, 4), (2, 3)):
        assert stats.kstest(drawn[:, row, column], coordinate.cdf).pvalue > 1e-6
    assert stats.binomtest(int(np.sum(np.linalg.det(drawn) > 0)), 500).pvalue > 1e-6


@pytest.mark.parametrize("axes", ["in out", "in (stack=4 out)"])
@pytest.mark.parametrize(
    "text",
    [
        "normal",
        "uniform",
        "truncated_normal",
        "sparse(sparsity=0.5)",
        "orthogonal",
        f"constant(value={1 / 3})",
    ],
)
def test_float64_is_no_float32(text, axes):
    """A float64 weight has 64 bits: no step on its way rounds to float32."""
    spec = InitSpec.parse(text)
    drawn = backend.draw(spec, (64, 96), axes=Axes(axes), dtype="float64", entropy=5)
    kept = drawn[drawn != 0]
    assert np.mean(kept == kept.astype(np.float32)) < 0.01


def test_no_two_entropies_have_one_draw():
    """Not even of thousands: two of these fell together as long as entropies were hashed."""
    spec, length = InitSpec.he_truncated_normal(), (48,)
    first, second = (
        backend.draw(spec, length, axes=Axes("out [in=512]"), entropy=entropy)
        for entropy in (1234273792, 1234275499)
    )
    assert (first != second).any()
    rng = np.random.default_rng(0)
    some = np.r_[
        np.arange(1 << 14), 2**31 - 1 - np.arange(1 << 14), rng.integers(2**31, size=1 << 15)
    ]
    some = np.unique(np.r_[some, 1 << np.arange(31)]).tolist()
    seeds = np.array([_spread(entropy) for entropy in some])
    assert ((seeds >= 0) & (seeds < 2**31)).all()
    assert len(np.unique(seeds)) == len(seeds)
    # Neighbours are no neighbours: on torch a draw takes the seed after that of the one before.
    steps = np.abs(np.diff(seeds[: 1 << 14]))
    assert np.quantile(steps, 0.01) > 2**31 / 1000
    assert _spread(2**31 + 5) != _spread(5) != _spread(2**32 + 5)


def test_large_and_tiny_scales():
    """Scales at the ends of float32 are drawn without overflow; beyond, they raise."""
    wide = backend.draw(InitSpec.uniform(-1.6e38, 1.6e38), (64, 64))
    assert np.isfinite(wide).all()
    assert 1.5e38 < np.abs(wide).max() <= 1.6e38
    small = backend.draw(InitSpec.normal(1e-35), (64, 64)).astype(np.float64)
    assert 0.9e-35 < small.std() < 1.1e-35


def test_no_warning():
    """Nothing that we draw makes Keras or its framework warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for spec in (InitSpec.he_normal(), InitSpec.sparse(0.5), InitSpec.orthogonal()):
            init = spec.to_keras(axes="in (stack=4 out)")
            init((16, 8))
            init((16, 8), dtype="bfloat16")
