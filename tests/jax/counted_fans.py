"""Fans counted by automatic differentiation, which knows no layer."""

import jax
import jax.numpy as jnp
import numpy as np


def counted_fans(apply, weight, inputs, gates=1):
    """Return how many weights touch one output element, and how many one input element.

    Both elements are the middle ones: at an edge a convolution has fewer.

    Args:
        apply: (weight, inputs) -> outputs; an integer input chooses a row.
        weight: a weight.
        inputs: an input without a batch.
        gates: how many functions of the same inputs lie side by side in the last output axis, of
            which the first counts.

    Returns:
        fan_in and fan_out.
    """
    random = np.random.default_rng(0)
    outputs = jax.eval_shape(apply, weight, inputs)
    some = random.standard_normal(outputs.shape, np.float32)  # numbers that no sum cancels
    some *= np.arange(outputs.shape[-1]) < outputs.shape[-1] // gates
    alone = full = inputs
    if not np.issubdtype(inputs.dtype, np.integer):
        full, alone = random.standard_normal(inputs.shape, np.float32), _middle(inputs.shape)

    def touching(weight, full, alone):
        here = jax.grad(lambda weight: jnp.sum(apply(weight, full) * _middle(outputs.shape)))
        there = jax.grad(lambda weight: jnp.sum(apply(weight, alone) * some))
        return [jnp.sum(gradient(weight) != 0) for gradient in (here, there)]

    weight = random.standard_normal(weight.shape, np.float32)
    quickly = {"xla_backend_optimization_level": 0}
    return tuple(map(int, jax.jit(touching, compiler_options=quickly)(weight, full, alone)))


def _middle(shape):
    """Return an array that is 1 in the middle, and else 0."""
    array = np.zeros(shape, np.float32)
    array[tuple(size // 2 for size in shape)] = 1
    return array
