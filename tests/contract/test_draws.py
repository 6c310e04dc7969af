"""What every backend must draw: each family in each dtype, each layer's weight, held against scipy.

Sizes, entropy and error rates are those of `drawn.py`.
"""

from __future__ import annotations

import math
import runpy
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from initspec import Axes, InitSpec, Range, Std, TruncatedNormal, Uniform

DRAWN = runpy.run_path(str(Path(__file__).with_name("drawn.py")))
draw, assert_follows, numpy_type = (
    DRAWN[name] for name in ("draw", "assert_follows", "numpy_type")
)
CONV, ENTROPY, EPS, ERRORS = (DRAWN[name] for name in ("CONV", "ENTROPY", "EPS", "ERRORS"))

SIGMA = math.sqrt(2 / 2048)
"""He's sigma on CONV."""

SPREAD = float(stats.truncnorm(-2, 2).std())

LAWS = {
    "normal": (InitSpec.he_normal(gain=1.5), stats.norm(0, 1.5 * SIGMA)),
    "normal with a mean": (InitSpec.normal(0.02, mean=0.05), stats.norm(0.05, 0.02)),
    "uniform": (
        InitSpec.glorot_uniform(),
        stats.uniform(-math.sqrt(6 / 10240), 2 * math.sqrt(6 / 10240)),
    ),
    "uniform between ends": (InitSpec.uniform(-0.1, 0.3), stats.uniform(-0.1, 0.4)),
    "uniform with a std": (
        InitSpec(Uniform(), Std(0.5, 0.25)),
        stats.uniform(0.25 - math.sqrt(0.75), 2 * math.sqrt(0.75)),
    ),
    "uniform with a gain": (InitSpec(Uniform(), Range(-0.1, 0.1), 1.5), stats.uniform(-0.15, 0.3)),
    "truncated normal": (
        InitSpec.he_truncated_normal(),
        stats.truncnorm(-2, 2, 0, SIGMA / SPREAD),
    ),
    "truncated normal, fan_geo_avg": (
        InitSpec.glorot_truncated_normal(mode="fan_geo_avg"),
        stats.truncnorm(-2, 2, 0, 4096**-0.5 / SPREAD),
    ),
    "truncated normal, uncorrected, unequal bounds": (
        InitSpec.truncated_normal(0.02, 0.01, lower=-1, upper=3, corrected=False),
        stats.truncnorm(-1, 3, 0.01, 0.02),
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
"""Every elementwise family on CONV with its law, typed by hand."""


def assert_independent(values, law):
    """Neighbours along each axis, and the two halves, do not correlate.

    A sampler that fills a part of the weight twice has the right law in each entry.
    """
    z = (values.astype(np.float64) - float(law.mean())) / float(law.std())
    halves = z.reshape(2, -1)
    pairs = [(np.delete(z, -1, axis), np.delete(z, 0, axis)) for axis in range(z.ndim)]
    for first, second in [*pairs, (halves[0], halves[1])]:
        product = first * second  # of variance 1
        assert abs(product.mean()) <= ERRORS / math.sqrt(product.size)


def assert_within(values, law, dtype):
    """No value lies outside the support, but for the rounding of its ends."""
    wide = values.astype(np.float64)
    low, high = law.support()
    slack = 4 * max(EPS["float32"] if dtype != "float64" else 0, EPS[dtype])
    if math.isfinite(low):
        assert wide.min() >= low - slack * abs(low)
    if math.isfinite(high):
        assert wide.max() <= high + slack * abs(high)


@pytest.mark.parametrize("family", LAWS)
def test_elementwise(backend_dtype, family):
    """Every elementwise family in every dtype follows its law."""
    backend, dtype = backend_dtype
    spec, law = LAWS[family]
    weight = draw(backend, spec, *CONV, dtype)
    assert_follows(weight, law)
    assert_independent(weight, law)
    assert_within(weight, law, dtype)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, -2.5])
def test_constant(backend_dtype, value):
    """A constant is its value, rounded once; of any rank."""
    backend, dtype = backend_dtype
    for shape in ((512, 300), (7,), (), (0, 3)):
        weight = draw(backend, InitSpec.constant(value), shape, None, dtype)
        assert np.all(weight == np.asarray(value).astype(numpy_type(dtype)))


@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
def test_layers(backend, weight, mode):
    """On every layer's weight the std is that of the layer's own fans: He's, of either fan."""
    fan = weight.large_fans[mode == "fan_out"]
    spec = InitSpec.he_normal(mode=mode) if mode == "fan_in" else InitSpec.he_uniform(mode=mode)
    drawn = draw(backend, spec, weight.large, Axes(weight.axes))
    bound = math.sqrt(6 / fan)
    law = (
        stats.norm(0, math.sqrt(2 / fan)) if mode == "fan_in" else stats.uniform(-bound, 2 * bound)
    )
    assert_follows(drawn, law)


def test_entropy(backend_dtype):
    """The same entropy gives the same bits, another entropy other bits, for every random family."""
    backend, dtype = backend_dtype
    for spec in (
        InitSpec.he_normal(),
        InitSpec.he_uniform(),
        InitSpec.he_truncated_normal(),
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


def test_half_precision_is_not_coarse(backend_dtype):
    """A dtype's values are all used: drawing in bfloat16 gives 128 distinct values in a million."""
    backend, dtype = backend_dtype
    for spec in (InitSpec.he_normal(), InitSpec.he_uniform(), InitSpec.he_truncated_normal()):
        distinct = len(np.unique(draw(backend, spec, *CONV, dtype).astype(np.float64)))
        assert distinct > {"bfloat16": 1_500, "float16": 8_000}.get(dtype, 500_000)


def test_declares_itself(backend):
    """A backend names itself, its version, its dtypes and its deviations."""
    assert backend.why_unusable() is None
    assert backend.name
    assert backend.version()
    assert set(backend.dtypes) <= set(EPS)
    assert {"float32"} <= set(backend.dtypes)
    assert all(isinstance(deviation, str) for deviation in backend.known_deviations)
