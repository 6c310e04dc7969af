"""Whole models of Keras: their parameters, and how they are filled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from initspec.backend import (
    FLOATS,
    Axes,
    AxesError,
    Filling,
    Parameter,
    Place,
    Resolved,
    TargetError,
    check_name,
    float_type,
    is_mixer,
    norm_role,
    numpy_dtype,
    read_layers,
    resolve,
    shown,
)
from initspec_keras.initializer import canonical
from initspec_keras.primitives import KerasPrimitives
from initspec_keras.seeded import Part, portable_tensor
from initspec_keras.vocabulary.layers import settings
from initspec_keras.walk import Weight, layers, own_weights, weights


def parameters(model: Any) -> tuple[Parameter, ...]:
    """Return the weights of a model that it created trainable, in its order, each once.

    Raises:
        TargetError: a layer of it is not built, or has a weight of integers that is trained.
    """
    _check(model)
    mixers = {
        id(layer) for _, layer in layers(model) if is_mixer(name for name, _ in own_weights(layer))
    }
    places: dict[int, list[tuple[Weight, Place]]] = {}
    for weight in weights(model):
        mixed = any(id(layer) in mixers for layer, _ in weight.layers)
        role, axes = ("other", None) if mixed else _role(weight)
        place = Place(weight.path, _classes(weight), role, axes)
        places.setdefault(id(weight.variable), []).append((weight, place))
    return tuple(_parameter(tied) for tied in places.values())


def write(model: Any, fillings: Sequence[Filling], seed: int | None, device: Any = None) -> Any:
    """Fill weights of a model in place, and return it.

    Without a seed Keras' global generator draws, which `keras.utils.set_random_seed` seeds.

    Raises:
        TargetError: a device is given, or a weight is not one of the model; nothing has been
            written then.
    """
    if device is not None:
        raise TargetError(
            f"device={shown(device)}: the weights of a Keras model have a device already; leave it "
            "out"
        )
    fill({weight.path: weight for weight in weights(model)}, fillings, seed)
    return model


def fill(there: Mapping[str, Weight], fillings: Sequence[Filling], seed: int | None) -> None:
    """Fill weights, which are given by path, after all of them have been checked; see `write`."""
    plans = []
    for filling in fillings:
        path = filling.parameter.path
        if path not in there or there[path].shape != filling.parameter.shape:
            raise TargetError(
                f"{path} of the shape {filling.parameter.shape} is not a weight of the model any "
                "more: call parameters(model) again"
            )
        kind, shape = float_type(filling.parameter.dtype), filling.parameter.shape
        whole = resolve(filling.spec, shape, filling.axes, kind=kind)
        parts = [
            (index, resolve(spec, shape, filling.axes, kind=kind)) for index, spec in filling.parts
        ]
        plans.append((there[path].variable, whole, kind, check_name(filling.name), parts))
    for variable, whole, kind, name, parts in plans:
        if seed is None:
            variable.assign(_drawn(whole, kind, parts))
        else:
            variable.assign(portable_tensor(whole, kind, seed, name, parts))


def values(model: Any, paths: Sequence[str]) -> Iterator[NDArray[Any]]:
    """Yield the values of weights, one after the other."""
    there = {weight.path: weight.variable for weight in weights(model)}
    for path in paths:
        variable = there[path]
        # An array of JAX that is read keeps its copy on the host; this one is dropped with it.
        array = keras.ops.convert_to_numpy(keras.ops.copy(variable.value))
        if variable.dtype in FLOATS:
            # Keras on JAX without x64 calls a variable float64 that is float32.
            kind = canonical(float_type(variable.dtype))
            array = array.astype(numpy_dtype(kind), copy=False)
        yield array


def _drawn(whole: Resolved, kind: Any, parts: Sequence[Part]) -> Any:
    """Return a weight that Keras' global generator draws."""
    if not whole.layout.size:
        return keras.ops.zeros(whole.layout.shape, dtype=kind.name)
    value = whole.sample(KerasPrimitives(whole.layout, kind, None))
    for index, part in parts:
        block = part.sample(KerasPrimitives(part.layout, kind, None))[index]
        value = keras.ops.slice_update(value, [i.start or 0 for i in index], block)
    return value


def _check(model: Any) -> None:
    """Raise where a model has weights that no spec can fill, or none yet."""
    unbuilt, wrong = [], []
    for path, layer in layers(model):
        name = f"{path or layer.name}, a {type(layer).__name__}"
        # Without a build of its own a layer has all its weights, also where nothing called it yet.
        if not layer.built and not getattr(layer.build, "_is_default", False):
            unbuilt.append(name)
            continue
        wrong += [
            f"{variable_name} of {name}, is of {variable.dtype}, not of {', '.join(FLOATS)}: "
            "make it with trainable=False"
            for variable_name, variable in own_weights(layer)
            if variable.trainable and variable.dtype not in FLOATS
        ]
    if unbuilt:
        raise TargetError(
            f"without weights yet: {'; '.join(unbuilt[:5])}"
            + (f"; and {len(unbuilt) - 5} more" if len(unbuilt) > 5 else "")
            + ": build the model first, by model.build(input_shape) or a call with a batch"
        )
    if wrong:
        raise TargetError("\n".join(wrong))


def _parameter(tied: Sequence[tuple[Weight, Place]]) -> Parameter:
    first, variable = tied[0][0], tied[0][0].variable
    dtype = variable.dtype
    parameter = Parameter(
        tuple(place for _, place in tied),
        first.shape,
        canonical(float_type(dtype)).name if dtype in FLOATS else dtype,
        frozen=all(weight.frozen for weight, _ in tied),
    )
    if parameter.role != "scale" or np.any(keras.ops.convert_to_numpy(variable.value)):
        return parameter
    return Parameter(parameter.places, parameter.shape, parameter.dtype, parameter.frozen, True)


def _classes(weight: Weight) -> tuple[str, ...]:
    """Return the names of a weight's layer and its bases: those of what hides the layer first.

    An LSTM hides its LSTMCell, and a MultiHeadAttention its EinsumDense.
    """
    (owner, _), *around = weight.layers
    names = list(_names(owner))
    if around and _hides(*around[0]):
        names = [*_names(around[0][0]), *names]
    return tuple(dict.fromkeys(names))


def _hides(parent: Any, path: str) -> bool:
    if isinstance(parent, keras.layers.RNN):
        return type(parent) is not keras.layers.RNN
    row = read_layers(__package__).find(type(parent).__mro__)
    return row is not None and row.find(path) is not None


def _names(layer: Any) -> Iterator[str]:
    return (kind.__name__ for kind in type(layer).__mro__ if issubclass(kind, keras.layers.Layer))


def _role(weight: Weight) -> tuple[str, Axes | None]:
    """Return what the nearest layer around a weight that the table has makes of it."""
    table = read_layers(__package__)
    for layer, path in weight.layers:
        row = table.find(type(layer).__mro__)
        parameter = None if row is None else row.find(path)
        if row is None or parameter is None:
            continue
        shapes = {inner.path: inner.shape for inner in weights(layer)}
        try:
            axes = row.axes(path, shapes, settings(layer))
            axes.layout(weight.shape)
        except AxesError:
            listed = table.find(_names(layer))  # by name: without what users registered
            if listed is None or listed.find(path) is not parameter:
                raise
            continue  # a subclass that lays its weights out otherwise than the table's class
        return parameter.role, axes
    owner, name = weight.layers[0]
    role = norm_role(type(owner).__name__, name, weight.shape)
    return role, Axes("out") if role != "other" else None
