"""Right draws from NumPy and SciPy alone: what a check must not reject."""

import numpy as np
from initspec_conformance.checks.matrices import frame_of
from initspec_conformance.laws import zeros_of
from scipy import stats

from initspec.dtypes import FLOATS


def right_draws(target, count, rng):
    """Return draws of a target that no code of initspec's samplers had a part in."""
    if target.family == "haar":
        return _haar(target, count, rng)
    values = _entries(target.law, (count, *target.shape), rng)
    if target.family == "sparse":
        least = FLOATS[target.dtype].smallest  # what is not masked is not 0 in any dtype
        values = np.copysign(np.maximum(np.abs(values), least), values)
        values = _masked(target, values, rng)
    return values.astype(target.numpy_dtype)


def _entries(law, shape, rng):
    """Return independent entries of a law in float64."""
    if law.family == "normal":
        return rng.normal(law.mean, law.scale, shape)
    if law.family == "uniform":
        return rng.uniform(law.low, law.high, shape)
    return law.mean + law.scale * stats.truncnorm.ppf(rng.random(shape), *law.ends)


def _masked(target, values, rng):
    """Put zeros where random permutations say, for weights whose axes are `out in`."""
    zeros, _, _ = zeros_of(target.spec, target.layout)
    along = target.spec.distribution.along == "out"
    slices = values.transpose(0, 2, 1) if along else values
    ranks = np.argsort(rng.random(slices.shape), axis=2)
    slices = np.where(ranks < zeros, 0.0, slices)
    return slices.transpose(0, 2, 1) if along else slices


def _haar(target, count, rng):
    """Cut columns off SciPy's Haar matrices."""
    frame, layout = frame_of(target), target.layout
    q = stats.ortho_group.rvs(frame.rows, size=count * layout.stack, random_state=rng)
    q = q[:, :, : frame.columns]
    if layout.out < layout.columns:
        q = q.transpose(0, 2, 1)
    whole = target.spec.gain * q.reshape(count, -1, layout.out, layout.in_, layout.taps)
    return np.stack([layout.weight(w) for w in whole]).astype(target.numpy_dtype)
