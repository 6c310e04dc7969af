"""What the layers around a parameter make of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from initspec.backend import (
    Axes,
    AxesError,
    Layer,
    Layout,
    Place,
    ShapeError,
    is_mixer,
    norm_role,
    read_layers,
)
from initspec_jax.vocabulary.layers import settings

Parts = tuple[str, ...]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Owner:
    """A layer around parameters.

    Attributes:
        layer: the layer.
        parts: the parts of its path.
        inside: returns the shapes of the parameters in it, by their path from it.
        names: the names of what it has itself: parameters, and maybe others.
        stacked: whether these may be of several layers, which a transformation stacked before all
            other axes; otherwise they are of one layer, whatever the parameters are.
        table: the name of the table that its class may be in.
    """

    layer: Any
    parts: Parts
    inside: Callable[[], Mapping[str, Shape]]
    names: Iterable[str]
    stacked: bool = True
    table: str = "layers"

    @cached_property
    def classes(self) -> Parts:
        """The names of its class and the bases of that."""
        return tuple(cls.__name__ for cls in type(self.layer).__mro__ if cls is not object)

    @cached_property
    def row(self) -> Layer | None:
        """The row of the table for its class; None where there is none."""
        return read_layers("initspec_jax", self.table).find(type(self.layer).__mro__)

    @cached_property
    def is_mixer(self) -> bool:
        """Whether the laws of its weights are its own."""
        return is_mixer(self.names)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What the table reads of it."""
        return settings(self.layer)

    def shapes(self, row: Layer) -> Mapping[str, Shape]:
        """Return the shapes of the parameters of one layer, by their path from it."""
        shapes = self._inside
        if not self.stacked:
            return shapes
        before = (
            len(shape) - rank
            for path, shape in shapes.items()
            if (rank := _rank(row, path, self.settings)) is not None
        )
        count = max(0, next(before, 0))
        if len({shape[:count] for path, shape in shapes.items() if row.find(path)}) > 1:
            raise AxesError("stacked along another axis than the first")
        return {path: shape[count:] for path, shape in shapes.items()}

    @cached_property
    def _inside(self) -> Mapping[str, Shape]:
        return self.inside()

    def path(self, parts: Parts) -> str:
        """Return the path from the layer of a parameter."""
        return ".".join(parts[len(self.parts) :])


def place(parts: Parts, owners: Sequence[Owner], shape: Shape) -> Place:
    """Return where a parameter stands, and what the layers around it make of it.

    The outermost layer that has a row for it decides: a cell made of linear layers has rows for
    theirs, for one of these is the recurrent one.

    Args:
        parts: the parts of its path.
        owners: the layers around it, the outermost first.
        shape: its shape.
    """
    path = ".".join(parts)
    nearest = owners[-1].classes if owners else ()
    if any(owner.is_mixer for owner in owners):
        return Place(path, nearest)
    for owner in owners:
        inner, layer = owner.path(parts), owner.row
        row = layer.find(inner) if layer else None
        if layer is None or row is None:
            continue
        classes = tuple(dict.fromkeys((*owner.classes, *nearest)))
        try:
            shapes = owner.shapes(layer)
            axes = layer.axes(inner, shapes, owner.settings)
            if row.of and all(item.kind != "count" for item in axes.items):
                return Place(path, classes, row.role)  # the fans are those of a weight elsewhere
            layout = axes.layout(shapes[inner])
            if shapes[inner] != shape and row.role == "kernel" and "." not in inner:
                _check_sizes(owner.layer, layout)
            stacked = _stacked(axes, shapes[inner], shape)
            return Place(path, classes, row.role, stacked, len(shape) - len(shapes[inner]))
        except (AxesError, ShapeError):  # a subclass with a weight of another form
            return Place(path, classes)
    if not nearest:
        return Place(path)
    role = norm_role(nearest[0], parts[-1], shape)
    return Place(path, nearest, role, Axes("out") if role != "other" else None)


def _check_sizes(layer: Any, layout: Layout) -> None:
    """Raise AxesError where the kernel of one layer has other sizes than the layer states."""
    for side, size in (("in", layout.in_), ("out", layout.out)):
        stated = getattr(layer, f"{side}_features", getattr(layer, f"{side}_channels", None))
        if isinstance(stated, int) and stated != size * layout.stack:
            raise AxesError("stacked along another axis than the first")


def _rank(layer: Layer, path: str, settings: Mapping[str, Any]) -> int | None:
    """Return the rank of a parameter of one layer, where its row says it."""
    row = layer.find(path)
    if row is None or row.of:
        return None
    if not row.axes:
        return 1 if row.role in ("scale", "shift") else 0
    assert isinstance(row.axes, str)
    items = Axes(row.axes.format_map({**layer.settings, **settings})).items
    taps = any(item.kind == "ellipsis" for item in items)
    return len(items) + (settings["taps"] - 1 if taps else 0)


def _stacked(axes: Axes, inner: Shape, shape: Shape) -> Axes:
    """Return the axes of a weight that a transformation stacked, one of each layer.

    Args:
        axes: those of one layer.
        inner: its shape there.
        shape: that of all of them; of the places where the axes of the stack may be, the foremost.
    """
    if len(shape) == len(inner):
        return axes
    roles: list[str] = []
    counts: list[str] = []
    for item in axes.items:
        if item.kind == "ellipsis":
            roles += ["kernel"] * (len(inner) - sum(i.kind != "count" for i in axes.items) + 1)
        else:
            (counts if item.kind == "count" else roles).append(str(item))
    line = []
    sizes = list(inner)
    for position in range(len(shape)):
        if len(shape) - position > len(sizes) and _within(sizes, shape[position + 1 :]):
            line.append("stack")
        else:
            line.append(roles[len(inner) - len(sizes)])
            del sizes[0]
    return Axes(" ".join((*line, *counts)))


def _within(sizes: Sequence[int], shape: Shape) -> bool:
    """Return whether sizes stand in a shape, in their order."""
    rest = iter(shape)
    return all(size in rest for size in sizes)
