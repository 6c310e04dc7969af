"""The problem that all frameworks train on: data, layers, initializations and steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec import InitSpec

SPECS = {
    "std 0.01": InitSpec.normal(std=0.01),
    "Xavier": InitSpec.glorot_normal(),
    "He": InitSpec.he_normal(),
}
SEED = 7
SIZES = (64, 100, 100, 100, 100, 100, 10)
"""Pixels, five layers of 100 ReLU units, ten classes."""
STEPS = 200
RATE = 0.04


def digits() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return scikit-learn's 1,797 digits [samples, 64], mean 0 and variance 1, and their labels."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    return ((pixels - pixels.mean()) / pixels.std()).astype(np.float32), labels.astype(np.int64)


def names() -> list[str]:
    """Return the names of the weights in the portable stream."""
    return [f"layers.{index}.weight" for index in range(len(SIZES) - 1)]


def first_loss(spec: InitSpec) -> float:
    """Return the loss before training, in NumPy and float64: the start of every framework.

    The mean over all digits of -log softmax(logits)[label].
    """
    x, labels = digits()
    h: NDArray[Any] = x.astype(np.float64)
    for name, shape in zip(names(), zip(SIZES[1:], SIZES, strict=False), strict=True):
        h = h @ spec.to_numpy("out in", seed=SEED, name=name)(shape).T
        if name != names()[-1]:
            h = np.maximum(h, 0)
    shifted = h - h.max(1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return float(-logs[np.arange(len(labels)), labels].mean())
