"""What every backend must draw, beside what `initspec conformance NAME --quick` proves.

That proves every family on every layer in every dtype, from 2^18 elements. Here: bounds far out,
and each law four times as sharp; the sizes and rates are those of `tests.laws`.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from initspec import InitSpec, Std, TruncatedNormal
from initspec.axes import Axes
from tests.contract.drawn import CONV, draw, numpy_type
from tests.laws import EPS, assert_follows

SIGMA = math.sqrt(2 / 2048)
"""He's sigma on CONV."""

LAWS = {
    "normal": (InitSpec.he_normal(gain=1.5), stats.norm(0, 1.5 * SIGMA)),
    "uniform": (
        InitSpec.glorot_uniform(),
        stats.uniform(-math.sqrt(6 / 10240), 2 * math.sqrt(6 / 10240)),
    ),
    "truncated normal": (
        InitSpec.he_truncated_normal(),
        stats.truncnorm(-2, 2, 0, SIGMA / float(stats.truncnorm(-2, 2).std())),
    ),
    "truncated normal, upper tail": (
        InitSpec.truncated_normal(1.0, lower=3, upper=5, corrected=False),
        stats.truncnorm(3, 5),
    ),
    "truncated normal, lower tail": (
        InitSpec(TruncatedNormal(-5.5, -4.5, corrected=False), Std(0.1)),
        stats.truncnorm(-5.5, -4.5, 0, 0.1),
    ),
    "truncated normal, wide": (
        InitSpec.truncated_normal(0.02, lower=-30, upper=1e6, corrected=False),
        stats.norm(0, 0.02),
    ),
    "truncated normal, one half": (
        InitSpec.truncated_normal(0.02, lower=0, upper=9, corrected=False),
        stats.truncnorm(0, 9, 0, 0.02),
    ),
}
"""Specs on CONV with their laws, typed by hand."""


@pytest.mark.parametrize("family", LAWS)
def test_elementwise(backend_dtype, family):
    """Every elementwise family in every dtype follows its law, and stays within its support."""
    backend, dtype = backend_dtype
    spec, law = LAWS[family]
    assert_follows(draw(backend, spec, *CONV, dtype), law)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: x + 0.01,
        lambda x: x * 1.007,
        lambda x: np.where(abs(x) < 0.01, 0, x),
        lambda x: np.where(np.arange(x.size) == 7, 2.001, x),
    ],
    ids=["mean", "std", "cdf", "support"],
)
def test_a_wrong_law_is_seen(wrong):
    """What holds draws against a law rejects another mean, std, shape and support."""
    law, normal = stats.truncnorm(-2, 2), np.random.default_rng(1).standard_normal(1 << 20)
    right = normal[abs(normal) <= 2].astype(np.float32)
    assert_follows(right, law)
    with pytest.raises(AssertionError):
        assert_follows(wrong(right).astype(np.float32), law)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, -2.5])
def test_constant(backend_dtype, value):
    """A constant is its value, rounded once; of any rank."""
    backend, dtype = backend_dtype
    for shape in ((512, 300), (7,), (), (0, 3)):
        weight = draw(backend, InitSpec.constant(value), shape, None, dtype)
        assert np.all(weight == np.asarray(value).astype(numpy_type(dtype)))


def test_entropy(backend_dtype):
    """The same entropy gives the same bits, another entropy other bits, for every random family."""
    backend, dtype = backend_dtype
    for spec in (
        InitSpec.he_normal(),
        InitSpec.he_uniform(),
        InitSpec.he_truncated_normal(),
        InitSpec.log_uniform(1e-3, 0.1, through="inverse_softplus"),
        InitSpec.sparse(0.5),
        InitSpec.orthogonal(),
        InitSpec.delta_orthogonal(),
    ):
        shape, axes = (16, 8, 3), Axes("out in kernel")
        first, again, other = (
            draw(backend, spec, shape, axes, dtype, entropy).astype(np.float64)
            for entropy in (0, 0, 1)
        )
        np.testing.assert_array_equal(first, again)
        assert np.mean((first == other) & (first != 0)) < 0.05


def test_default_axes(backend):
    """Without axes a draw has the fans of the framework's convention; rank 0 and 1 have none."""
    assert backend.default_axes(0) is None
    assert backend.default_axes(1) is None
    spec = InitSpec.lecun_uniform()
    for shape in ((64, 2048), (2, 2, 32, 1024), (1024, 32, 2, 2)):
        axes = backend.default_axes(len(shape))
        fan_in = axes.fans(shape).fan_in
        drawn = draw(backend, spec, shape, None)
        edge = math.sqrt(3 / fan_in)
        assert 0.99 * edge < np.abs(drawn).max() <= edge * (1 + 1e-6)


@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0), (3, 0, 2)])
def test_no_elements(backend_dtype, shape):
    """Weights without elements come back as they are."""
    backend, dtype = backend_dtype
    for spec in (InitSpec.normal(), InitSpec.uniform(), InitSpec.truncated_normal()):
        draw(backend, spec, shape, None, dtype)
    if len(shape) > 1:
        for spec in (InitSpec.he_normal(), InitSpec.orthogonal(), InitSpec.sparse(0.5)):
            draw(backend, spec, shape, None, dtype)


def test_declares_itself(backend):
    """A backend names itself, its version, its dtypes and its deviations."""
    assert backend.why_unusable() is None
    assert backend.name
    assert backend.version()
    assert set(backend.dtypes) <= set(EPS)
    assert {"float32"} <= set(backend.dtypes)
    assert all(isinstance(deviation, str) for deviation in backend.known_deviations)
