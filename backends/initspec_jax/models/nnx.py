"""The parameters of a flax.nnx model, and how they are filled."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
from flax import nnx

from initspec.backend import Filling, InitSpecWarning, Parameter, TargetError, read_layers
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


def slots(model: nnx.Module) -> Iterator[Slot]:
    """Yield every place of a Param, in the order of nnx.

    The flat state of nnx has one path of each Param, so this walks the graph. Attributes are sorted
    by name: what a transformation returns has forgotten in which order they were set.

    Raises:
        TargetError: a Param is not one array.
    """
    yield from _slots(model, (), (), ())


def _slots(
    node: Any, parts: Parts, owners: tuple[Owner, ...], around: tuple[Any, ...]
) -> Iterator[Slot]:
    if isinstance(node, nnx.Variable):
        value = node.get_raw_value()
        if not isinstance(node, nnx.Param) or value is None:
            return
        if not (hasattr(value, "shape") and hasattr(value, "dtype")):
            raise TargetError(
                f"{'.'.join(parts)} is an nnx.Param of a {type(value).__name__}, not of an array: "
                "make it one Param of each array, or another nnx.Variable"
            )
        yield Slot(node, parts, owners)
        return
    if not nnx.graphlib.is_node(node) or any(node is outer for outer in around):
        return
    if isinstance(node, nnx.Module):
        owners = (*owners, Owner(node, parts, lambda: _shapes(node), vars(node)))
    for key, child in nnx.iter_children(node, graph=True):
        yield from _slots(child, (*parts, str(key)), owners, (*around, node))


def _shapes(module: nnx.Module) -> dict[str, Shape]:
    return {".".join(slot.parts): slot.shape for slot in slots(module)}


def _tied(model: nnx.Module) -> list[list[Slot]]:
    """Return the slots of a model, those of one Param together."""
    groups: dict[int, list[Slot]] = {}
    for slot in slots(model):
        groups.setdefault(id(slot.variable), []).append(slot)
    return list(groups.values())


def parameters(model: nnx.Module, _inputs: Any) -> tuple[Parameter, ...]:
    """Return the parameters of a model; see `initspec.backend.HasModels`."""
    table = read_layers("initspec_jax")
    made = []
    for group in _tied(model):
        places = tuple(place(slot.parts, slot.owners, slot.shape, table) for slot in group)
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
    variables = {".".join(group[0].parts): group[0].variable for group in _tied(model)}
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
    _warn_of_abstract(model)
    return model


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


def _warn_of_abstract(model: nnx.Module) -> None:
    """Warn of what is still abstract: statistics, random states, and Params that are left alone."""
    left = [
        ".".join(map(str, path))
        for path, node in nnx.iter_graph(model, graph=True)
        if isinstance(node, nnx.Variable) and isinstance(node.get_raw_value(), jax.ShapeDtypeStruct)
    ]
    if left:
        more = f" and {len(left) - 5} more" if len(left) > 5 else ""
        warnings.warn(
            f"still without values: {', '.join(left[:5])}{more}; a recipe fills nnx.Param alone: "
            "make them as the model's constructor does",
            InitSpecWarning,
            stacklevel=4,
        )
