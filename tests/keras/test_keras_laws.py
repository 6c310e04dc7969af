"""Every family in every dtype, drawn as the backend draws it, against scipy."""

from __future__ import annotations

import math
import warnings

import keras
import numpy as np
import pytest
from initspec_keras import backend
from initspec_keras.generator import _spread, seed_generator
from initspec_keras.truncated import truncated_standard_normal
from scipy import stats

from initspec import Axes, InitSpec, TruncatedNormal
from initspec.dtypes import FLOATS

SHAPE = (512, 2048)  # in, out
CUT = stats.truncnorm(-2, 2)
DTYPES = tuple(FLOATS)

LAWS = {
    "lecun_normal": (InitSpec.lecun_normal(), stats.norm(0, math.sqrt(1 / 512))),
    "he_normal": (InitSpec.he_normal(gain=1.5), stats.norm(0, 1.5 * math.sqrt(2 / 512))),
    "glorot_fan_out": (InitSpec.glorot_normal(mode="fan_out"), stats.norm(0, math.sqrt(1 / 2048))),
    "geo": (InitSpec.he_normal(mode="fan_geo_avg"), stats.norm(0, math.sqrt(2 / 1024))),
    "glorot_uniform": (
        InitSpec.glorot_uniform(),
        stats.uniform(-math.sqrt(6 / 2560), 2 * math.sqrt(6 / 2560)),
    ),
    "he_truncated": (
        InitSpec.he_truncated_normal(),
        stats.truncnorm(-2, 2, 0, math.sqrt(2 / 512) / CUT.std()),
    ),
    "he_uncorrected": (
        InitSpec(TruncatedNormal(corrected=False), "he"),
        stats.truncnorm(-2, 2, 0, math.sqrt(2 / 512)),
    ),
    "he_truncated_3": (
        InitSpec.he_truncated_normal(lower=-3, upper=1),
        stats.truncnorm(-3, 1, 0, math.sqrt(2 / 512) / stats.truncnorm(-3, 1).std()),
    ),
    "normal": (InitSpec.normal(0.02, 0.1), stats.norm(0.1, 0.02)),
    "uniform": (InitSpec.uniform(-0.13, 0.37), stats.uniform(-0.13, 0.5)),
    "uniform_scale": (
        InitSpec("uniform", variance=0.5),
        stats.uniform(-math.sqrt(1.5 / 512), 2 * math.sqrt(1.5 / 512)),
    ),
    "truncated": (
        InitSpec.truncated_normal(0.02, 0.1),
        stats.truncnorm(-2, 2, 0.1, 0.02 / CUT.std()),
    ),
    "truncated_parent": (
        InitSpec.truncated_normal(0.02, corrected=False),
        stats.truncnorm(-2, 2, 0, 0.02),
    ),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", LAWS)
def test_elementwise_law(name, dtype, follows):
    """2^20 draws have the mean, the variance, the cdf and the support that scipy gives."""
    spec, law = LAWS[name]
    draws = backend.draw(spec, SHAPE, dtype=dtype, entropy=1)
    assert draws.dtype.name == dtype
    follows(draws, law, FLOATS[dtype].eps)


@pytest.mark.parametrize("name", ["he_normal", "geo", "truncated_parent"])
def test_half_precision_is_rounded_float32(name):
    """bfloat16 has as many values as rounded float32 draws have, not the 128 of native ones."""
    spec, law = LAWS[name]
    draws = backend.draw(spec, SHAPE, dtype="bfloat16", entropy=2)
    rounded = law.rvs(2**20, random_state=2).astype(np.float32).astype(draws.dtype)
    expected = np.unique(rounded.astype(np.float32)).size
    assert np.unique(draws.astype(np.float32)).size > 0.9 * expected > 450


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "bounds", [(-2, 2), (-8, 8), (3, 5), (5, 6), (-6, -5), (0, 0.1), (-0.5, 4), (1, 1.01), (2, 300)]
)
def test_truncated_at_any_bounds(bounds, dtype, follows, array):
    """The inverse cdf is exact in the bulk and in the tails, and no value leaves the bounds."""
    if dtype == "float64" and keras.backend.backend() == "jax":
        pytest.skip("float64 needs jax_enable_x64; test_elementwise_law covers it")
    seed = keras.random.SeedGenerator(3)
    draws = array(truncated_standard_normal((2**20,), dtype, *bounds, seed))
    assert draws.min() >= np.dtype(dtype).type(bounds[0])
    assert draws.max() <= np.dtype(dtype).type(bounds[1])
    follows(draws, stats.truncnorm(*bounds), np.finfo(dtype).eps)
    # No coarse lattice: three quarters of the floats between close bounds turn up.
    ends = np.array(bounds, dtype)
    there = (ends[1] - ends[0]) / np.spacing(np.abs(ends).max())
    assert np.unique(draws).size > 0.75 * min(there, 2**19)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        (None, (96, 40)),
        (None, (40, 96)),
        (None, (3, 3, 8, 96)),
        ("out in", (96, 40)),
        ("in (stack=4 out)", (64, 256)),
        ("stack in out", (3, 24, 40)),
        ("in out out", (64, 4, 16)),
    ],
)
def test_orthogonal(axes, shape, dtype):
    """Each member's matrix out x (in * kernel) has orthonormal rows, or columns if it is tall."""
    spec = InitSpec.orthogonal(1.5)
    draws = backend.draw(spec, shape, axes=axes and Axes(axes), dtype=dtype, entropy=4)
    line = axes or "kernel... in out"
    resolved = spec.resolve(shape, line)
    weights = resolved.layout.logical(draws.astype(np.float64))
    assert list(resolved.distribution.defects(resolved, weights, FLOATS[dtype])) == []


