"""The JAX backend; importing it imports no JAX."""

from __future__ import annotations

from initspec_jax.backend import JaxBackend

backend = JaxBackend()
"""The JAX backend as initspec sees it."""
