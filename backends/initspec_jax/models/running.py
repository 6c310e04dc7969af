"""Run a flax.nnx model on a batch, and measure what its layers return."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from initspec.backend import Adjust, Filling, InitSpecError, TargetError
from initspec_jax.models.nnx import fill, slots, variables_of


def run(
    model: nnx.Module,
    inputs: Any,
    fillings: Sequence[Filling],
    seed: int,
    watched: Sequence[str],
    adjust: Adjust,
) -> None:
    """Run a copy of a model; see `initspec.backend.HasOutputs`."""
    copy = nnx.clone(model)
    variables = variables_of(copy)

    def refill(filling: Filling) -> None:
        fill(variables, [filling], seed)

    fill(variables, fillings, seed)
    copy.eval()
    for _, module in nnx.iter_modules(copy):
        if isinstance(module, nnx.BatchNorm):  # as in a first step of training
            module.use_running_average = False
    paths: dict[int, tuple[str, Any]] = {}
    first: dict[int, str] = {}
    chosen = set(watched)
    for slot in slots(copy):
        path = first.setdefault(id(slot.variable), ".".join(slot.parts))
        if path in chosen and slot.owners:
            layer = slot.owners[-1].layer
            paths[id(layer)] = (path, layer)  # of several weights the last one is scaled
    for path, layer in paths.values():
        _watch(layer, path, adjust, refill)
    try:
        if isinstance(inputs, Mapping):
            copy(**inputs)
        else:
            copy(*(inputs if isinstance(inputs, tuple) else (inputs,)))
    except InitSpecError:
        raise
    except Exception as error:  # code of the model
        raise TargetError(
            f"the model raises {type(error).__name__} on these inputs: {error}; pass what you call "
            "it with: an array, a tuple of arguments, or a dict of arguments by name"
        ) from error


def _watch(
    layer: nnx.Module, path: str, adjust: Adjust, refill: Callable[[Filling], object]
) -> None:
    """Give a layer a class whose call is made again for as long as the weight is adjusted."""
    cls = type(layer)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        while True:
            result = cls.__call__(self, *args, **kwargs)
            outputs = jax.tree.leaves(result)[:1]
            if self is not layer or any(isinstance(leaf, jax.core.Tracer) for leaf in outputs):
                return result
            filling = adjust(path, _variance(outputs[0]) if outputs else None)
            if filling is None:
                return result
            refill(filling)

    watched = types.new_class(cls.__name__, (cls,), {}, lambda body: body.update(__call__=call))
    object.__setattr__(layer, "__class__", watched)


def _variance(outputs: Any) -> float | None:
    """Return the variance of all elements; in float64 where float32 does not hold it."""
    if not jnp.issubdtype(outputs.dtype, jnp.floating):
        return None
    return float(np.asarray(outputs).astype(np.float64).var())