def _matrices_of_builtin():
    init = InitSpec.orthogonal().to_keras()
    init.seed = seed_generator(8)
    return np.array([keras.ops.convert_to_numpy(init((5, 5))) for _ in range(500)])


def _matrices_of_stack():
    return backend.draw(InitSpec.orthogonal(), (500, 5, 5), axes=Axes("stack in out"), entropy=8)


@pytest.mark.parametrize("matrices", [_matrices_of_builtin, _matrices_of_stack])
def test_orthogonal_is_haar(matrices):
    """Entries of 500 matrices follow the law of a coordinate of a uniform unit vector.

    Four tests at 1e-6; QR without the correction of its signs fails them.
    """
    drawn = matrices()
    # (1 + x) / 2 ~ Beta(2, 2) for a unit vector in five dimensions.
    coordinate = stats.beta(2, 2, -1, 2)
    # One entry from each matrix: those of one matrix depend on each other.
    for row, column in ((0, 0), (4, 4), (2, 3)):
        assert stats.kstest(drawn[:, row, column], coordinate.cdf).pvalue > 1e-6
    assert stats.binomtest(int(np.sum(np.linalg.det(drawn) > 0)), 500).pvalue > 1e-6


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("spec", "axes", "shape"),
    [
        (InitSpec.sparse(0.07), None, (100, 300)),
        (InitSpec.sparse(0.9, along="out"), None, (3, 3, 20, 300)),
        (InitSpec.sparse(0.5), "kernel kernel in (stack=4 out)", (3, 3, 20, 64)),
        (InitSpec.delta_orthogonal(1.3), None, (3, 4, 16, 32)),
        (InitSpec.delta_orthogonal(), "kernel stack in out", (4, 3, 8, 16)),
        (InitSpec.dirac(0.3), None, (4, 3, 8, 16)),
        (InitSpec.identity(1 / 3), None, (5, 8)),
        (InitSpec.identity(1 / 3), "stack out in", (2, 5, 8)),
        (InitSpec.constant(0.1), None, (5, 8)),
        (InitSpec.zeros(), None, (7,)),
        (InitSpec.ones(), None, ()),
    ],
    ids=str,
)
def test_invariants(spec, axes, shape, dtype, follows):
    """The invariants of the families hold in every dtype; non-zeros of sparse are normal."""
    draws = backend.draw(spec, shape, axes=axes and Axes(axes), dtype=dtype, entropy=5)
    assert draws.shape == shape
    resolved = spec.resolve(shape, axes or ("kernel... in out" if len(shape) > 1 else None))
    weights = resolved.layout.logical(draws.astype(np.float64))
    assert list(resolved.distribution.defects(resolved, weights, FLOATS[dtype])) == []
    if spec.distribution.name() == "sparse":
        follows(weights[weights != 0], stats.norm(0, 0.01), FLOATS[dtype].eps)


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


def test_sparse_places_are_uniform():
    """Every place of a row is kept equally often, by a chi-squared test at 1e-6."""
    draws = backend.draw(InitSpec.sparse(0.75), (40, 20_000), entropy=6)
    counts = np.sum(draws != 0, axis=1)  # over 20,000 rows that keep 10 of 40
    # Without replacement the variance of a count is n * p * (1 - p), and the sum is fixed.
    statistic = np.sum((counts - 5000) ** 2) / (20_000 * 0.25 * 0.75) * 39 / 40
    assert stats.chi2(39).sf(statistic) > 1e-6


def test_entropy_decides_the_draw():
    """The same entropy gives the same weight, neighbouring ones give unrelated weights."""
    spec = InitSpec.normal()
    first, again, other = (backend.draw(spec, (64, 64), entropy=e) for e in (7, 7, 8))
    assert np.array_equal(first, again)
    assert np.intersect1d(first, other).size < 10


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
