"""Describe a weight and name the specs that it matches, for failure messages."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from initspec import FanRule, InitSpec, TruncatedNormal
from initspec.errors import InitSpecError
from initspec_conformance.expected.arrays import Array, Values
from initspec_conformance.expected.expected import Expected

_FAMILIES = ("normal", "uniform", "truncated_normal")
_NAMED = 3
"""How many specs are named at most, where several have the same standard deviation."""

ALONE = ", by its shape and spread alone"
"""What follows specs of which one is the weight's own."""


def looks_like(values: Array, expected: Expected) -> str:
    """Say what a weight looks like: its numbers, and the specs whose numbers they are."""
    x = values.astype(np.float64).ravel()
    if x.min() == x.max():
        return f"the constant {x[0]:.6g}"
    zeros = float(np.mean(x == 0))
    dense = x[x != 0]
    mean, std = float(dense.mean()), float(dense.std())
    text = f"mean {mean:.4g}, std {std:.4g}, from {x.min():.4g} to {x.max():.4g}"
    if zeros > 0.01:
        text += f", {zeros:.1%} of it exactly 0"
    structure = _structure(values, expected)
    if structure:
        return f"{text}: {structure}"
    if not std:
        return f"{text}: all else is {mean:.6g}"
    return f"{text}: {_nearest(dense, mean, std, expected)}"


def _structure(values: Array, expected: Expected) -> str:
    """Return what a weight of orthonormal rows or columns is; "" where it has none."""
    layout = expected.layout
    order = values.reshape(layout.sizes).transpose(layout.order).astype(np.float64)
    matrix = order.reshape(layout.stack, layout.out, -1)[0]
    if matrix.shape[0] > matrix.shape[1]:
        matrix = matrix.T
    if min(matrix.shape) < 2:
        return ""
    gram = matrix @ matrix.T
    gain = math.sqrt(np.trace(gram) / len(gram))
    if not gain or np.abs(gram / gain**2 - np.eye(len(gram))).max() > 16 * expected.unit:
        return ""
    name = "an identity" if np.count_nonzero(matrix) == len(matrix) else "orthogonal"
    return f"{name} of gain {gain:.4g}"


def _nearest(x: Values, mean: float, std: float, expected: Expected) -> str:
    """Return the specs whose standard deviation this is, or how far off it is."""
    shape = shape_of((x - mean) / std)
    if abs(mean - expected.spec.mean(expected.shape, expected.axes)) > 6 * std / math.sqrt(len(x)):
        return f"{shape} with another mean"
    named = specs_of(shape, std, 6 / math.sqrt(2 * len(x)) + 0.003, expected)
    if named:
        return named
    sigma = _sigma(expected)
    if not sigma:
        return f"{shape} of std {std:.4g}"
    return f"{shape}, its std {std / sigma:.4g} times that of {expected.spec}"


def specs_of(shape: str, std: float, spread: float, expected: Expected) -> str:
    """Return the specs of a shape that have a standard deviation; "" where none has.

    Args:
        shape: the family of the values.
        std: their standard deviation.
        spread: how far it may be off, as a share.
        expected: what the values should be.
    """
    near = sorted(
        (off, text)
        for text, candidate in _candidates(shape, expected)
        if candidate > 0 and (off := abs(math.log(std / candidate))) < spread
    )
    named = list(dict.fromkeys(text for _, text in near[:_NAMED]))
    alone = ALONE if str(expected.spec) in named else ""
    return " or ".join(named) + alone


def _sigma(expected: Expected) -> float:
    """Return the standard deviation of the entries; of a sparse weight, of those that are not 0."""
    law = expected.law
    return law.moments()[1] if law is not None else expected.spec.std(expected.shape, expected.axes)


def _candidates(shape: str, expected: Expected) -> Iterator[tuple[str, float]]:
    """Yield what a weight of a shape may be meant as, and the standard deviation that it has."""
    for rule in ("he", "glorot", "lecun"):
        for mode in ("fan_in", "fan_out", "fan_avg"):
            spec = InitSpec(shape, rule, mode=mode)
            with suppress(InitSpecError):  # fans of a weight without axes
                yield str(spec), spec.std(expected.shape, expected.axes)
    spec = expected.spec
    if spec.variance is None:
        return
    sigma = _sigma(expected)
    family = spec.distribution
    yield f"{spec} with its variance for its std", sigma**2
    if shape == family.name():
        yield str(spec), sigma
    if spec.gain != 1:
        yield f"{spec} without its gain", sigma / spec.gain
        yield f"{spec} with its gain for a factor of the variance", sigma / math.sqrt(spec.gain)
        yield f"{spec} with its gain applied twice", sigma * spec.gain
    if isinstance(family, TruncatedNormal):
        cut = family.variate.std
        wrong = sigma * cut if family.corrected else sigma / cut
        yield f"{spec} with corrected={not family.corrected}", wrong
        if shape == "normal":
            yield f"{spec} that was not truncated", sigma / cut if not family.corrected else sigma
    if isinstance(spec.variance, FanRule) and expected.layout.taps > 1:
        yield f"{spec} without its receptive field", sigma * math.sqrt(expected.layout.taps)


def shape_of(y: Values) -> str:
    """Return the family whose kurtosis is nearest: 3, 1.8, or 2.3655 for one cut at 2 sigma."""
    kurtosis = float(np.mean(y**4))
    return min(
        zip(_FAMILIES, (3.0, 1.8, 2.3655), strict=True), key=lambda pair: abs(pair[1] - kurtosis)
    )[0]


def round_specs(std: float, spread: float) -> Iterator[tuple[str, str, float]]:
    """Yield the family, the line and the std of specs whose number is round.

    A round number has one digit, or a 5 behind it. Its std may be off by more than the spread.

    >>> [line for _, line, _ in round_specs(0.0998, 0.01)][0]
    'normal(std=0.1)'
    """
    for factor, family, line in (
        (1.0, "normal", "normal(std={:g})"),
        (math.sqrt(3), "uniform", "uniform(low=-{0:g}, high={0:g})"),
        (1.0, "truncated_normal", "truncated_normal(std={:g})"),
        (1 / 0.87962566, "truncated_normal", "truncated_normal(std={:g}, corrected=False)"),
    ):
        number = std * factor
        unit = 10.0 ** math.floor(math.log10(number))
        unit = unit / 2 if unit / 2 > 4 * spread * number else unit
        if unit > 4 * spread * number:  # else any number is near to one
            value = float(f"{round(number / unit) * unit:.3g}")
            yield family, line.format(value), value / factor
