"""The verdict on a network, in a sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence

from initspec.propagation.layer import Layer

SATURATED = 0.3
"""A network is saturated where more than this share of its activations is."""

_WHOLE, _HALF = math.log(2.0), math.log(1 / 0.65)
"""A signal vanishes where it falls to 0.5 over the network and to 0.65 over its deeper half. A fall
as a power of the depth, as on the edge of chaos, does not reach the second."""


def verdict(
    layers: Sequence[Layer],
    width: int,
    symmetric: bool,
    step: bool,
    undefined: float | None = None,
) -> str:
    """Return one of healthy, vanishing, exploding, undefined, saturated or symmetric, and why.

    - symmetric: all units of a layer have the same weights;
    - undefined: the activation is not a number at one of its inputs;
    - exploding: a layer overflows; or the activations or the gradient grow, by more than 2 over the
      network and more than 1 / 0.65 over its deeper half;
    - saturated: more than 30 % of the activations lie within 5 % of the range from its ends;
    - vanishing: the activations or the gradient fall by as much, or are 0 from the start;
    - healthy: none of these.

    A random network of finite width wanders: the bound of 2 is widened by 1.5 of ReLU's standard
    deviations, log(std) ~ sqrt(5 depth / width) / 2 (Hanin & Nica 2018), the other by a third of
    that.
    """
    depth = len(layers)
    if symmetric:
        return (
            "symmetric: all units of a layer are the same, so that every unit learns the same; "
            "draw the weights at random"
        )
    over = next((layer.index for layer in layers if layer.overflowed), None)
    if over is not None and undefined is not None:
        return (
            f"undefined: in layer {over} of {depth} the activation is not a number (NaN) at inputs "
            f"such as {undefined:.3g}; change it for one that is defined at every real number"
        )
    if over is not None:
        return f"exploding: the activations overflow in layer {over} of {depth}"
    if not layers[0].length:
        return (
            "vanishing: all sums of the first layer are 0, as where all inputs are 0; pass inputs "
            "that are not, or larger weights"
        )
    if step:
        return (
            "vanishing: the activation's slope is 0 almost everywhere, so that no gradient passes "
            "it; change the activation"
        )
    saturated = sum(layer.saturated for layer in layers) / depth
    if saturated > SATURATED:
        return (
            f"saturated: {saturated:.0%} of the activations lie at the ends of their range, where "
            "the slope is near 0; make the weights smaller"
        )
    # A single number has no standard deviation.
    lone = sum(layers[0].histogram.counts) == 1
    signal = [math.sqrt(layer.mean_square) if lone else layer.std for layer in layers]
    gradient = [layer.gradient_std for layer in layers]
    changes = []
    for name, values, ends, sign in (
        ("the activations' std", signal, ("the first layer", "the last"), 1),
        ("the gradient's std", gradient, ("the last layer", "the first"), -1),
    ):
        change = sign * _change(values, width, sign)
        if change:
            start, end = values[::sign][0], values[::sign][-1]
            text = f"{name} goes from {start:.2g} in {ends[0]} to {end:.2g} in {ends[1]}"
            if 0 < end < math.inf and start:
                text += f" ({(end / start) ** (1 / (depth - 1)):.3g} times a layer)"
            changes.append((change, text))
    # Growth comes first: it breaks training in the first step.
    for sign, state, advice in (
        (1, "exploding", "make the weights smaller"),
        (-1, "vanishing", "make the weights larger, or change the activation"),
    ):
        texts = [text for change, text in changes if change == sign]
        if texts:
            if len(texts) < len(changes):
                return f"{state}: {', and '.join(texts)}; change the activation"
            return f"{state}: {', and '.join(texts)}; {advice}"
    if depth == 1:
        return f"healthy: the activations' std is {signal[0]:.2g}, the gradient's {gradient[0]:.2g}"
    return (
        f"healthy: the activations' std is {signal[0]:.2g} in the first layer and {signal[-1]:.2g} "
        f"in the last, the gradient's {gradient[0]:.2g} and {gradient[-1]:.2g}"
    )


def counted(number: int, noun: str) -> str:
    """Return a number and its noun, in the singular for 1."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _change(values: Sequence[float], width: int, sign: int) -> int:
    """Return 1 where values rise from the first layer to the last, -1 where they fall, else 0.

    `sign` is 1 for signals, which travel forward, and -1 for gradients, which travel backward.
    """
    depth, end = len(values), values[::sign][-1]
    if not all(math.isfinite(value) for value in values):
        return sign
    if not end:
        return -sign
    middle = values[(depth - 1) // 2]
    if depth < 2 or not (values[0] and middle and values[-1]):
        return 0
    wander = 1.5 * math.sqrt(5 * depth / width) / 2
    whole, half = math.log(values[-1] / values[0]), math.log(values[-1] / middle)
    for way in (1, -1):
        if way * whole > _WHOLE + wander and way * half > _HALF + wander / 3:
            return way
    return 0
