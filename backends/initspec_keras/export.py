"""Refuse a seeded draw in a program of JAX that is exported, as the JAX backend does.

`jax.export` of what calls back to the host fails without a remedy. That a program is to be exported
shows when it is lowered, hence a primitive whose lowering raises the error.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from initspec.backend import TargetError


@cache
def unexported() -> Any:
    """Return a primitive, whose result 0 goes to a traced callback, which then is not exported."""
    import jax
    import jax.numpy as jnp
    from jax.extend.core import Primitive
    from jax.interpreters import mlir

    primitive = Primitive("initspec_keras_unexported")
    primitive.def_impl(lambda: jnp.int32(0))
    primitive.def_abstract_eval(lambda: jax.core.ShapedArray((), jnp.dtype("int32")))

    def lower(context: Any) -> Any:
        # An internal name of JAX: without it, JAX' own error comes.
        parameters = getattr(context.module_context, "lowering_parameters", None)
        if getattr(parameters, "for_export", False):
            raise TargetError(
                "jax.export of a seeded draw: it calls back to the host, which an exported program "
                "cannot; draw when the function is traced, so that the weight becomes a part of "
                "the program: with jax.ensure_compile_time_eval(): weight = init(shape)"
            )
        return mlir.lower_fun(lambda: jnp.int32(0), multiple_results=False)(context)

    mlir.register_lowering(primitive, lower)
    return primitive
