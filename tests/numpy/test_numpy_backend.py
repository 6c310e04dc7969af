"""The NumPy backend: what tests/contract does not ask of every backend."""

from __future__ import annotations

import math
import random

import ml_dtypes
import numpy as np
import pytest
from initspec_numpy.truncated import _proposal, truncated_standard_normal
from scipy import stats

from initspec import Axes, InitSpec, TruncatedNormal
from initspec.backend import Backend, usable
from initspec.dtypes import FLOATS
from tests.laws import assert_follows

RANDOM = [
    InitSpec.he_normal(),
    InitSpec.he_uniform(),
    InitSpec.he_truncated_normal(),
    InitSpec.sparse(0.5),
    InitSpec.orthogonal(),
    InitSpec.delta_orthogonal(),
]
EVERY = [*RANDOM, InitSpec.dirac(), InitSpec.constant(0.3)]
SHAPE = (6, 4, 3)


def test_is_a_backend():
    """It satisfies the protocol and draws in all four dtypes."""
    backend = usable("numpy")
    assert isinstance(backend, Backend)
    assert backend.dtypes == tuple(FLOATS)
    assert backend.known_deviations == ()
    assert backend.version() == np.__version__


@pytest.mark.parametrize("spec", RANDOM, ids=str)
def test_unseeded_calls_differ(spec):
    """One unseeded initializer gives two layers two draws, and so do two initializers."""
    init = spec.to_numpy()
    first, second, third = init(SHAPE), init(SHAPE), spec.to_numpy()(SHAPE)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, third)


@pytest.mark.parametrize("spec", RANDOM, ids=str)
def test_rng_is_honoured(spec):
    """The generator alone decides the draw, and is moved on by it."""
    init = spec.to_numpy()
    rng = np.random.default_rng(7)
    first, second = init(SHAPE, rng=rng), init(SHAPE, rng=rng)
    np.testing.assert_array_equal(first, init(SHAPE, rng=np.random.default_rng(7)))
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, init(SHAPE, rng=np.random.default_rng(8)))
    other = init(SHAPE, rng=np.random.Generator(np.random.Philox(7)))
    assert not np.array_equal(first, other)


def test_no_global_state():
    """Neither numpy.random nor random is read or moved."""
    before = np.random.get_state(), random.getstate()
    for spec in EVERY:
        spec.to_numpy()(SHAPE)
        spec.to_numpy()(SHAPE, rng=np.random.default_rng(0))
    after = np.random.get_state(), random.getstate()
    assert after[1] == before[1]
    for a, b in zip(before[0], after[0], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("spec", EVERY, ids=str)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_rounded_float32(spec, dtype):
    """Draws in half precision are the float32 draw, cast once."""
    kind = np.dtype(getattr(ml_dtypes, dtype, dtype))
    init = spec.to_numpy()
    half = init(SHAPE, dtype, np.random.default_rng(3))
    single = init(SHAPE, "float32", np.random.default_rng(3))
    np.testing.assert_array_equal(half.astype(np.float32), single.astype(kind).astype(np.float32))


@pytest.mark.parametrize("spec", EVERY, ids=str)
@pytest.mark.parametrize("dtype", list(FLOATS))
def test_arrays_are_ordinary(spec, dtype):
    """A new, writable, C-contiguous array that owns its memory layout, of the shape asked for."""
    for axes in (None, "kernel in out"):
        array = spec.to_numpy(axes)(SHAPE if axes is None else SHAPE[::-1], dtype)
        assert array.flags.c_contiguous
        assert array.flags.writeable
        array[...] = 0


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_rank_zero(dtype):
    """Rank 0 stays rank 0 under every family that takes it, where axes say what it is."""
    for spec in (
        InitSpec.he_normal(),
        InitSpec.he_uniform(),
        InitSpec.he_truncated_normal(),
        InitSpec.sparse(0.5),
        InitSpec.orthogonal(),
        InitSpec.identity(),
        InitSpec.zeros(),
    ):
        array = spec.to_numpy(axes="[in=512]")((), dtype)
        assert isinstance(array, np.ndarray)
        assert (array.shape, array.dtype) == ((), dtype)


def test_rank_one():
    """A bias with its weight's fan_in, and a fixed std without axes."""
    rng = np.random.default_rng(5)
    bias = InitSpec.lecun_uniform().to_numpy(axes="out [in=300]")((100_000,), rng=rng)
    assert 0.0999 < np.abs(bias).max() <= 0.1 * (1 + 1e-6)  # sqrt(3 / 300)
    assert InitSpec.normal(0.5).to_numpy()((7,)).shape == (7,)


@pytest.mark.parametrize("shape", [(0,), (0, 4), (4, 0), (2, 0, 3)])
@pytest.mark.parametrize("dtype", list(FLOATS))
def test_zero_elements(shape, dtype):
    """Arrays without elements come back with their shape and dtype; no random number is drawn."""
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    array = InitSpec.normal().to_numpy()(shape, dtype, rng)
    assert array.shape == shape
    assert array.dtype == np.dtype(getattr(ml_dtypes, dtype, dtype))
    assert rng.bit_generator.state == before


def test_axes_move_the_values():
    """One generator fills the logical places of two layouts alike under a structured family."""
    spec = InitSpec.orthogonal()
    plain = spec.to_numpy(axes="stack out in")((3, 5, 4), rng=np.random.default_rng(1))
    fused = spec.to_numpy(axes="in (stack=3 out)")((4, 15), rng=np.random.default_rng(1))
    for i in range(3):
        np.testing.assert_array_equal(plain[i], fused[:, 5 * i : 5 * i + 5].T)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "bounds",
    [
        *((-2.0, 2.0), (-1.0, 3.0), (0.0, 1.0), (0.1, 0.3), (-10.0, 10.0), (-1e9, 1e9), (0.5, 1e9)),
        *((3.0, 5.0), (-5.0, -3.0), (5.0, 5.9), (5.0, 6.0), (-6.0, -5.0), (3.0, 3.2), (2.0, 40.0)),
        *((-1e300, -4.0), (0.1, 0.1001)),
    ],
    ids=str,
)
def test_truncated_sampler(bounds, dtype):
    """Each proposal gives the law, to the tails."""
    n = 1 << 17
    rng = np.random.default_rng(11)
    values = truncated_standard_normal(rng, (n,), dtype, *bounds)
    assert values.dtype == dtype
    lower, upper = bounds
    low, high = dtype(lower) if abs(lower) < 1e30 else lower, dtype(min(upper, 1e30))
    assert low <= float(values.min())
    assert float(values.max()) <= high
    assert_follows(values, stats.truncnorm(max(lower, -40), min(upper, 40)))


