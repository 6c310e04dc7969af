"""The parameters of trees of arrays, Equinox modules among them, and new trees of these."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from initspec.backend import (
    AxesError,
    Filling,
    Layer,
    LayerParameter,
    Parameter,
    Place,
    ShapeError,
    is_mixer,
)
from initspec_jax.models import boxes
from initspec_jax.models.filling import all_zeros, array, check
from initspec_jax.models.places import Owner, Parts, Shape, place

_CONV = ["in out", "kernel kernel in out", "kernel kernel kernel in out"]
_NAMES = Layer(
    (),
    {
        # A kernel of flax of rank 3 is of a convolution, or of attention: its axes need a rule.
        "kernel": LayerParameter("kernel", _CONV),
        "w": LayerParameter("kernel", ["kernel in out", *_CONV]),
        "bias": LayerParameter("bias", of="kernel"),
        "b": LayerParameter("bias", of="w"),
        "embedding": LayerParameter("embedding", ["stack out"]),
        "embeddings": LayerParameter("embedding", ["stack out"]),
        "scale": LayerParameter("scale"),
        "offset": LayerParameter("shift"),
    },
    {},
)
"""What the names that flax and Haiku give parameters mean, where there is no layer to look at."""


def parameters(model: Any, _inputs: Any) -> tuple[Parameter, ...]:
    """Return the parameters of a tree; see `initspec.backend.HasModels`."""
    made = []
    mixers: dict[Parts, bool] = {}
    model = _params(model)
    for keys, leaf in _leaves(model):
        nodes = list(_nodes(model, keys))
        parts = tuple(_part(key) for key in keys)
        value = _unboxed(leaf)
        shape = tuple(value.shape)
        there = _place(parts, nodes, shape, mixers)
        zeros = there.role == "scale" and all_zeros(value)
        made.append(Parameter((there,), shape, str(value.dtype), zeros=zeros))
    return tuple(made)


def arrays(model: Any) -> dict[str, Any]:
    """Return the array of each parameter by its path."""
    return {".".join(map(_part, keys)): _unboxed(leaf) for keys, leaf in _leaves(_params(model))}


def write(model: Any, fillings: Sequence[Filling], seed: int | None, _inputs: Any) -> Any:
    """Return a tree with new parameters; see `initspec.backend.HasModels`."""
    prefix = "" if _params(model) is model else "params."
    chosen = {prefix + filling.parameter.path: filling for filling in fillings}
    leaves, tree = jax.tree_util.tree_flatten_with_path(model, is_leaf=_is_box)
    filled = [(chosen.get(".".join(map(_part, keys))), leaf) for keys, leaf in leaves]
    for filling, leaf in filled:
        if filling is not None:
            check(filling, seed, _unboxed(leaf))
    return tree.unflatten(
        leaf if filling is None else _filled(filling, seed, leaf) for filling, leaf in filled
    )


def _filled(filling: Filling, seed: int | None, leaf: Any) -> Any:
    """Return what stands in the place of a leaf: a new array, in a box if that was in one."""
    value = array(filling, seed, _unboxed(leaf))
    return leaf.replace_boxed(value) if _is_box(leaf) else value


def _params(model: Any) -> Any:
    """Return the parameters among the variables of a linen module; any other tree as it is.

    So they have the paths that they have in the module.
    """
    variables = isinstance(model, Mapping) and "params" in model
    if variables and all(isinstance(collection, Mapping) for collection in model.values()):
        return model["params"]
    return model


def _is_box(leaf: Any) -> bool:
    return isinstance(leaf, boxes())


def _unboxed(leaf: Any) -> Any:
    return leaf.unbox() if _is_box(leaf) else leaf


def _leaves(model: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield the parameters with their keys: of an Equinox module what it trains, and no state."""
    equinox = _equinox(model)
    for keys, leaf in jax.tree_util.tree_leaves_with_path(model, is_leaf=_is_box):
        if equinox is None or (
            hasattr(leaf, "shape")
            and hasattr(leaf, "dtype")
            and jnp.issubdtype(leaf.dtype, jnp.inexact)
            and not any(isinstance(n, equinox.nn.StateIndex) for n, _ in _nodes(model, keys))
        ):
            yield keys, leaf


def _equinox(model: Any) -> Any:
    """Return Equinox where a model is a module of it, else None."""
    equinox: Any = sys.modules.get("equinox")
    return equinox if equinox is not None and isinstance(model, equinox.Module) else None


def _nodes(model: Any, keys: Sequence[Any]) -> Iterator[tuple[Any, Parts]]:
    """Yield the nodes around a leaf with the parts of their paths, the outermost first."""
    node: Any = model
    parts: Parts = ()
    for key in keys:
        yield node, parts
        if isinstance(key, jax.tree_util.GetAttrKey):
            node = getattr(node, key.name)
        elif isinstance(key, jax.tree_util.SequenceKey):
            node = node[key.idx]
        elif isinstance(key, jax.tree_util.DictKey):
            node = node[key.key]
        else:  # a node of another library, which does not say what its children are
            return
        parts = (*parts, _part(key))


def _part(key: Any) -> str:
    return jax.tree_util.keystr((key,), simple=True)


def _place(
    parts: Parts, nodes: Sequence[tuple[Any, Parts]], shape: Shape, mixers: dict[Parts, bool]
) -> Place:
    """Return where a parameter stands; `mixers` has the answers of `is_mixer` by path."""
    equinox = _equinox(nodes[0][0])
    if equinox is None:
        for node, where in nodes:
            if where not in mixers:
                mixers[where] = isinstance(node, Mapping) and is_mixer(map(str, node))
        if any(mixers[where] for _, where in nodes):
            return Place(".".join(parts))
        return _by_name(parts, nodes[-1][0], shape)
    owners = [
        Owner(node, where, partial(_shapes, node), vars(node), table="equinox")
        for node, where in nodes
        if isinstance(node, equinox.Module)
    ]
    return place(parts, owners, shape)


def _shapes(module: Any) -> dict[str, Shape]:
    return {".".join(map(_part, keys)): tuple(leaf.shape) for keys, leaf in _leaves(module)}


def _by_name(parts: Parts, siblings: Any, shape: Shape) -> Place:
    """Return what the name of a parameter means beside those of its siblings."""
    path, name = ".".join(parts), parts[-1]
    if not isinstance(siblings, Mapping):
        return Place(path)
    row = _NAMES.find(name)
    if row is None or (row.role == "kernel" and len(shape) < 2):
        return Place(path)
    shapes = {
        str(key): tuple(getattr(_unboxed(value), "shape", ())) for key, value in siblings.items()
    }
    of_norm = row.role == "bias" and row.of not in shapes and "scale" in shapes
    role = "shift" if of_norm else row.role
    if role == "bias" and row.of not in shapes:
        return Place(path, (), role)
    try:
        return Place(path, (), role, _NAMES.axes(name, shapes))
    except (AxesError, ShapeError):
        return Place(path, (), role)
