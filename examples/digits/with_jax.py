"""The digits in JAX."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp

from examples.digits.problem import RATE, SEED, SIZES, SPECS, STEPS, digits, names
from initspec import InitSpec

Parameters = list[tuple[Any, Any]]


def _loss(parameters: Parameters, x: Any, labels: Any) -> Any:
    for kernel, bias in parameters[:-1]:
        x = jax.nn.relu(x @ kernel + bias)
    kernel, bias = parameters[-1]
    logs = jax.nn.log_softmax(x @ kernel + bias)
    return -jnp.take_along_axis(logs, labels[:, None], axis=1).mean()


@jax.jit
def _step(parameters: Parameters, x: Any, labels: Any) -> tuple[Any, Parameters]:
    loss, gradient = jax.value_and_grad(_loss)(parameters, x, labels)
    return loss, jax.tree.map(lambda p, g: p - RATE * g, parameters, gradient)


def train(spec: InitSpec, steps: int = STEPS) -> list[float]:
    """Return the full-batch loss before each step of gradient descent, and after the last."""
    x, labels = map(jnp.asarray, digits())
    parameters = []
    for shape, name in zip(pairwise(SIZES), names(), strict=True):
        kernel = spec.to_jax("in out", seed=SEED, name=name)(None, shape)
        parameters.append((kernel, jnp.zeros(shape[1])))
    losses = []
    for _ in range(steps + 1):
        loss, parameters = _step(parameters, x, labels)
        losses.append(float(loss))
    return losses


if __name__ == "__main__":
    for label, spec in SPECS.items():
        losses = train(spec)
        print(f"{label}: {losses[0]:.6f} -> {losses[-1]:.6f}")