def test_proposals_are_efficient():
    """Whatever the bounds, at least a quarter of the proposals is kept."""
    n = 1 << 14
    grid = [
        -6.0,
        -5.0,
        -3.0,
        -2.0,
        -1.0,
        -0.3,
        0.0,
        0.01,
        0.3,
        0.7,
        1.0,
        1.5,
        2.0,
        3.0,
        5.0,
        5.9,
        9.0,
    ]
    for lower in grid:
        for upper in [x for x in grid if x > lower] + [1e6]:
            try:
                TruncatedNormal(lower, upper)
            except ValueError:
                continue
            propose = _proposal(np.random.default_rng(2), np.float32, lower, upper)
            values = propose(n)
            kept = np.sum((values >= lower) & (values <= upper)) / n
            assert kept >= 0.25 - 5 * math.sqrt(0.25 * 0.75 / n), (lower, upper)


def test_smallest_values_survive_in_sparse():
    """A kept value of a sparse weight is never 0, even where its dtype would round it to 0."""
    spec = InitSpec.sparse(0.5, std=2.0**-23)
    weight = spec.to_numpy()((64, 100), "float16", np.random.default_rng(0))
    assert np.all((weight == 0).sum(axis=1) == 50)


@pytest.mark.parametrize("dtype", list(FLOATS))
def test_families_see_no_defect_in_right_draws(dtype):
    """What a family says of its own right draws: nothing; and of a broken one: something."""
    kind = FLOATS[dtype]
    for spec, shape in (
        (InitSpec.he_uniform(), (40, 30)),
        (InitSpec.he_truncated_normal(), (40, 30)),
        (InitSpec.sparse(0.3), (40, 30)),
        (InitSpec.sparse(0.3, along="out"), (40, 30)),
        (InitSpec.orthogonal(1.5), (40, 30)),
        (InitSpec.orthogonal(1.5), (30, 4, 3, 3)),
        (InitSpec.delta_orthogonal(1.5), (40, 30, 3)),
        (InitSpec.identity(1.3), (40, 30)),
        (InitSpec.dirac(gain=1.3), (40, 30, 2)),
        (InitSpec.dirac(gain=1e-5), (40, 30, 2)),  # subnormal in float16
        (InitSpec.constant(0.1), (40, 30)),
        (InitSpec.constant(1e-5), (40, 30)),
    ):
        resolved = spec.resolve(shape)
        weight = spec.to_numpy()(shape, dtype, np.random.default_rng(4)).astype(np.float64)
        logical = resolved.layout.logical(weight)
        assert list(resolved.distribution.defects(resolved, logical, kind)) == []
        broken = logical.copy()
        broken[0, 1:3, :] = 5 * max(1, spec.gain)
        assert list(resolved.distribution.defects(resolved, broken, kind)), str(spec)


def test_repr_names_the_spec():
    """The initializer shows which spec it draws."""
    assert repr(InitSpec.he_normal().to_numpy()) == "NumpyInitializer('he_normal')"


def test_shapes_of_numpy():
    """NumPy integers, lists and arrays are shapes."""
    init = InitSpec.he_normal().to_numpy(Axes("out in"))
    for shape in ([3, 4], (np.int64(3), np.uint8(4)), np.array([3, 4])):
        assert init(shape).shape == (3, 4)
