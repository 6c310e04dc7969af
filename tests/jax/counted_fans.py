"""Fans counted by automatic differentiation, which knows no layer."""

import jax
import jax.numpy as jnp
import numpy as np


def counted_fans(apply, weight, inputs, gates=1):
    """Return how many weights touch one output element, and how many one input element.

    Both elements are the middle ones: at an edge a convolution has fewer.

    Args:
        apply: (weight, inputs) -> outputs, linear in each beside a bias; an integer input chooses a
            row.
        weight: a weight.
        inputs: an input without a batch.
        gates: how many functions of the same inputs lie side by side in the last output axis.

    Returns:
        fan_in and fan_out.
    """
    random = np.random.default_rng(0)
    outputs = jax.eval_shape(apply, weight, inputs)
    # Of the gates the first alone, with numbers that no sum cancels.
    some = random.standard_normal(outputs.shape, np.float32)
    some *= np.arange(outputs.shape[-1]) < outputs.shape[-1] // gates
    chooses = np.issubdtype(inputs.dtype, np.integer)

    def here(weight, inputs):
        return jnp.sum(apply(weight, inputs) * _middle(outputs.shape))

    def there(weight, inputs):
        if chooses:
            return jnp.sum(apply(weight, inputs) * some)
        change = jax.jvp(lambda x: apply(weight, x), (inputs,), (_middle(inputs.shape),))[1]
        return jnp.sum(change * some)

    def touching(*arguments):
        return [jnp.sum(jax.grad(f)(*arguments) != 0) for f in (here, there)]

    if not chooses:
        inputs = random.standard_normal(inputs.shape, np.float32)
    weight = random.standard_normal(weight.shape, np.float32)
    quickly = {"xla_backend_optimization_level": 0}
    return tuple(map(int, jax.jit(touching, compiler_options=quickly)(weight, inputs)))


def _middle(shape):
    """Return an array that is 1 in the middle, and else 0."""
    array = np.zeros(shape, np.float32)
    array[tuple(size // 2 for size in shape)] = 1
    return array
