"""What a model consists of, in the words of no framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from initspec.axes import Axes

if TYPE_CHECKING:
    from initspec.spec.value import Spec


@dataclass(frozen=True, slots=True)
class Place:
    """Where a parameter stands in a model, and what the layer there makes of it.

    Attributes:
        path: the structure's name, its parts joined by dots, such as "h.0.attn.c_proj.weight".
        classes: the name of the layer's class, then those of the class' bases, the nearest first;
            where the layer is within another that a table has the parameter of, as the cell within
            an LSTM, those of the outermost such layer come before.
        role: one of `initspec.backend.layers.ROLES`.
        axes: the role of each axis; None where no table has the layer.
        stacked: how many axes of these a transformation put before those of the layer's own weight.
    """

    path: str
    classes: tuple[str, ...] = ()
    role: str = "other"
    axes: Axes | None = None
    stacked: int = 0

    @property
    def layer(self) -> str:
        """The class of the layer; "" where there is none."""
        return self.classes[0] if self.classes else ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One weight of a model.

    Attributes:
        places: where it stands: several where the weight is tied.
        shape: its shape.
        dtype: the name of its dtype, such as "float32".
        frozen: whether the framework does not train it.
        zeros: whether it is a scale of norms that the built model has at 0.
        padding: the row of an embedding that stays at 0; None where there is none.
        computed: whether the framework computes it from others, so that it is read as it was
            written but for its last bits.
        name: the name of its stream; None where it is the path.
        aliases: what else the path of a rule may match: its name in another framework.
    """

    places: tuple[Place, ...]
    shape: tuple[int, ...]
    dtype: str
    frozen: bool = False
    zeros: bool = False
    padding: int | None = None
    computed: bool = False
    name: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Its first path."""
        return self.places[0].path

    @property
    def tied(self) -> tuple[str, ...]:
        """Its other paths."""
        return tuple(place.path for place in self.places[1:])

    @property
    def layer(self) -> str:
        """The class of its layer: at the first path that a table knows."""
        return self._known.layer

    @property
    def role(self) -> str:
        """Its role at the first path that a table knows."""
        return self._known.role

    @property
    def axes(self) -> Axes | None:
        """The role of each axis; None where no table has the layer."""
        return self._known.axes

    @property
    def _known(self) -> Place:
        known = (place for place in self.places if place.role != "other")
        return next(known, self.places[0])


@dataclass(frozen=True, slots=True)
class Declared:
    """What a layer states that a parameter starts as.

    Attributes:
        spec: the spec of its initializer.
        axes: what the initializer takes the axes of the parameter for; None for what they are.
        parts: specs of parts of it that start otherwise, such as "stack[1]".
    """

    spec: Spec
    axes: Axes | None = None
    parts: Mapping[str, Spec] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filling:
    """What a parameter is filled with.

    Attributes:
        parameter: the parameter.
        spec: its spec.
        axes: the role of each axis.
        name: the name of its stream, under a seed.
        parts: blocks with specs of their own, to be drawn after the whole: a slice for each axis,
            and the spec. A block is that of the whole parameter's draw under the spec, and has
            the same stream.
    """

    parameter: Parameter
    spec: Spec
    axes: Axes
    name: str
    parts: tuple[tuple[tuple[slice, ...], Spec], ...] = ()
