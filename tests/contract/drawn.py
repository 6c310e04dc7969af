"""What the tests of draws share: one shape, a draw and what is true of each, a law held.

n is about 2^20, the entropy is fixed. Means and standard deviations lie within 5 standard errors
(two-sided false alarm 5.7e-7 each); the cdf within the bound of Dvoretzky, Kiefer & Wolfowitz
(Massart 1990) at 1e-6. With these n a mean that is off by 0.5 % of a std, a std off by 0.35 % and a
cdf off by 0.26 % are seen.
"""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np

from initspec import Axes

ENTROPY = 20_261_122
ALPHA = 1e-6
ERRORS = 5

CONV = ((512, 128, 4, 4), Axes("out in kernel kernel"))
"""A Conv2d weight in torch's order: fan_in 128 * 16 = 2048, fan_out 512 * 16 = 8192, 2^20."""

EPS = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
"""The gap between 1 and the next larger value of each dtype."""


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


def assert_follows(values, law):
    """Hold independent values, of their own dtype, against a frozen scipy law."""
    # In float64: with AVX-512, NumPy 2.4.6 leaves a million negative float16 numbers unsorted.
    wide = np.sort(values.ravel().astype(np.float64))
    flat = wide.astype(values.dtype)
    n = wide.size
    mean, variance, kurtosis = (float(x) for x in law.stats(moments="mvk"))
    std = math.sqrt(variance)
    # scipy's fourth moment cancels in a tail; any law here has a kurtosis below 12.
    kurtosis = min(max(kurtosis + 3, 1.8), 12)
    assert abs(wide.mean() - mean) <= ERRORS * std / math.sqrt(n)
    assert abs(wide.std() - std) <= ERRORS * std * math.sqrt((kurtosis - 1) / (4 * n))
    # A rounded value stands for all that is nearer to it than to its neighbours.
    last = np.flatnonzero(np.append(flat[1:] != flat[:-1], True))
    above = np.nextafter(flat[last], np.asarray(np.inf, flat.dtype)).astype(np.float64)
    upto = law.cdf(np.where(np.isfinite(above), (wide[last] + above) / 2, wide[last]))
    distance = np.max(np.abs((last + 1) / n - upto))
    assert distance <= math.sqrt(math.log(2 / ALPHA) / (2 * n))
