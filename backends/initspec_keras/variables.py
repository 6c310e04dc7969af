"""Which variable a draw fills, as far as Keras can say."""

from __future__ import annotations

import sys
import weakref
from typing import Any

import keras

from initspec.backend import Filled, returned

_CALLERS = ("_initialize_with_initializer", "value")
"""What a variable calls its initializer from; `value` does before it has been initialized."""


def filled(tensor: Any) -> Filled:
    """Return what a new tensor fills.

    A layer that is built again, or a model that is cloned, fills the same paths. Outside of a
    variable, draws of two traced programs are not two weights.
    """
    variable = _variable()
    if variable is None:
        return returned(tensor, within=_program())
    reference = weakref.ref(variable)
    return Filled(_Path(variable.path), lambda: reference() is not None)


def compiling() -> bool:
    """Say whether torch.compile traces the call, which can look at no frame."""
    if keras.config.backend() != "torch":
        return False
    import torch

    return torch.compiler.is_compiling()


class _Path:
    """The path of a variable; in a loaded model its outer parts may be missing."""

    def __init__(self, path: str) -> None:
        self._parts = path.split("/")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Path):
            return NotImplemented
        common = min(len(self._parts), len(other._parts))
        return self._parts[-common:] == other._parts[-common:]

    __hash__ = None  # type: ignore[assignment]


def _variable() -> Any:
    """Return the variable that is being initialized, None without one.

    Keras passes an initializer the shape and the dtype alone.
    """
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name in _CALLERS:
            caller = frame.f_locals.get("self")
            if isinstance(caller, keras.Variable):
                return caller
        frame = frame.f_back  # type: ignore[assignment]
    return None


def _program() -> Any:
    """Return the program that is being traced, None without one."""
    # No match statement: TensorFlow's AutoGraph cannot read one, and warns at length.
    backend = keras.config.backend()
    if backend == "jax":
        try:
            from jax.extend.core import get_opaque_trace_state
        except ImportError:  # before JAX 0.10
            from jax.core import get_opaque_trace_state

        return get_opaque_trace_state()
    if backend == "tensorflow":
        import tensorflow as tf

        return None if tf.executing_eagerly() else weakref.ref(tf.compat.v1.get_default_graph())
    return None
