"""The parameters of a flax.linen module, and the variables that it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen
from flax.core import meta

from initspec.backend import (
    IN_OUT,
    Axes,
    Declared,
    Filling,
    InitSpecError,
    Parameter,
    TargetError,
    read_native,
)
from initspec_jax.models.filling import array, check
from initspec_jax.models.places import Owner, Parts, Shape, place
from initspec_jax.vocabulary.layers import settings

_HOW = (
    "pass inputs=, an example of what the module is called with: an array or a "
    "jax.ShapeDtypeStruct, a tuple of arguments, or a dict of arguments by name. On the command "
    "line, the factory returns (module, inputs)"
)


@dataclass(slots=True)
class _Calls:
    """What the calls of a module and those inside of it show.

    Attributes:
        shapes: the shape of each parameter where its layer sees it, in the order of the calls:
            without the axes that nn.scan and nn.vmap add.
        owners: the modules that have parameters, by the parts of their paths.
        initializers: what the parameters start as, where their module has an attribute for it.
    """

    shapes: dict[Parts, Shape] = field(default_factory=dict)
    owners: dict[Parts, list[Owner]] = field(default_factory=dict)
    initializers: dict[Parts, Declared | None] = field(default_factory=dict)

    def note(self, module: linen.Module) -> None:
        """Note a module whose method returned."""
        variables, parts = module.variables.get("params", {}), module.path
        if not variables:  # such as what a transformation puts around a module, without its path
            return
        owner = Owner(module, parts, lambda: self._inside(parts), tuple(variables), stacked=False)
        if owner.row:
            _ = owner.settings  # of a module that is bound no longer they cannot be read
        if owner.classes not in [other.classes for other in self.owners.get(parts, ())]:
            self.owners.setdefault(parts, []).append(owner)
        for name, value in variables.items():
            if not isinstance(value, Mapping):
                path, shape = (*parts, name), tuple(meta.unbox(value).shape)
                self.shapes.setdefault(path, shape)
                native = getattr(module, f"{name}_init", None)
                if callable(native) and path not in self.initializers:
                    self.initializers[path] = _declared(native, module, name, shape)

    def _inside(self, parts: Parts) -> dict[str, Shape]:
        return {
            ".".join(path[len(parts) :]): shape
            for path, shape in self.shapes.items()
            if path[: len(parts)] == parts
        }

    def around(self, parts: Parts) -> list[Owner]:
        """Return the modules around a parameter, the outermost first."""
        return [
            owner for count in range(len(parts)) for owner in self.owners.get(parts[:count], ())
        ]


def parameters(model: linen.Module, inputs: Any) -> tuple[Parameter, ...]:
    """Return the parameters of a module; see `initspec.backend.HasModels`.

    Raises:
        TargetError: there are no inputs, or the module cannot be called with them.
    """
    calls, variables = _called(model, inputs)
    leaves = _leaves(variables.get("params", {}))
    order = {parts: position for position, parts in enumerate(calls.shapes)}
    made = []
    for parts in sorted(leaves, key=lambda parts: order.get(parts, len(order))):
        value = meta.unbox(leaves[parts])
        shape = tuple(value.shape)
        owners = calls.around(parts) if parts in calls.shapes else []
        made.append(Parameter((place(parts, owners, shape),), shape, str(value.dtype)))
    return tuple(made)


def initializers(model: linen.Module, inputs: Any) -> dict[str, Declared | None]:
    """Return what modules state, by path; see `initspec.backend.HasInitializers`."""
    calls, variables = _called(model, inputs)
    return {
        ".".join(parts): _stacked(calls.initializers[parts], calls.shapes[parts], leaf)
        for parts, leaf in _leaves(variables.get("params", {})).items()
        if parts in calls.initializers
    }


def _declared(native: Any, module: linen.Module, name: str, shape: Shape) -> Declared | None:
    try:
        spec, axes = read_native(native)
    except InitSpecError:  # code of somebody's own
        return None
    if name == "kernel" and hasattr(module, "axis"):
        # A general linear layer draws a matrix, in which its batch axes are inputs too.
        line = settings(module)["kernel_axes"].replace("stack", "in")
        return Declared(spec, Axes(line)) if axes is None else None
    return Declared(spec, axes or (IN_OUT if len(shape) >= 2 else None))


def _stacked(declared: Declared | None, shape: Shape, leaf: Any) -> Declared | None:
    """Return what a module states of a weight that a transformation may have stacked."""
    whole = tuple(meta.unbox(leaf).shape)
    if declared is None or declared.axes is None or whole == shape:
        return declared
    count = len(whole) - len(shape)
    if whole[count:] != shape:
        return None
    return replace(declared, axes=Axes("stack " * count + str(declared.axes)))


def _called(model: linen.Module, inputs: Any) -> tuple[_Calls, Any]:
    """Return what the calls of a module show, and its variables as ShapeDtypeStructs."""
    calls = _Calls()

    def noted(method: Any, args: Any, kwargs: Any, context: Any) -> Any:
        result = method(*args, **kwargs)
        if context.module.scope is not None:
            calls.note(context.module)
        return result

    with linen.intercept_methods(noted):
        return calls, _abstract(model, inputs)


def write(model: linen.Module, fillings: Sequence[Filling], seed: int | None, inputs: Any) -> Any:
    """Return the variables of a module; see `initspec.backend.HasModels`.

    What is not filled is as the module initializes it, with the key of the seed.
    """
    variables = _abstract(model, inputs)
    params = _leaves(variables.get("params", {}))
    boxes = {("params", *parts): box for parts, box in params.items()}
    chosen = {
        ("params", *parts): filling
        for filling in fillings
        for parts in params
        if ".".join(parts) == filling.parameter.path
    }
    for parts, filling in chosen.items():
        check(filling, seed, meta.unbox(boxes[parts]))
    made = _initialized(model, inputs, seed, set(_leaves(variables)) - set(chosen))
    for parts, filling in chosen.items():
        box = boxes[parts]
        value = array(filling, seed, meta.unbox(box))
        made[parts] = box.replace_boxed(value) if isinstance(box, meta.AxisMetadata) else value
    return _tree(variables, made)


def arrays(_model: linen.Module) -> dict[str, Any]:
    """Return no values: the variables have them."""
    return {}


def _initialized(
    model: linen.Module, inputs: Any, seed: int | None, chosen: set[Parts]
) -> dict[Parts, Any]:
    """Return variables as a module initializes them; nothing is computed for the others."""
    if not chosen:
        return {}
    init, arrays = _init(model, inputs, (seed or 0) % 2**32)

    def some(arrays: Sequence[Any]) -> list[Any]:
        leaves = _leaves(init(arrays))
        return [leaves[parts] for parts in sorted(chosen)]

    zeros = [
        jnp.zeros(value.shape, value.dtype) if isinstance(value, jax.ShapeDtypeStruct) else value
        for value in arrays
    ]
    return dict(zip(sorted(chosen), jax.jit(some)(zeros), strict=True))


def _abstract(model: linen.Module, inputs: Any) -> Any:
    """Return the variables of a module as ShapeDtypeStructs."""
    init, arrays = _init(model, inputs, 0)
    try:
        return jax.eval_shape(init, arrays)
    except Exception as error:  # the module's own, of any kind
        raise TargetError(
            f"{type(model).__name__} cannot be called with these inputs, {type(error).__name__}: "
            f"{error}; {_HOW}"
        ) from error


def _init(
    model: linen.Module, inputs: Any, seed: int
) -> tuple[Callable[[Sequence[Any]], Any], list[Any]]:
    """Return a function of the arrays among the inputs that initializes a module, and these.

    Other inputs, such as train=False, are no arrays while the module is traced either.
    """
    if inputs is None:
        raise TargetError(
            "a linen module has no parameters before it is called: pass its variables in its "
            f"place, or {_HOW}"
        )
    leaves, tree = jax.tree.flatten(inputs)
    places = [place for place, leaf in enumerate(leaves) if hasattr(leaf, "shape")]

    def init(arrays: Sequence[Any]) -> Any:
        given = dict(zip(places, arrays, strict=True))
        values = tree.unflatten([given.get(place, leaf) for place, leaf in enumerate(leaves)])
        args = values if isinstance(values, tuple) else ()
        named = values if isinstance(values, Mapping) else {}
        if not isinstance(values, tuple | Mapping):
            args = (values,)
        return model.init(jax.random.key(seed), *args, **named)

    return init, [leaves[place] for place in places]


def _leaves(tree: Any, parts: Parts = ()) -> dict[Parts, Any]:
    """Return what is no mapping in nested mappings, by the keys that lead to it."""
    if not isinstance(tree, Mapping):
        return {parts: tree}
    return {
        path: leaf
        for key, value in tree.items()
        for path, leaf in _leaves(value, (*parts, str(key))).items()
    }


def _tree(like: Any, leaves: Mapping[Parts, Any], parts: Parts = ()) -> Any:
    """Return nested dicts of the same keys with these leaves."""
    if not isinstance(like, Mapping):
        return leaves[parts]
    return {key: _tree(value, leaves, (*parts, str(key))) for key, value in like.items()}
