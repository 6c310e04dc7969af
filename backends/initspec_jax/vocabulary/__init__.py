"""The words of jax.nn.initializers: what its functions mean, and its line for a spec."""

from __future__ import annotations

from initspec_jax.vocabulary.functions import FLAX, JAX
from initspec_jax.vocabulary.haiku import HAIKU
from initspec_jax.vocabulary.lines import LINES

JAX.lines.update(LINES)
JAX.libraries = (FLAX, HAIKU)

__all__ = ["FLAX", "HAIKU", "JAX"]
