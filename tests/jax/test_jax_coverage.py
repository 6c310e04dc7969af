"""Models of JAX, which leaves no memory unwritten: `jnp.empty` has zeros."""

import flax.linen
import jax.numpy as jnp
from flax import nnx

from initspec import coverage


def test_models_pass_with_a_note() -> None:
    """Modules of both kinds, and trees."""
    for factory in (
        lambda: nnx.Linear(3, 2, rngs=nnx.Rngs(0)),
        lambda: flax.linen.Dense(2),
        lambda: {"dense": {"kernel": jnp.empty((3, 2))}},
    ):
        result = coverage(factory)
        assert result.passed
        assert result.note == "jax leaves no memory unwritten: there is nothing to look for"
