"""What the audit of the frameworks' own initializers checks: initializers x layers x dtypes."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, cast

from initspec import Axes, InitSpec
from initspec.backend import Backend, BackendError, Builtin, HasBuiltins, LayerWeight, optional
from initspec.errors import InitSpecError
from initspec_conformance.expected.expected import Expected, expected_of
from initspec_conformance.expected.tables import weights


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
        expected: what it should draw there.
    """

    backend: str
    native: Builtin
    layer: LayerWeight
    expected: Expected

    @property
    def id(self) -> str:
        """Its name in a report: line as spec/layer/dtype."""
        what = f"{self.native.line} as {self.native.spec}"
        return f"{what}/{self.layer.name}/{self.expected.dtype}"


@cache
def layers() -> tuple[Layer, ...]:
    """Return the small weights of weights.toml and of layers.toml."""
    text = (files("initspec_conformance.expected") / "layers.toml").read_text("utf-8")
    rows: list[dict[str, Any]] = tomllib.loads(text)["weight"]
    plain = [Layer(weight.name, weight.axes, weight.shape) for weight in weights()]
    return (*plain, *(Layer(row["name"], row["axes"], tuple(row["shape"])) for row in rows))


def builtin_cells(backends: Sequence[Backend[Any]]) -> list[BuiltinCell]:
    """Return what is to be checked of backends whose frameworks have initializers.

    Each initializer meets each of its layers in its first dtype, and the first of them in all.

    Raises:
        InitSpecError: none of the frameworks has initializers, or one is for no layer, or for one
            whose axes are not those of the suite's tables.
    """
    if not any(isinstance(backend, HasBuiltins) for backend in backends):
        for backend in backends:
            optional(backend, HasBuiltins, "initializers of its own")
        raise InitSpecError("no backend to audit: name one")
    return [
        cell
        for backend in backends
        if isinstance(backend, HasBuiltins)
        for native in _builtins(backend)
        for cell in _cells(str(backend.name), native)
    ]


def _builtins(backend: Any) -> tuple[Builtin, ...]:
    try:
        natives = tuple(backend.builtins())
    except Exception as error:  # a third party's package: which one is it?
        raise BackendError(
            f"builtins() of the backend {backend.name!r} failed: {type(error).__name__}: {error}"
        ) from error
    for native in natives:
        if not isinstance(native, Builtin):
            raise BackendError(
                f"builtins() of the backend {backend.name!r} has {native!r}: write a Builtin"
            )
    return natives


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
            backend, native, weight, expected_of(spec, weight.shape, Axes(weight.axes), dtype)
        )
        for index, weight in enumerate(native.layers)
        for dtype in (native.dtypes[:1] if index else native.dtypes)
    ]
