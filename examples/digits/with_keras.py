"""The digits in Keras, on whichever framework KERAS_BACKEND names."""

from __future__ import annotations

import keras
import numpy as np

from examples.digits.problem import RATE, SEED, SIZES, SPECS, STEPS, digits, names
from initspec import InitSpec


def train(spec: InitSpec, steps: int = STEPS) -> list[float]:
    """Return the full-batch loss before each step of gradient descent, and after the last."""
    x, labels = digits()
    model = keras.Sequential([keras.Input((SIZES[0],))])
    for units, name in zip(SIZES[1:], names(), strict=True):
        # The Dense kernel is the transpose of the torch weight, from the same seed and name.
        init = spec.to_keras("in out", seed=SEED, name=name)
        activation = None if units == SIZES[-1] else "relu"
        model.add(keras.layers.Dense(units, activation, kernel_initializer=init))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(RATE), loss)
    # The loss of a batch is measured before its step.
    history = model.fit(x, labels, batch_size=len(x), epochs=steps + 1, shuffle=False, verbose=0)
    return [float(value) for value in np.asarray(history.history["loss"])]


if __name__ == "__main__":
    for label, spec in SPECS.items():
        losses = train(spec)
        print(f"{label}: {losses[0]:.6f} -> {losses[-1]:.6f}")
