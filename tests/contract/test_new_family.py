"""A family that initspec lacks draws in every backend, without a line in any of them."""

import numpy as np
from scipy import stats

from initspec import InitSpec
from initspec.distributions import FAMILIES
from tests.new_family import HalfNormal

SHAPE = (256, 512)
ERRORS = 6.5
"""Standard errors: a right draw is further off once in 1e10 times."""


def test_draws(backend_dtype, monkeypatch):
    """Values have its mean, variance and support; in float32 and wider its shape, too."""
    monkeypatch.setitem(FAMILIES, "half_normal", HalfNormal)
    backend, dtype = backend_dtype
    spec = InitSpec("half_normal", "he", mode="fan_out")
    expected = spec.law(SHAPE, backend.default_axes(2))
    w = np.asarray(backend.draw(spec, SHAPE, dtype=dtype, entropy=3), np.float64).ravel()
    assert w.min() >= 0
    assert abs(w.mean() - expected.mean) < ERRORS * expected.std / np.sqrt(w.size)
    spread = expected.std * np.sqrt((expected.kurtosis - 1) / w.size)
    assert abs((w - expected.mean) @ (w - expected.mean) / w.size / expected.std - expected.std) < (
        ERRORS * spread
    )
    if dtype in ("float32", "float64"):
        scale = expected.std / stats.halfnorm.std()
        assert stats.kstest(w, stats.halfnorm(0, scale).cdf).pvalue > 1e-10


def test_seeded_draws_are_everywhere_the_same(backend_dtype, monkeypatch):
    """With a seed a backend has NumPy's bits."""
    monkeypatch.setitem(FAMILIES, "half_normal", HalfNormal)
    backend, dtype = backend_dtype
    spec = InitSpec("half_normal", "he")
    axes = backend.default_axes(2)
    drawn = backend.draw(spec, SHAPE, axes=axes, dtype=dtype, seed=7, name="w")
    expected = spec.to_numpy(axes, seed=7, name="w")(SHAPE, dtype)
    assert drawn.tobytes() == expected.tobytes()
