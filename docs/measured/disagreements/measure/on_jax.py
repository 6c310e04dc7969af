"""What jax.nn.initializers and the layers of flax do."""

from __future__ import annotations

import math
from typing import Any

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from docs.measured.disagreements.measure.numbers import (
    DTYPES,
    SIDE,
    fan,
    gate_errors,
    outcome,
    spread,
)

_init = jax.nn.initializers


def version() -> str:
    """Return the versions of JAX and flax."""
    return f"JAX {jax.__version__}, flax {flax.__version__}"


def _key() -> Any:
    return jax.random.key(0)


def he_normal() -> dict[str, Any]:
    """Draw he_normal."""
    return spread(_init.he_normal()(_key(), (SIDE, SIDE)), math.sqrt(2 / SIDE))


def truncated_normal() -> dict[str, Any]:
    """Draw truncated_normal(stddev=0.02)."""
    return spread(_init.truncated_normal(stddev=0.02)(_key(), (SIDE, SIDE)), 0.02)


def bfloat16() -> dict[str, Any]:
    """Draw a bfloat16 he_normal."""
    drawn = _init.he_normal()(_key(), (SIDE, SIDE), jnp.bfloat16)
    return spread(np.asarray(drawn.astype(jnp.float32)), math.sqrt(2 / SIDE))


def _fans(shape: tuple[int, ...]) -> dict[str, Any]:
    noise = jax.random.normal(_key(), shape)
    used = [
        fan(noise, _init.variance_scaling(1.0, mode, "normal")(_key(), shape))
        for mode in ("fan_in", "fan_out")
    ]
    return {"shape": list(shape), "fans": used}


def _kernel(layer: Any, features: int = 32) -> tuple[int, ...]:
    variables = jax.eval_shape(layer.init, _key(), jnp.zeros((1, 8, 8, features)))
    return tuple(variables["params"]["kernel"].shape)


def grouped() -> dict[str, Any]:
    """Count the fans of a grouped convolution of flax."""
    return _fans(_kernel(nn.Conv(64, (3, 3), feature_group_count=4)))


def depthwise() -> dict[str, Any]:
    """Count the fans of a depthwise convolution of flax."""
    return _fans(_kernel(nn.Conv(32, (3, 3), feature_group_count=32)))


def transposed() -> dict[str, Any]:
    """Count the fans of a transposed convolution of flax."""
    return _fans(_kernel(nn.ConvTranspose(64, (3, 3))))


def recurrent() -> dict[str, Any]:
    """Build an LSTM cell of flax with its default recurrent initializer, which is orthogonal."""
    cell = nn.OptimizedLSTMCell(16)
    carry = cell.initialize_carry(_key(), (1, 10))
    params = cell.init(_key(), carry, jnp.zeros((1, 10)))["params"]
    gates = [np.asarray(params[name]["kernel"]) for name in ("hi", "hf", "hg", "ho")]
    return {"errors": gate_errors(np.concatenate(gates, axis=1))}


def orthogonal() -> dict[str, Any]:
    """Try orthogonal in every dtype."""
    return {
        name: outcome(lambda name=name: _init.orthogonal()(_key(), (64, 64), jnp.dtype(name)))
        for name in DTYPES
    }


ROWS = {
    "he-normal": he_normal,
    "truncated-normal": truncated_normal,
    "grouped": grouped,
    "depthwise": depthwise,
    "transposed": transposed,
    "recurrent": recurrent,
    "bfloat16": bfloat16,
    "orthogonal": orthogonal,
}
