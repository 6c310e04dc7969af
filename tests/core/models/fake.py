"""A model of no framework, and a backend that knows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from initspec import Axes
from initspec.backend import Filling, Parameter, Place


@dataclass
class Model:
    """Parameters, and the arrays of those that have values."""

    parameters: list[Parameter]
    arrays: dict[str, Any] = field(default_factory=dict)


class FakeBackend:
    """Fills by whole draws of `to_numpy`, of which a part is cut out."""

    name = "fake"

    def owns(self, model: object) -> bool:
        return isinstance(model, Model)

    def parameters(self, model: Model, inputs: Any = None) -> list[Parameter]:
        return model.parameters

    def write(self, model: Model, fillings: Sequence[Filling], seed: int | None, **_: Any) -> Model:
        for filling in fillings:
            parameter = filling.parameter
            model.arrays[parameter.path] = self._draw(filling, filling.spec, seed)
            for index, spec in filling.parts:
                whole = self._draw(filling, spec, seed)
                model.arrays[parameter.path][index] = whole[index]
        return model

    def values(self, model: Model, paths: Sequence[str]) -> Iterator[Any]:
        return (model.arrays.get(path) for path in paths)

    def _draw(self, filling: Filling, spec: Any, seed: int | None) -> Any:
        init = spec.to_numpy(filling.axes, seed=seed, name=filling.name)
        return init(filling.parameter.shape, filling.parameter.dtype)


def weight(path: str, shape: tuple[int, ...], axes: str, dtype: str = "float32", **more: Any):
    """Return a parameter; `tied` are its other paths."""
    places = [path, *more.pop("tied", ())]
    role = more.pop("role", "kernel")
    return Parameter(
        tuple(Place(name, ("Linear",), role, Axes(axes)) for name in places), shape, dtype, **more
    )
