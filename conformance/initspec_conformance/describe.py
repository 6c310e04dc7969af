"""What weights look like, for people who expected something else."""

from __future__ import annotations

import math

import numpy as np

from initspec import InitSpec
from initspec.errors import InitSpecError
from initspec_conformance.arrays import Array
from initspec_conformance.target import Target

_FAMILIES = ("normal", "uniform", "truncated_normal")


def looks_like(values: Array, target: Target) -> str:
    """Say what a weight looks like: its numbers, and the named spec whose numbers they are."""
    x = values.astype(np.float64).ravel()
    if x.min() == x.max():
        return f"the constant {x[0]:.6g}"
    zeros = float(np.mean(x == 0))
    dense = x[x != 0]
    mean, std = float(dense.mean()), float(dense.std())
    text = f"mean {mean:.4g}, std {std:.4g}, from {x.min():.4g} to {x.max():.4g}"
    if zeros > 0.01:
        text += f", {zeros:.1%} of it exactly 0"
    if not std:
        return f"{text}: all else is {mean:.6g}"
    guess = _nearest(dense, mean, std, target)
    return f"{text}: {guess}" if guess else text


def _nearest(x: Array, mean: float, std: float, target: Target) -> str:
    """Return the spec of a name whose moments lie nearest, where they lie near."""
    shape = _shape((x - mean) / std)
    spread = 6 / math.sqrt(2 * len(x)) + 0.003
    if abs(mean) > 6 * std / math.sqrt(len(x)):
        return f"{shape} with another mean"
    found = []
    for rule in ("he", "glorot", "lecun"):
        for mode in ("fan_in", "fan_out", "fan_avg"):
            spec = InitSpec(shape, rule, mode=mode)
            try:
                expected = spec.std(target.shape, target.axes)
            except InitSpecError:
                return shape
            ratio = abs(math.log(std / expected))
            found.append((ratio, str(spec)))
    ratio, text = min(found)
    return text if ratio < spread else f"{shape} of another std"


def _shape(y: Array) -> str:
    """Return the family whose kurtosis is nearest: 3, 1.8, or 2.3655 for one cut at 2 sigma."""
    kurtosis = float(np.mean(y**4))
    return min(
        zip(_FAMILIES, (3.0, 1.8, 2.3655), strict=True), key=lambda pair: abs(pair[1] - kurtosis)
    )[0]
