"""A draw of any backend, and what is true of each."""

from __future__ import annotations

import ml_dtypes
import numpy as np

from initspec import Axes

ENTROPY = 20_261_122
CONV = ((512, 128, 4, 4), Axes("out in kernel kernel"))
"""A Conv2d weight in torch's order: fan_in 128 * 16 = 2048, fan_out 512 * 16 = 8192, 2^20."""


def numpy_type(dtype):
    """Return the NumPy dtype of a name."""
    return np.dtype(getattr(ml_dtypes, dtype, dtype))


def draw(backend, spec, shape, axes, dtype="float32", entropy=ENTROPY):
    """Draw, and hold what is true of every draw: shape, dtype, finite values."""
    weight = backend.draw(spec, shape, axes=axes, dtype=dtype, entropy=entropy)
    assert isinstance(weight, np.ndarray)
    assert weight.shape == tuple(shape)
    assert weight.dtype == numpy_type(dtype)
    assert np.isfinite(weight.astype(np.float64)).all()
    return weight
