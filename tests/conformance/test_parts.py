"""Weights that are judged by parts, each of one law."""

from __future__ import annotations

import numpy as np
import pytest
from initspec_conformance import assert_initialized

from initspec import InitSpec

SHAPE = (64, 48)


def drawn(spec: InitSpec, dtype: str = "float32") -> np.ndarray:
    """Return a weight of a spec."""
    return spec.to_numpy()(SHAPE, dtype, np.random.default_rng(17))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_noise_on_an_identity(dtype: str) -> None:
    """The noise and the diagonal have their laws; in 16 bits the diagonal lies about its gain."""
    spec = InitSpec.identity(noise=0.01)
    right = drawn(spec, dtype)
    assert_initialized(right, spec)
    for wrong, says in (
        (drawn(InitSpec.identity(noise=0.02), dtype), "Off the diagonal it looks like"),
        (drawn(InitSpec.normal(0.01), dtype), "off the gain 1"),
        (drawn(InitSpec.identity(noise=0.01), dtype).T[::-1].T, "off the gain 1"),
        (right + 0.1 * np.eye(*SHAPE, dtype=right.dtype), "off the gain 1"),
    ):
        with pytest.raises(AssertionError, match=says):
            assert_initialized(wrong, spec)
    if dtype == "float32":
        with pytest.raises(AssertionError, match="On the diagonal it looks like"):
            assert_initialized(drawn(InitSpec.identity(1.02, noise=0.01)), spec)
