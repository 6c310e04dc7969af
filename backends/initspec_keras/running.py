"""Run a Keras model on a batch, and measure what its layers return."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import keras

from initspec.backend import Adjust, Filling, InitSpecError, TargetError
from initspec_keras.models import fill
from initspec_keras.walk import Weight, layers, weights


def run(
    model: Any,
    inputs: Any,
    fillings: Sequence[Filling],
    seed: int,
    watched: Sequence[str],
    adjust: Adjust,
) -> None:
    """Run a model that is filled for the time being; see `initspec.backend.HasOutputs`."""
    there = {weight.path: weight for weight in weights(model)}

    def refill(filling: Filling) -> None:
        fill(there, [filling], seed)

    with ExitStack() as stack:
        stack.enter_context(_as_it_was(model))
        fill(there, fillings, seed)
        for layer in {id(layer): layer for _, layer in layers(model)}.values():
            if isinstance(layer, keras.layers.BatchNormalization):
                stack.enter_context(_replaced(layer, "call", _as_in_training(layer.call)))
        for path, layer in _owners(there.values(), watched):
            call = _Call(layer, path, adjust, refill)
            stack.enter_context(_replaced(layer, "call", call))
            if callable(getattr(layer, "activation", None)):
                stack.enter_context(_replaced(layer, "activation", call.activate))
        try:
            _call(model, inputs)
        except InitSpecError:
            raise
        except Exception as error:  # code of the model
            raise TargetError(
                f"the model raises {type(error).__name__} on these inputs: {error}; pass what you "
                "call it with: an array, a tuple of arguments, or a dict of arguments by name"
            ) from error


def _call(model: Any, inputs: Any) -> Any:
    training = {"training": False} if model._call_has_training_arg else {}
    if isinstance(model, keras.Sequential) or hasattr(model, "_operations"):  # functional
        return model(inputs, **training)
    if isinstance(inputs, Mapping):
        return model(**{**training, **inputs})
    return model(*(inputs if isinstance(inputs, tuple) else (inputs,)), **training)


@contextmanager
def _as_it_was(model: Any) -> Iterator[None]:
    """Leave the variables of a model, and Keras' global generator, as they are now."""
    generator = keras.src.backend.common.global_state.get_global_attribute("global_seed_generator")
    states = [] if generator is None else [generator.state]
    variables = {id(v): v for v in (*model.variables, *states)}.values()
    copies = [(variable, keras.ops.copy(variable.value)) for variable in variables]
    try:
        yield
    finally:
        for variable, copy in copies:
            variable.assign(copy)


@contextmanager
def _replaced(layer: Any, name: str, value: Any) -> Iterator[None]:
    """Give a layer another attribute, behind the back of what tracks its state."""
    before = dict(vars(layer))
    vars(layer)[name] = value
    try:
        yield
    finally:
        if name in before:
            vars(layer)[name] = before[name]
        else:
            del vars(layer)[name]


def _as_in_training(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a call that takes the statistics of the batch."""

    def called(*args: Any, **kwargs: Any) -> Any:
        return call(*args, **{**kwargs, "training": True})

    return called


def _owners(there: Iterable[Weight], watched: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yield the layers to watch: one with several weights has its last one scaled."""
    first: dict[int, str] = {}
    chosen = set(watched)
    paths: dict[int, tuple[str, Any]] = {}
    for weight in there:
        path = first.setdefault(id(weight.variable), weight.path)
        if path in chosen:
            layer = weight.layers[0][0]
            paths[id(layer)] = (path, layer)
    yield from paths.values()


class _Call:
    """The call of a layer, which is made again for as long as its weight is adjusted."""

    def __init__(
        self, layer: Any, path: str, adjust: Adjust, refill: Callable[[Filling], object]
    ) -> None:
        self._call = layer.call
        self._activation: Any = getattr(layer, "activation", None)
        self._path = path
        self._adjust = adjust
        self._refill = refill
        self._before: Any = None

    def activate(self, outputs: Any) -> Any:
        """Keep the outputs that the activation is called with."""
        self._before = outputs
        return self._activation(outputs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        while True:
            self._before = None
            result = self._call(*args, **kwargs)
            outputs = result if self._before is None else self._before
            filling = None if _traced(outputs) else self._adjust(self._path, _variance(outputs))
            if filling is None:
                return result
            self._refill(filling)


def _traced(outputs: Any) -> bool:
    """Return whether outputs have no values yet, as within a transformation."""
    backend = keras.config.backend()
    if backend == "jax":
        import jax

        return isinstance(outputs, jax.core.Tracer)
    if backend == "tensorflow":
        import tensorflow as tf

        return not tf.executing_eagerly()
    import torch

    return torch._C._functorch.is_functorch_wrapped_tensor(outputs)


def _variance(outputs: Any) -> float | None:
    """Return the variance of all elements; in float64 where float32 does not hold it."""
    while isinstance(outputs, (tuple, list)) and outputs:
        outputs = outputs[0]
    if not keras.backend.is_float_dtype(keras.backend.standardize_dtype(outputs.dtype)):
        return None
    outputs = keras.ops.convert_to_numpy(keras.ops.cast(outputs, "float32"))
    return float(outputs.astype("float64").var())
