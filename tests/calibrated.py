"""Algorithm 1 of Mishkin & Matas (2016) in NumPy, on the CNN of `equal_models`.

Every trial is a whole forward pass in float64, as the paper has it.
"""

from __future__ import annotations

import math
from functools import cache
from unittest import mock

import numpy as np

from initspec import Recipe, Rule
from tests import equal_models

TOLERANCE = 0.01
LAYERS = ("conv", "grouped", "depthwise", "pointwise", "head")
"""In the order of execution."""


def outputs_of(weights: equal_models.Weights) -> dict[str, equal_models.Array]:
    """Return what each layer returns, before its activation."""
    outputs = {}

    def recording(call):
        def recorded(x, weights, name, *groups):
            outputs[name] = call(x, weights, name, *groups)
            return outputs[name]

        return recorded

    with (
        mock.patch.object(equal_models, "_convolve", recording(equal_models._convolve)),
        mock.patch.object(equal_models, "_linear", recording(equal_models._linear)),
    ):
        equal_models.FORWARD["cnn"](weights)
    return outputs


@cache
def factors() -> dict[str, float]:
    """Return what the weight of each layer is multiplied with."""
    weights = dict(equal_models.weights_of("cnn"))
    scaled = dict.fromkeys(LAYERS, 1.0)
    for layer in LAYERS:
        for _ in range(10):
            variance = outputs_of(weights)[layer].var()
            if abs(variance - 1) < TOLERANCE:
                break
            weights[f"{layer}.weight"] = weights[f"{layer}.weight"] / math.sqrt(variance)
            scaled[layer] /= math.sqrt(variance)
    return scaled


def assert_drawn(name: str, kernel: equal_models.Array) -> None:
    """Hold the kernel of a layer, in torch's layout, bit for bit against NumPy's."""
    line = f"he_normal(gain={factors()[name]})"
    with mock.patch.dict(equal_models.LINES, kernel=line):
        expected = equal_models.weights_of("cnn")[f"{name}.weight"]
    np.testing.assert_array_equal(kernel.reshape(expected.shape), expected, err_msg=name)


def recipe() -> Recipe:
    """Return the recipe of these numbers, by the paths of torch."""
    rules = [Rule(f"he_normal(gain={f})", f"{name}.weight") for name, f in factors().items()]
    return Recipe(rules) + equal_models.RULES


def assert_gains(assigned: dict[str, float]) -> None:
    """Hold the gains of he_normal by layer against those of NumPy, of which all are others than 1.

    Trials of float32 that end near the tolerance may be one more or one less, which they are not.
    """
    assert all(abs(factor - 1) > TOLERANCE for factor in factors().values())
    assert assigned.keys() == factors().keys()
    for name, factor in factors().items():
        np.testing.assert_allclose(assigned[name], factor, rtol=1e-5, err_msg=name)
