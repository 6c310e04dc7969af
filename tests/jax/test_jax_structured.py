"""Structured families and sparse: exact structure, and what is drawn by their own ways."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from initspec_jax import backend

from initspec import InitSpec
from initspec.axes import Axes
from initspec.dtypes import FLOATS

KEY = jax.random.key(5)


@pytest.mark.parametrize("shape", [(512, 520), (520, 512)])
def test_orthonormal(shape):
    """512 x 520 is orthonormal to 32 eps."""
    draws = np.asarray(InitSpec.orthogonal().to_jax()(KEY, shape), np.float64)
    gram = draws @ draws.T if shape[0] < shape[1] else draws.T @ draws
    assert np.abs(gram - np.eye(512)).max() < 32 * 2.0**-23


def test_one_by_one_is_a_sign():
    """A 1 x 1 orthogonal matrix is +1 or -1 with equal probability, never 0."""
    draws = np.asarray(InitSpec.orthogonal().to_jax("stack out in")(KEY, (4096, 1, 1)))
    assert set(np.unique(draws)) == {-1.0, 1.0}
    assert abs(draws.mean()) < 5 / 64


STRUCTURED = [
    InitSpec.orthogonal(gain=1.5),
    InitSpec.sparse(0.3, std=0.02),
    InitSpec.delta_orthogonal(gain=1.5),
    InitSpec.dirac(gain=1.5),
    InitSpec.sparse(0.3, std=0.02, along="out"),
    InitSpec.constant(1.1),
]


@pytest.mark.parametrize(
    ("spec", "dtype"),
    [(spec, "float32") for spec in STRUCTURED]
    + [(spec, dtype) for spec in STRUCTURED[:2] for dtype in FLOATS if dtype != "float32"],
    ids=str,
)
def test_structure(spec, dtype):
    """Each dtype keeps the family's own invariants, for each group of a convolution kernel."""
    axes, shape = Axes("kernel kernel in (stack=2 out)"), (3, 2, 5, 12)
    draws = backend.draw(spec, shape, axes=axes, dtype=dtype, entropy=9)
    assert draws.dtype.name == dtype
    resolved = spec.resolve(shape, axes)
    logical = resolved.layout.logical(draws.astype(np.float64))
    assert list(resolved.distribution.defects(resolved, logical, FLOATS[dtype])) == []


def test_dirac_by_hand():
    """The identity convolution of two groups, [kernel, in, 2 * out], written out."""
    draws = np.asarray(InitSpec.dirac().to_jax("kernel in (stack=2 out)")(KEY, (4, 2, 4)))
    expected = np.zeros((4, 2, 4))
    expected[1] = [[1, 0, 1, 0], [0, 1, 0, 1]]  # the centre of 4 taps is (4 - 1) // 2
    assert np.array_equal(draws, expected)


def test_sparse_places_are_uniform():
    """Exactly 7 of 10 zeros a row; each place and each pair of places as often as any other."""
    rows = 30_000
    init = InitSpec.sparse(0.7, std=1.0).to_jax("out in")
    kept = np.asarray(init(KEY, (rows, 10))) != 0
    assert (kept.sum(axis=1) == 3).all()
    pairs = (kept.T.astype(float) @ kept) / rows
    single, pair = 0.3, 0.3 * 2 / 9
    assert np.abs(np.diag(pairs) - single).max() < 5 * math.sqrt(single * (1 - single) / rows)
    off = pairs[~np.eye(10, dtype=bool)]
    assert np.abs(off - pair).max() < 5 * math.sqrt(pair * (1 - pair) / rows)


def test_sparse_places_where_words_tie(monkeypatch):
    """Where random words tie at the edge, the count stays exact and the places uniform."""
    rows, bits = 30_000, jax.random.bits
    monkeypatch.setattr(jax.random, "bits", lambda *arguments: bits(*arguments) >> 30)
    with jax.disable_jit():
        kept = np.asarray(InitSpec.sparse(0.5, std=1.0).to_jax("out in")(KEY, (rows, 6))) != 0
    assert (kept.sum(axis=1) == 3).all()
    assert np.abs(kept.mean(axis=0) - 0.5).max() < 5 * 0.5 / math.sqrt(rows)


def test_sparse_never_keeps_a_zero():
    """A kept value below the smallest float16 becomes that, so the zeros stay counted."""
    draws = InitSpec.sparse(0.5, std=2.0**-24).to_jax()(KEY, (64, 64), jnp.float16)
    assert bool((jnp.sum(draws == 0, axis=0) == 32).all())
