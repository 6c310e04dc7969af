"""Refuse a seeded draw in a program that is exported, where JAX would refuse it without a remedy.

A seeded draw calls back to the host, of which `jax.export` says no more than "serialization of
host_callbacks is not yet implemented". That a program is to be exported shows when it is lowered,
hence a primitive that has something to say then.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import mlir

from initspec.backend import TargetError

_UNEXPORTED = Primitive("initspec_unexported")
_UNEXPORTED.def_impl(lambda: jnp.int32(0))
_UNEXPORTED.def_abstract_eval(lambda: jax.core.ShapedArray((), jnp.dtype("int32")))


def unexported() -> jax.Array:
    """Return 0 to a traced callback, which then cannot be exported.

    Raises, when the program is lowered:
        TargetError: by `jax.export`.
    """
    zero: jax.Array = _UNEXPORTED.bind()
    return zero


def _lower(context: Any) -> Any:
    # An internal name of JAX: without it, JAX' own error comes.
    parameters = getattr(context.module_context, "lowering_parameters", None)
    if getattr(parameters, "for_export", False):
        raise TargetError(
            "jax.export of a seeded draw: it calls back to the host, which an exported program "
            "cannot; draw when the function is traced, so that the weight becomes a part of the "
            "program: with jax.ensure_compile_time_eval(): weight = init(None, shape)"
        )
    return mlir.lower_fun(lambda: jnp.int32(0), multiple_results=False)(context)


mlir.register_lowering(_UNEXPORTED, _lower)
