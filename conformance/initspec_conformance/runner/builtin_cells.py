"""What the audit checks: initializers x layers x dtypes."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any, cast

from initspec import Axes, InitSpec
from initspec.backend import Backend, Builtin, HasBuiltins, LayerWeight
from initspec.errors import InitSpecError
from initspec_conformance.expected.tables import weights
from initspec_conformance.expected.target import Target, target_of


@dataclass(frozen=True)
class Layer:
    """A weight of a real layer.

    Attributes:
        name: the layer.
        axes: the true role of each axis.
        shape: the weight's shape.
    """

    name: str
    axes: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class BuiltinCell:
    """An initializer on a layer's weight.

    Attributes:
        backend: the name of the backend whose framework it is from.
        native: the initializer.
        layer: the layer.
        target: what it should draw there.
    """

    backend: str
    native: Builtin
    layer: LayerWeight
    target: Target

    @property
    def id(self) -> str:
        """Its name in a report: line as spec/layer/dtype."""
        what = f"{self.native.line} as {self.native.spec}"
        return f"{what}/{self.layer.name}/{self.target.dtype}"


@cache
def layers() -> tuple[Layer, ...]:
    """Return the small weights of weights.toml and of layers.toml."""
    text = (files("initspec_conformance.expected") / "layers.toml").read_text("utf-8")
    rows: list[dict[str, Any]] = tomllib.loads(text)["weight"]
    found = [Layer(weight.name, weight.axes, weight.shape) for weight in weights()]
    return (*found, *(Layer(row["name"], row["axes"], tuple(row["shape"])) for row in rows))


def cells_of(backends: Sequence[Backend[Any]], only: str = "*") -> list[BuiltinCell]:
    """Return what is to be checked of backends whose frameworks have initializers.

    Each initializer meets each of its layers in its first dtype, and the first of them in all.

    Raises:
        InitSpecError: none of the frameworks has initializers, one is for no layer of the tables,
            or `only` matches nothing.
    """
    speakers = [backend for backend in backends if isinstance(backend, HasBuiltins)]
    if not speakers:
        names = ", ".join(str(backend.name) for backend in backends) or "no backend"
        raise InitSpecError(
            f"{names}: nothing to audit, for none has initializers of its own; name a backend with "
            "a method `builtins`, such as torch, keras or jax"
        )
    every = [
        cell
        for backend in speakers
        for native in backend.builtins()
        for cell in _cells(str(backend.name), native)
    ]
    chosen = [cell for cell in every if only == cell.id or fnmatchcase(cell.id, only)]
    if not chosen:
        some = ", ".join(cell.id for cell in every[:4])
        raise InitSpecError(f"only={only!r} matches none of {len(every)} cells, such as {some}")
    return chosen


def _cells(backend: str, native: Builtin) -> list[BuiltinCell]:
    if not native.layers:
        raise InitSpecError(f"{native.line}: its `layers` are empty; name a weight that it fills")
    typed = {layer.name: layer for layer in layers()}
    for weight in native.layers:
        # What both tables have is the same weight; a table that is wrong must not judge itself.
        layer = typed.get(weight.name)
        roles = Axes(weight.axes).layout(weight.shape)
        if layer is not None and Axes(layer.axes).layout(layer.shape) != roles:
            raise InitSpecError(
                f"{weight.name}: the backend {backend!r} has {weight.shape} '{weight.axes}', the "
                f"suite {layer.shape} '{layer.axes}'"
            )
    spec = cast(InitSpec, native.spec)
    return [
        BuiltinCell(
            backend, native, weight, target_of(spec, weight.shape, Axes(weight.axes), dtype)
        )
        for index, weight in enumerate(native.layers)
        for dtype in (native.dtypes[:1] if index else native.dtypes)
    ]
