"""Predict each layer of a network by mean-field theory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec.api import InitSpec
from initspec.errors import ActivationError
from initspec.propagation.layer import Prediction
from initspec.propagation.mean_field import (
    Edge,
    LengthLaw,
    MeanField,
    edge_of_chaos,
    next_length,
    slope_of,
)
from initspec.propagation.network import Network


def fields_of(spec: InitSpec, network: Network, bias_std: float) -> list[MeanField]:
    """Return the theory of each layer; [] where the weights have a mean or are not random."""
    fields = []
    for layer in network.layers:
        entry, fan = spec.law(layer.weight.shape), math.prod(layer.weight.shape[1:])
        if entry.mean or not entry.std:
            return []
        weight_std = entry.std * math.sqrt(fan)
        if weight_std > 1e150:  # its square is beyond float64
            return []
        fields.append(MeanField(network.activation, weight_std, bias_std))
    return fields


def theory(
    network: Network, fields: list[MeanField], x: NDArray[Any], keeps_norm: bool
) -> tuple[list[Prediction | None], Edge | None]:
    """Return the prediction of each layer and the edge of chaos, None where theory has none.

    An activation that grows as fast as exp(x^2) has no second moment at such lengths; the network
    itself can still be run and measured.
    """
    nothing: list[Prediction | None] = [None] * len(network.layers)
    f, bias_std = network.activation, fields[0].bias_std if fields else 0.0
    try:
        predictions = _predictions(network, fields, x, keeps_norm) if fields else nothing
    except ActivationError:
        predictions = nothing
    try:
        return predictions, edge_of_chaos(f, bias_std)
    except ActivationError:
        return predictions, None


def _predictions(
    network: Network, fields: list[MeanField], x: NDArray[Any], keeps_norm: bool
) -> list[Prediction | None]:
    squares = np.square(x.astype(np.float64)).reshape(len(x), -1).mean(1)
    mean = float(squares.mean())
    start = LengthLaw(mean, float((squares / mean).var()) if mean else 0.0)
    if network.residual is None:
        return _plain(network, fields, start, keeps_norm)
    return _residual(network.residual, fields, start)


def _plain(
    network: Network, fields: list[MeanField], start: LengthLaw, keeps_norm: bool
) -> list[Prediction | None]:
    # No activation precedes the first layer: it is linear, and for given inputs nothing fluctuates.
    scale, shift = fields[0].weight_std ** 2, fields[0].bias_std ** 2
    first = scale * start.mean + shift
    law = LengthLaw(first, start.variation * (scale * start.mean / first) ** 2 if first else 0.0)
    f, lone = fields[0].activation, not network.layers[0].weight.shape[2:]
    rows: list[tuple[LengthLaw, float, float]] = []
    for index, field in enumerate(fields):
        out = network.layers[index].weight.shape[0]
        after, square = next_length(fields[min(index + 1, len(fields) - 1)], law, out, keeps_norm)
        rows.append((law, square, field.chi(law.mean)))
        law = after
    last = rows[-1][0].mean
    gradient = MeanField(slope_of(f), 1.0).mean_square(last)
    gradients = [gradient]
    for index in range(len(rows) - 1, 0, -1):
        # chi with fan_out, which scales a gradient; all layers but the first are square.
        gradient *= fields[index].weight_std ** 2 * MeanField(slope_of(f), 1.0).mean_square(
            rows[index - 1][0].mean
        )
        gradients.append(gradient)
    return [
        Prediction(
            length.mean,
            length.mean * math.sqrt(length.variation) if lone else math.nan,
            square,
            chi,
            math.sqrt(back),
        )
        for (length, square, chi), back in zip(rows, gradients[::-1], strict=True)
    ]


def _residual(
    residual: float, fields: list[MeanField], start: LengthLaw
) -> list[Prediction | None]:
    """Add s^2 times the length of the branch in each layer: Yang & Schoenholz (2017)."""
    s2 = residual**2
    lengths, factors = [start.mean], []
    for field in fields:
        factors.append(1 + s2 * field.chi(lengths[-1]))
        lengths.append(lengths[-1] + s2 * field.length(lengths[-1]))
    gradient = 1.0
    rows: list[Prediction | None] = []
    for length, chi in zip(lengths[:0:-1], factors[::-1], strict=True):
        rows.append(Prediction(length, math.nan, length, chi, math.sqrt(gradient)))
        gradient *= chi
    return list(reversed(rows))
