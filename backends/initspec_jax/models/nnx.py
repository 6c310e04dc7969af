"""The parameters of a flax.nnx model, and how they are filled."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from initspec.backend import Filling, InitSpecWarning, Parameter, TargetError
from initspec_jax.models.filling import all_zeros, array, check
from initspec_jax.models.places import Owner, Parts, Shape, place


@dataclass(frozen=True, slots=True)
class Slot:
    """Where an nnx.Param stands in a model.

    Attributes:
        variable: the Param.
        parts: the parts of its path.
        owners: the modules around it, the outermost first.
    """

    variable: nnx.Variable[Any]
    parts: Parts
    owners: tuple[Owner, ...]

    @property
    def shape(self) -> Shape:
        """Its shape."""
        return tuple(self.variable.get_raw_value().shape)


def slots(model: Any, parts: Parts = ()) -> Iterator[Slot]:
    """Yield every place of a Param, in the order of nnx; see `_variables`.

    Raises:
        TargetError: a Param is not one array.
    """
    for slot in _variables(model, parts):
        value = slot.variable.get_raw_value()
        if not isinstance(slot.variable, nnx.Param) or value is None:
            continue
        if not (hasattr(value, "shape") and hasattr(value, "dtype")):
            raise TargetError(
                f"{'.'.join(slot.parts)} is an nnx.Param of a {type(value).__name__}, not of an "
                "array: make it one Param of each array, or another nnx.Variable"
            )
        yield slot


def _variables(
    node: Any, parts: Parts = (), owners: tuple[Owner, ...] = (), around: tuple[Any, ...] = ()
) -> Iterator[Slot]:
    """Yield every place of a Variable.

    The flat state of nnx has one path of each, so this walks the graph. Attributes are sorted by
    name: what a transformation returns has forgotten in which order they were set.
    """
    if isinstance(node, nnx.Variable):
        yield Slot(node, parts, owners)
        return
    if not nnx.graphlib.is_node(node) or any(node is outer for outer in around):
        return
    children = list(_children(node))
    if isinstance(node, nnx.Module):
        owners = (*owners, Owner(node, parts, lambda: _shapes(children), vars(node)))
    for key, child in children:
        yield from _variables(child, (*parts, key), owners, (*around, node))


def _children(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield what `nnx.iter_children` does, by name, in a third of its time.

    It looks at every attribute of a layer for what JAX might have traced; most are settings.
    """
    for key, child in nnx.graphlib.get_node_impl(node).node_dict(node).items():
        if type(child) not in _SETTINGS and nnx.graphlib.is_graph_node(child):
            yield str(key), child


_SETTINGS = {type(None), bool, int, float, str, FunctionType, type(jnp.float32), np.dtype}
"""Types of attributes that hold no Variable."""


def _shapes(children: Sequence[tuple[str, Any]]) -> dict[str, Shape]:
    inside = (slot for key, child in children for slot in slots(child, (key,)))
    return {".".join(slot.parts): slot.shape for slot in inside}


def _tied(model: nnx.Module) -> list[list[Slot]]:
    """Return the slots of a model, those of one Param together."""
    groups: dict[int, list[Slot]] = {}
    for slot in slots(model):
        groups.setdefault(id(slot.variable), []).append(slot)
    return list(groups.values())


def parameters(model: nnx.Module, _inputs: Any) -> tuple[Parameter, ...]:
    """Return the parameters of a model; see `initspec.backend.HasModels`."""
    made = []
    for group in _tied(model):
        places = tuple(place(slot.parts, slot.owners, slot.shape) for slot in group)
        value = group[0].variable.get_raw_value()
        scale = any(there.role == "scale" for there in places)
        made.append(
            Parameter(places, group[0].shape, str(value.dtype), zeros=scale and all_zeros(value))
        )
    return tuple(made)


def write(
    model: nnx.Module, fillings: Sequence[Filling], seed: int | None, _inputs: Any
) -> nnx.Module:
    """Fill parameters of a model in place; see `initspec.backend.HasModels`."""
    variables = variables_of(model)
    fill(variables, fillings, seed)
    _warn_of_abstract(variables)
    return model


def variables_of(model: nnx.Module) -> dict[str, nnx.Variable[Any]]:
    """Return the variables of a model by each of their paths."""
    return {".".join(slot.parts): slot.variable for slot in _variables(model)}


def fill(
    variables: Mapping[str, nnx.Variable[Any]], fillings: Sequence[Filling], seed: int | None
) -> None:
    """Fill Params, which are given by path, after all of them have been checked; see `write`."""
    chosen = [(filling, variables[filling.parameter.path]) for filling in fillings]
    for filling, variable in chosen:
        check(filling, seed, variable.get_raw_value())
        if not variable._can_update:
            raise TargetError(
                f"{filling.parameter.path} was made outside of this transformation, as its model: "
                "pass the model as an argument, or make it inside"
            )
    for filling, variable in chosen:
        variable.set_value(array(filling, seed, _like(variable)))


def arrays(model: nnx.Module) -> dict[str, Any]:
    """Return the value of each Param by its first path."""
    return {".".join(group[0].parts): group[0].variable.get_raw_value() for group in _tied(model)}


def _like(variable: nnx.Variable[Any]) -> Any:
    """Return the value of a Param; an abstract one with the sharding that the Param states."""
    value = variable.get_raw_value()
    meshed = variable.has_metadata("mesh") or not jax.sharding.get_abstract_mesh().empty
    if meshed and isinstance(value, jax.ShapeDtypeStruct):
        return nnx.as_abstract(variable).get_raw_value()
    return value


def _warn_of_abstract(variables: dict[str, nnx.Variable[Any]]) -> None:
    """Warn of what is still abstract: statistics, random states, and Params that are left alone."""
    paths = {id(variable): path for path, variable in reversed(variables.items())}
    abstract = (
        id(v) for v in variables.values() if isinstance(v.get_raw_value(), jax.ShapeDtypeStruct)
    )
    left = [paths[variable] for variable in dict.fromkeys(abstract)]
    if left:
        more = f" and {len(left) - 5} more" if len(left) > 5 else ""
        warnings.warn(
            f"still without values: {', '.join(left[:5])}{more}; a recipe fills nnx.Param alone: "
            "make them as the model's constructor does",
            InitSpecWarning,
            stacklevel=4,
        )
