"""The words of jax.nn.initializers: what its functions mean, and its line for a spec."""

from __future__ import annotations

from initspec_jax.vocabulary.functions import JAX
from initspec_jax.vocabulary.lines import LINES

JAX.lines.update(LINES)

__all__ = ["JAX"]
