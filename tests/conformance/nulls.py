"""Right draws from NumPy and SciPy alone, and the checks that reject them too often."""

import math

import numpy as np
from initspec_conformance.checks import checks_of
from initspec_conformance.checks.batch import Batch
from initspec_conformance.checks.matrices import frame_of
from initspec_conformance.expected.laws import zeros_of
from scipy import stats

from initspec.dtypes import FLOATS

REPLICATES = 2000
SETTING = 1e-3
"""The false-alarm setting that the count of rejections is held against."""
LEVEL = 1e-6 / 500
"""How often a test of one check of one cell may fail for chance: a file, 1e-6."""


def rejecting(expected, each, rng):
    """Return the checks that reject right replicates, of `each` draws, too often at some level."""
    wrong = []
    for name, found in _evidences(expected, each, rng).items():
        if found[0].p_value is None:
            failed = sum(evidence.failed for evidence in found)
            wrong += [f"{name}: {failed} failures"] if failed else []
            continue
        p_values = np.sort([evidence.p_value for evidence in found])
        rejected = int((p_values <= SETTING).sum())
        chance = stats.binom.sf(rejected - 1, REPLICATES, SETTING)
        # Dvoretzky, Kiefer & Wolfowitz (1956), one side, Massart's (1990) constant.
        excess = float(np.max(np.arange(1, REPLICATES + 1) / REPLICATES - p_values))
        if chance < LEVEL or excess > math.sqrt(math.log(1 / LEVEL) / (2 * REPLICATES)):
            wrong.append(f"{name}: {rejected} below {SETTING}, {excess:.3f} too many at some level")
    return wrong


def _evidences(expected, each, rng):
    """Return the evidence of every check of a expected in every replicate."""
    checks = checks_of(expected)
    found = {check.name: [] for check in checks}
    draws = right_draws(expected, REPLICATES * each, rng)
    with np.errstate(all="ignore"):
        for start in range(0, len(draws), each):
            batch = Batch(expected, draws[start : start + each], noise=start)
            for check in checks:
                # As `evidence_of`, whose own context of errors takes a twentieth of the time.
                found[check.name].append(check.evidence(check.measure(batch), expected))
    return found


def right_draws(expected, count, rng):
    """Return draws of a expected that no code of initspec's samplers had a part in."""
    if expected.family == "haar":
        return _haar(expected, count, rng)
    values = _entries(expected.law, (count, *expected.shape), rng)
    if expected.family == "sparse":
        least = FLOATS[expected.dtype].smallest  # what is not masked is not 0 in any dtype
        values = np.copysign(np.maximum(np.abs(values), least), values)
        values = _masked(expected, values, rng)
    return values.astype(expected.numpy_dtype)


def _entries(law, shape, rng):
    """Return independent entries of a law in float64."""
    if law.family == "normal":
        return rng.normal(law.mean, law.scale, shape)
    if law.family == "uniform":
        return rng.uniform(law.low, law.high, shape)
    return law.mean + law.scale * stats.truncnorm.ppf(rng.random(shape), *law.ends)


def _masked(expected, values, rng):
    """Put zeros where random permutations say, for weights whose axes are `out in`."""
    zeros, _, _ = zeros_of(expected.spec, expected.layout)
    along = expected.spec.distribution.along == "out"
    slices = values.transpose(0, 2, 1) if along else values
    ranks = np.argsort(rng.random(slices.shape), axis=2)
    slices = np.where(ranks < zeros, 0.0, slices)
    return slices.transpose(0, 2, 1) if along else slices


def _haar(expected, count, rng):
    """Return the first columns of Haar matrices, by QR of as many normal columns: Stewart (1980).

    R's diagonal is made positive, without which Q is not Haar. No other column is drawn: of the
    64 x 64 matrices of a row of 64 it would be 63 of 64.
    """
    frame, layout = frame_of(expected), expected.layout
    normal = rng.standard_normal((count * layout.stack, frame.rows, frame.columns))
    q, r = np.linalg.qr(normal)
    q *= np.copysign(1.0, np.diagonal(r, axis1=1, axis2=2))[:, np.newaxis]
    if layout.out < layout.columns:
        q = q.transpose(0, 2, 1)
    whole = expected.spec.gain * q.reshape(count, -1, layout.out, layout.in_, layout.taps)
    return np.stack([layout.weight(w) for w in whole]).astype(expected.numpy_dtype)
