"""What keras.initializers and the layers of keras.layers do, on the Keras backend of this process."""

from __future__ import annotations

import importlib.metadata
import math
from typing import Any

import keras
import numpy as np
from keras import initializers

from docs.measured.disagreements.measure.numbers import (
    DTYPES,
    SIDE,
    fan,
    gate_errors,
    outcome,
    spread,
)

_MILLIONS = 5


def version() -> str:
    """Return the versions of Keras and of its backend."""
    framework = keras.config.backend()
    number = importlib.metadata.version(framework).partition("+")[0]
    return f"Keras {keras.__version__} on {framework} {number}"


def _numpy(value: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(value))


def _draw(initializer: Any, shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
    return _numpy(keras.ops.cast(initializer(shape, dtype=dtype), "float32"))


def he_normal() -> dict[str, Any]:
    """Draw HeNormal."""
    return spread(_draw(initializers.HeNormal(seed=0), (SIDE, SIDE)), math.sqrt(2 / SIDE))


def truncated_normal() -> dict[str, Any]:
    """Draw TruncatedNormal(stddev=0.02)."""
    return spread(_draw(initializers.TruncatedNormal(stddev=0.02, seed=0), (SIDE, SIDE)), 0.02)


def bfloat16() -> dict[str, Any]:
    """Draw a bfloat16 HeNormal."""
    drawn = _draw(initializers.HeNormal(seed=0), (SIDE, SIDE), "bfloat16")
    return spread(drawn, math.sqrt(2 / SIDE))


def _fan_rules() -> list[Any]:
    """Return 1 / fan_in and 1 / fan_out as initializers that share their noise with `_noise`."""
    return [
        initializers.VarianceScaling(1.0, mode, "untruncated_normal", seed=0)
        for mode in ("fan_in", "fan_out")
    ]


def _noise(shape: tuple[int, ...]) -> np.ndarray:
    return _draw(initializers.RandomNormal(stddev=1.0, seed=0), shape)


def _fans(shape: tuple[int, ...]) -> dict[str, Any]:
    noise = _noise(shape)
    return {"shape": list(shape), "fans": [fan(noise, _draw(f, shape)) for f in _fan_rules()]}


def _kernel(layer: Any, channels: int = 32) -> tuple[int, ...]:
    layer.build((None, 8, 8, channels))
    return tuple(layer.weights[0].shape)


def grouped() -> dict[str, Any]:
    """Count the fans of a grouped convolution."""
    return _fans(_kernel(keras.layers.Conv2D(64, 3, groups=4)))


def depthwise() -> dict[str, Any]:
    """Count the fans of a depthwise convolution."""
    return _fans(_kernel(keras.layers.DepthwiseConv2D(3)))


def transposed() -> dict[str, Any]:
    """Count the fans of a transposed convolution."""
    return _fans(_kernel(keras.layers.Conv2DTranspose(64, 3)))


def query() -> dict[str, Any]:
    """Count the fans of an attention layer's query kernel, by the initializer and in the layer."""
    kernels = []
    for rule in _fan_rules():
        layer = keras.layers.MultiHeadAttention(4, 16, kernel_initializer=rule)
        layer.build((None, 5, 64), (None, 5, 64))
        kernels.append(_numpy(layer.weights[0]))
    shape = tuple(kernels[0].shape)
    return _fans(shape) | {"in_layer": [fan(_noise(shape), kernel) for kernel in kernels]}


def recurrent() -> dict[str, Any]:
    """Build an LSTM with its default recurrent initializer, which is orthogonal."""
    keras.utils.set_random_seed(0)
    layer = keras.layers.LSTM(16)
    layer.build((None, 5, 10))
    return {"errors": gate_errors(_numpy(layer.weights[1]))}


def shared() -> dict[str, Any]:
    """Hand one unseeded initializer object to two layers."""
    initializer = initializers.HeNormal()
    kernels = []
    for _ in range(2):
        layer = keras.layers.Dense(8, kernel_initializer=initializer)
        layer.build((None, 8))
        kernels.append(_numpy(layer.kernel))
    # The picture is of seeded weights, so that measuring again gives the same one.
    seeded = _draw(initializers.HeNormal(seed=0), (8, 8)).astype(np.float64)
    return {"equal": bool(np.array_equal(*kernels)), "kernel": np.round(seeded, 3).tolist()}


def orthogonal() -> dict[str, Any]:
    """Try Orthogonal in every dtype."""
    return {
        name: outcome(lambda name=name: _draw(initializers.Orthogonal(seed=0), (64, 64), name))
        for name in DTYPES
    }


def outside() -> dict[str, Any]:
    """Count the values of TruncatedNormal outside its two sigmas, in a few million draws."""
    outside, most = 0, 0.0
    for seed in range(_MILLIONS):
        drawn = np.abs(_draw(initializers.TruncatedNormal(stddev=1.0, seed=seed), (1000, 1000)))
        outside += int(np.sum(drawn > 2))
        most = max(most, float(drawn.max()))
    return {"outside": outside, "draws": _MILLIONS * 1_000_000, "most": most}


ROWS = {
    "he-normal": he_normal,
    "truncated-normal": truncated_normal,
    "grouped": grouped,
    "depthwise": depthwise,
    "transposed": transposed,
    "query": query,
    "recurrent": recurrent,
    "shared": shared,
    "bfloat16": bfloat16,
    "orthogonal": orthogonal,
    "outside": outside,
}
