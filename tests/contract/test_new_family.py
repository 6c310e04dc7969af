"""A family that initspec lacks draws in every backend, without a line in any of them."""

from scipy import stats

from initspec import InitSpec
from initspec.distributions import FAMILIES
from tests.laws import assert_follows
from tests.new_family import HalfNormal

SHAPE = (256, 512)


def test_draws(backend_dtype, monkeypatch):
    """In every dtype values follow its law, none below zero."""
    monkeypatch.setitem(FAMILIES, "half_normal", HalfNormal)
    backend, dtype = backend_dtype
    spec = InitSpec("half_normal", "he", mode="fan_out")
    std = spec.law(SHAPE, backend.default_axes(2)).std
    drawn = backend.draw(spec, SHAPE, dtype=dtype, entropy=3)
    assert_follows(drawn, stats.halfnorm(0, std / stats.halfnorm.std()))


def test_seeded_draws_are_everywhere_the_same(backend_dtype, monkeypatch):
    """With a seed a backend has NumPy's bits."""
    monkeypatch.setitem(FAMILIES, "half_normal", HalfNormal)
    backend, dtype = backend_dtype
    spec = InitSpec("half_normal", "he")
    axes = backend.default_axes(2)
    drawn = backend.draw(spec, SHAPE, axes=axes, dtype=dtype, seed=7, name="w")
    expected = spec.to_numpy(axes, seed=7, name="w")(SHAPE, dtype)
    assert drawn.tobytes() == expected.tobytes()
