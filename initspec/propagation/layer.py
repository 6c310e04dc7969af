"""The measurements of one layer, beside the prediction of mean-field theory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec.activations import Activation
from initspec.propagation.network import State

_BINS = 40
_RANKED = 256
"""Samples for the rank: it takes the square of their number in memory."""


@dataclass(frozen=True)
class Prediction:
    """The prediction of mean-field theory for a layer.

    Attributes:
        length: the mean of h^2, h the pre-activation.
        length_std: its standard deviation over networks, for one input; nan where no finite-width
            theory is given (convolutions and residual networks).
        mean_square: the mean of the squared outputs.
        chi: the factor on the squared length of a gradient, between this layer and the one before.
        gradient_std: the standard deviation of the gradient at h.
    """

    length: float
    length_std: float
    mean_square: float
    chi: float
    gradient_std: float


@dataclass(frozen=True)
class Histogram:
    """Counts of equal bins between two ends; values that are not finite are in none."""

    low: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """One layer of a network, measured.

    The output is f(h) in a plain network, and the stream h in a residual one. A layer that has
    overflowed has infinite std and nan for all that cannot be measured; where the activation was
    undefined, in this layer or before, its std is nan too.

    Attributes:
        index: 1 for the first layer.
        mean: of the outputs, over samples and units.
        std: their standard deviation, over samples and units.
        mean_square: the mean of their squares.
        length: the mean of h^2.
        histogram: of the outputs.
        saturated: the share of activations within 5 % of the range from one of its ends.
        dead: the share of units whose slope is 0 on every sample: nothing trains them.
        spread: how much units differ on one sample, the root of their variance over the mean
            square: 0 means that all units are the same.
        rank: how many directions the outputs use, of at most min(units, samples, 256): the
            participation ratio (sum of eigenvalues)^2 / (sum of their squares) of the covariance.
        correlation: the mean cosine of the outputs of two different samples; nan for one sample.
        gradient_std: the root of the mean square of the gradient at h, for a random gradient of
            variance 1 at the network's output.
        prediction: that of mean-field theory; None where it makes none (constant weights, a mean
            other than 0).
    """

    index: int
    mean: float
    std: float
    mean_square: float
    length: float
    histogram: Histogram
    saturated: float
    dead: float
    spread: float
    rank: float
    correlation: float
    gradient_std: float
    prediction: Prediction | None

    @property
    def overflowed(self) -> bool:
        """Whether an output is infinite or not a number."""
        return not math.isfinite(self.std)


def undefined_at(state: State, activation: Activation) -> float | None:
    """Return a finite pre-activation at which the activation is not a number, if there is one.

    It is the median of them. An activation counts as defined where it has a value in float64, even
    if it overflows in float32, as exp(x) / (1 + exp(x)) does.
    """
    h = state.preactivation
    places = np.sort(h[np.isnan(state.activation) & np.isfinite(h)])
    if not places.size:
        return None
    middle = places[[len(places) // 2]].astype(np.float64)
    return float(middle[0]) if np.isnan(activation.function(middle)[0]) else None


def measure(state: State, activation: Activation, size: float = math.inf) -> dict[str, Any]:
    """Return the measurements of a layer's forward pass, by the names of `Layer`.

    `size` is the std of outputs that are not finite.
    """
    outputs = state.output
    if not np.isfinite(outputs).all() or not np.isfinite(state.preactivation).all():
        return _overflowed(outputs, size)
    flat = outputs.astype(np.float64).reshape(len(outputs), -1)
    mean = float(flat.mean())
    squares = np.einsum("ij,ij->i", flat, flat)
    mean_square = float(squares.sum() / flat.size)
    h = state.preactivation.astype(np.float64).ravel()
    dead = ~state.slope.reshape(-1, state.slope.shape[-1]).any(0)
    return {
        "mean": mean,
        "std": math.sqrt(max(float(np.square(flat - mean).mean()), 0.0)),
        "mean_square": mean_square,
        "length": float(h @ h / h.size),
        "histogram": _histogram(flat),
        "saturated": float(activation.saturated(state.activation).mean()),
        "dead": float(dead.mean()),
        "spread": _spread(outputs, mean_square),
        "rank": _rank(flat[:_RANKED]),
        "correlation": _correlation(flat, squares),
    }


def _overflowed(outputs: NDArray[Any], size: float) -> dict[str, Any]:
    nothing = dict.fromkeys(
        ("mean", "dead", "saturated", "spread", "rank", "correlation"), math.nan
    )
    finite = outputs[np.isfinite(outputs)].astype(np.float64)
    sizes = dict.fromkeys(("std", "mean_square", "length"), size)
    return nothing | sizes | {"histogram": _histogram(finite)}


def _histogram(values: NDArray[Any]) -> Histogram:
    if not values.size:
        return Histogram(0.0, 0.0, (0,) * _BINS)
    low, high = float(values.min()), float(values.max())
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        # Equal values: a bin of their own in the middle.
        margin = abs(low) / 2 or 0.5
        low, high = low - margin, high + margin
    counts, _ = np.histogram(values, _BINS, (low, high))
    return Histogram(low, high, tuple(counts.tolist()))


def _spread(outputs: NDArray[Any], mean_square: float) -> float:
    if not mean_square:
        return 0.0
    return math.sqrt(float(outputs.var(axis=-1, dtype=np.float64).mean()) / mean_square)


def _rank(flat: NDArray[Any]) -> float:
    centred = flat - flat.mean(0)
    size = float(np.abs(centred).max(initial=0.0))
    if not size:
        return 0.0
    gram = (centred / size) @ (centred / size).T
    return float(np.trace(gram)) ** 2 / float(np.square(gram).sum())


def _correlation(flat: NDArray[Any], squares: NDArray[Any]) -> float:
    n = len(flat)
    if n < 2 or not squares.all():
        return math.nan
    # The sum over pairs of u_i . u_j is |sum of u_i|^2 - n, for unit vectors u_i.
    total = (1 / np.sqrt(squares)) @ flat
    return float((total @ total - n) / (n * (n - 1)))
