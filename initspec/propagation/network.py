"""A network in NumPy: linear layers with an activation, run forward and backward."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec.activations import Activation

Floats = NDArray[Any]

_SAME = 1e-4
"""Weights count as equal where they differ by less than this share of the largest."""


@dataclass(frozen=True)
class Linear:
    """A dense layer, or a convolution on a torus, an image without edges to pad.

    Attributes:
        weight: [out, in, *kernel], no kernel axis for a dense layer.
        bias: [out].
    """

    weight: Floats
    bias: Floats | None = None

    def __call__(self, x: Floats) -> Floats:
        """Return the layer's output [samples, *size, out] for x [samples, *size, in]."""
        y = self.tangent(x)
        return y if self.bias is None else y + self.bias

    def tangent(self, x: Floats) -> Floats:
        """Return the output without the bias: the derivative along x."""
        y: Floats = sum(_roll(x, shift, -1) @ tap.T for shift, tap in self._taps())  # type: ignore[assignment]
        return y

    def adjoint(self, y: Floats) -> Floats:
        """Return the gradient at the input [samples, *size, in] of y [samples, *size, out]."""
        x: Floats = sum(_roll(y @ tap, shift, 1) for shift, tap in self._taps())  # type: ignore[assignment]
        return x

    def _taps(self) -> Iterator[tuple[tuple[int, ...], Floats]]:
        kernel = self.weight.shape[2:]
        for place in itertools.product(*map(range, kernel)):
            shift = tuple(i - (size - 1) // 2 for i, size in zip(place, kernel, strict=True))
            at: tuple[Any, ...] = (slice(None), slice(None), *place)
            yield shift, self.weight[at]


def _roll(x: Floats, shift: tuple[int, ...], sign: int) -> Floats:
    if not any(shift):
        return x
    return np.roll(x, [sign * step for step in shift], tuple(range(1, 1 + len(shift))))


@dataclass(frozen=True)
class Network:
    """Layers with an activation.

    Plain: x_l = f(W_l x_(l-1) + b_l). Residual, with its branch scaled by s, in the order of He et
    al. (2016), "Identity Mappings in Deep Residual Networks": x_l = x_(l-1) + s (W_l f(x_(l-1)) +
    b_l).

    Attributes:
        layers: one for each weight.
        activation: f.
        residual: s; None for a plain network.
    """

    layers: tuple[Linear, ...]
    activation: Activation
    residual: float | None = None

    def symmetric(self) -> bool:
        """Return whether all units of a layer have the same weights, in each layer.

        The units of a residual network differ by their inputs.
        """
        return (
            self.residual is None
            and all(len(layer.weight) > 1 and layer.bias is None for layer in self.layers)
            and all(
                np.ptp(layer.weight, 0).max() <= _SAME * np.abs(layer.weight).max()
                for layer in self.layers
            )
        )

    def forward(self, x: Floats) -> Iterator[State]:
        """Yield the state after each layer, that of the inputs first."""
        f, s = self.activation, self.residual
        # No activation precedes the inputs of a plain network; their state is that of a linear one.
        yield State(x, x, x, x) if s is None else State(x, f.function(x), x, f.derivative(x))
        for layer in self.layers:
            if s is None:
                h = layer(x)
                x = f.function(h)
                yield State(h, x, x, f.derivative(h))
            else:
                x = x + x.dtype.type(s) * layer(f.function(x))
                yield State(x, f.function(x), x, f.derivative(x))

    def backward(self, gradient: Floats, slopes: list[Floats]) -> Iterator[Floats]:
        """Yield the gradient at each layer's pre-activation, the last layer first.

        Args:
            gradient: that of the last layer's output.
            slopes: f' at the pre-activations of each state of `forward`.
        """
        if self.residual is None:
            delta = gradient * slopes[-1]
            yield delta
            for layer, slope in zip(self.layers[:0:-1], slopes[-2:0:-1], strict=True):
                delta = layer.adjoint(delta) * slope
                yield delta
            return
        yield gradient
        scale = gradient.dtype.type(self.residual)
        for layer, slope in zip(self.layers[:0:-1], slopes[-2:0:-1], strict=True):
            gradient = gradient + scale * layer.adjoint(gradient) * slope
            yield gradient

    def jacobian(self, slopes: list[Floats]) -> Floats:
        """Return the derivative of one output by its input, in float64, [in numbers, out numbers].

        Args:
            slopes: f' at the pre-activations of each state of `forward`, for one sample.
        """
        shape = slopes[0].shape
        count = math.prod(shape)
        tangent: Floats = np.eye(count).reshape(count, *shape)
        for layer, before, after in zip(self.layers, slopes, slopes[1:], strict=False):
            wide = Linear(layer.weight.astype(np.float64))
            if self.residual is None:
                tangent = wide.tangent(tangent) * after.astype(np.float64)
            else:
                tangent = tangent + self.residual * wide.tangent(tangent * before)
        return tangent.reshape(count, -1)


@dataclass(frozen=True)
class State:
    """The values of one layer, each [samples, *size, units].

    Attributes:
        preactivation: h, the input of the activation.
        activation: f(h).
        output: the input of the next layer: f(h), or h in a residual network.
        slope: f'(h).
    """

    preactivation: Floats
    activation: Floats
    output: Floats
    slope: Floats
