"""Which parameter a draw fills, as far as JAX and flax can say."""

from __future__ import annotations

import sys
from typing import Any

import jax

from initspec.backend import Filled, returned

try:
    from jax.extend.core import get_opaque_trace_state
except ImportError:  # before JAX 0.10
    from jax.core import get_opaque_trace_state


def filled(array: jax.Array) -> Filled:
    """Return what a new array fills."""
    within = get_opaque_trace_state()
    if isinstance(array, jax.core.Tracer):
        return Filled(_parameter(), lambda: True, within)
    return returned(array, _parameter(), within)


def _parameter() -> Any:
    """Return the parameter of flax' linen that is being made, None outside of a module.

    It is the path of the module and how many keys that has taken: the same where a model is
    initialized again, with any key.
    """
    linen = sys.modules.get("flax.linen.module")
    try:  # flax has no public name for the module that runs
        scope = linen._context.module_stack[-1].scope  # type: ignore[union-attr]
        return scope.path, scope.rng_counters["params"]
    except (AttributeError, IndexError, KeyError):
        return None
