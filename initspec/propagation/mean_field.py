"""Mean-field theory: the signal of an infinitely wide network, with a finite-width correction."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from initspec.activations import Activation
from initspec.errors import ActivationError
from initspec.numerics.quadrature import mean_square

_FLAT = 1e-9
"""Where chi is this close to 1 at every small length, the edge of chaos lies at length 0."""


@dataclass(frozen=True)
class MeanField:
    """A random layer h' = W f(h) + b in the limit of infinite width.

    Every h is normal with mean 0; the mean of h^2 is the length q. Poole et al. (2016),
    "Exponential expressivity in deep neural networks through transient chaos"; Schoenholz et al.
    (2017), "Deep Information Propagation".

    Attributes:
        activation: f.
        weight_std: sigma_w, the standard deviation of a weight times sqrt(fan_in).
        bias_std: sigma_b, the standard deviation of a bias.
    """

    activation: Activation
    weight_std: float
    bias_std: float = 0.0

    def mean_square(self, length: float) -> float:
        """Return E[f(sqrt(q) z)^2], the mean square of the activations where h has the length q."""
        return _moment(self.activation, length)

    def length(self, length: float) -> float:
        """Return the next layer's length, sigma_w^2 E[f(sqrt(q) z)^2] + sigma_b^2.

        >>> from initspec.activations import activation_of
        >>> round(MeanField(activation_of("relu"), 2**0.5).length(3.0), 12)
        3.0
        """
        return self.weight_std**2 * self.mean_square(length) + self.bias_std**2

    def chi(self, length: float) -> float:
        """Return chi_1 = sigma_w^2 E[f'(sqrt(q) z)^2].

        The squared length of a small difference, and of a gradient, is multiplied by it in each
        layer: below 1 gradients vanish, above 1 they explode.
        """
        return self.weight_std**2 * _moment(slope_of(self.activation), length)

    def fixed_point(self, length: float = 1.0, layers: int = 10_000) -> float:
        """Return the length to which a deep network converges from a first length; 0 or inf too.

        It is found by iteration. Where every length is a fixed point (ReLU at sigma_w^2 = 2) it is
        the first length.
        """
        for _ in range(layers):
            after = self.length(length)
            if not 1e-12 < after < 1e12:
                return 0.0 if after < 1 else math.inf
            if abs(after - length) <= 1e-12 * length:
                return after
            length = after
        return length


class Edge(NamedTuple):
    """The edge of chaos: its sigma_w, and the length of the signal."""

    weight_std: float
    length: float


def is_step(activation: Activation) -> bool:
    """Return whether an activation is a step function: its slope is 0 almost everywhere."""
    scales = np.geomspace(1e-6, 1e3, 4001)
    return not np.any(slope_of(activation).function(np.r_[-scales, scales]))


def edge_of_chaos(activation: Activation, bias_std: float = 0.0) -> Edge | None:
    """Return the smallest sigma_w for which the length stays and chi_1 is 1; None if there is none.

    On the edge neither signals nor gradients vanish or explode exponentially (Schoenholz et al.
    2017). With (q, sigma_w) a fixed point of the length map, sigma_w^2 =
    (q - sigma_b^2) / E[f^2], so that the edge is where (q - sigma_b^2) E[f'^2] = E[f^2]. A step
    function, whose slope is 0 almost everywhere, has none.

    >>> from initspec.activations import activation_of
    >>> edge_of_chaos(activation_of("tanh")), round(edge_of_chaos(activation_of("relu"))[0], 6)
    (Edge(weight_std=1.0, length=0.0), 1.414214)
    """
    if is_step(activation):
        return None
    slope = slope_of(activation)

    def excess(q: float) -> float:
        size = _moment(activation, q)
        return (q - bias_std**2) * _moment(slope, q) / size - 1 if size else -1.0

    if not bias_std:
        values = [excess(q) for q in (1e-2, 1.0, 1e2)]
        if max(map(abs, values)) < _FLAT:  # homogeneous: every length is on the edge
            return Edge(1 / math.sqrt(_moment(slope, 1.0)), 1.0)
        if abs(excess(1e-14)) < 1e-6:  # f(0) = 0: the signal of the edge is small
            return Edge(round(1 / math.sqrt(_moment(slope, 1e-14)), 9), 0.0)
    grid = [bias_std**2 + 10 ** (k / 8) for k in range(-64, 65)]
    for low, high in itertools.pairwise(grid):
        if (excess(low) < 0) != (excess(high) < 0):
            break
    else:
        return None
    for _ in range(60):
        middle = math.sqrt(low * high)
        if (excess(low) < 0) != (excess(middle) < 0):
            high = middle
        else:
            low = middle
    return Edge(math.sqrt((high - bias_std**2) / _moment(activation, high)), high)


class LengthLaw(NamedTuple):
    """The law of the length at a finite width: mean, and variance over mean^2."""

    mean: float
    variation: float


def next_length(
    field: MeanField, law: LengthLaw, width: int, keeps_norm: bool = False
) -> tuple[LengthLaw, float]:
    """Return the law of the length after one layer of finite width.

    Given the length q of a layer, its `width` values h are independent N(0, q), exactly so for
    normal weights and biases: the next length is sigma_w^2 times the mean of their f(h)^2 plus
    sigma_b^2, with mean sigma_w^2 E[f^2] + sigma_b^2 and variance sigma_w^4 Var(f^2) / width. The
    law of q itself is approximated by the log-normal of its mean and variance, the limit for
    depth and width in proportion. For ReLU this is the product of 1 + 5 / width of Hanin & Nica
    (2018), "Products of Many Large Random Matrices and Gradients in Deep Neural Networks"; for
    others it is exact to the order 1 / width.

    Args:
        field: the layer after the activation.
        law: the law of its input's length.
        width: the number of values h.
        keeps_norm: whether h lies on a sphere, as after an orthogonal matrix: then the part of f^2
            that is proportional to h^2 does not fluctuate.

    Returns:
        The law of the next length, and the expected mean square of f(h).
    """
    mean, variation = law
    scale, shift = field.weight_std**2, field.bias_std**2
    if not 0 < mean < math.inf:
        square = field.mean_square(0.0) if mean == 0 else math.inf
        return LengthLaw(scale * square + shift, 0.0), square
    spread = math.log1p(variation)
    nodes, weights = np.polynomial.hermite_e.hermegauss(_nodes(spread))
    weights = weights / weights.sum()
    with np.errstate(all="ignore"):
        lengths = mean * np.exp(math.sqrt(spread) * nodes - spread / 2)
        second = np.array([field.mean_square(q) for q in lengths])
        square, expected = float(weights @ second), scale * second + shift
        after = float(weights @ expected)
        if not 0 < after < math.inf:
            return LengthLaw(after, 0.0), square
        noise = np.array(
            [
                _variation(field.activation, *pair, keeps_norm)
                for pair in zip(lengths, second, strict=True)
            ]
        )
        relative = float(weights @ np.square(expected / after - 1))
        relative += float(weights @ (noise * np.square(scale * second / after))) / width
    return LengthLaw(after, relative), square


def _variation(f: Activation, length: float, second: float, keeps_norm: bool) -> float:
    """Return Var(f^2) / E[f^2]^2, without the part along the norm of h if that is kept."""
    if not 0 < second < math.inf:
        return 0.0
    unit, root = math.sqrt(second), math.sqrt(length)
    squared = replace(f, function=lambda x: np.square(f.function(x) / unit))
    variation = _moment(squared, length) - 1
    if keeps_norm:
        # E[g (z^2 - 1)]^2 / 2 for g = f^2 / E[f^2]: the second Hermite coefficient's share.
        along = replace(f, function=lambda x: f.function(x) / unit * (x / root))
        variation -= (_moment(along, length) - 1) ** 2 / 2
    return max(variation, 0.0)


def _nodes(spread: float) -> int:
    """Return how many nodes integrate exp(2 sqrt(spread) z), a second moment, to ten digits."""
    if spread < 1e-14:
        return 1
    return 7 if spread < 0.1 else 19


def slope_of(activation: Activation) -> Activation:
    """Return an activation whose function is f'."""
    return replace(activation, function=activation.derivative)


def _moment(f: Activation, length: float) -> float:
    """Return E[f(sqrt(length) z)^2]."""
    if length == 0:
        # Both sides of a kink: the slope of ReLU at 0 is 0 or 1.
        around = np.array([-1e-150, 1e-150]) if 0.0 in f.kinks else np.zeros(1)
        with np.errstate(all="ignore"):
            return float(np.square(f.function(around)).mean())
    if not math.isfinite(length):
        return math.inf
    try:
        return mean_square(f.function, f.kinks, math.sqrt(length)).value
    except ActivationError as reason:
        raise ActivationError(f"activation {f} at the length {length:.3g}: {reason}") from None
