"""What a recipe assigns to the parameters of a model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from initspec.api import InitSpec
from initspec.axes import Axes
from initspec.axes.fans import Fans
from initspec.backend.parameter import Parameter
from initspec.dtypes import FLOATS
from initspec.errors import unknown
from initspec.models.rule import Rule
from initspec.models.table import COLUMNS, TableRow, fold, origin
from initspec.notebook import HtmlRepr
from initspec.spec.resolve import Resolved, resolve

Index = tuple[slice, ...]

BEYOND = "Beyond the weights this recipe needs:"
"""The head of what belongs to a recipe beyond the weights."""


@dataclass(frozen=True, slots=True)
class Part:
    """A block of a parameter that has a spec of its own.

    Attributes:
        name: "stack[1]" or "[0]".
        spec: its spec.
        index: where it lies, a slice for each axis.
        rule: the rule that gives it; None for the padding row of an embedding.
    """

    name: str
    spec: InitSpec
    index: Index
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """One parameter with its rule, and the numbers that come of it.

    Attributes:
        parameter: the parameter.
        rule: the rule.
        spec: its spec; None where the rule keeps what is there.
        axes: what its axes are counted as.
        parts: the blocks that differ, in the order in which they are drawn.
    """

    parameter: Parameter
    rule: Rule
    spec: InitSpec | None
    axes: Axes
    parts: tuple[Part, ...] = ()

    @property
    def path(self) -> str:
        """The path of the parameter."""
        return self.parameter.path

    @property
    def name(self) -> str:
        """The name of its stream: what `names=` gives it, else its path."""
        name = self.parameter.name
        return self.path if name is None else name

    @property
    def layer(self) -> str:
        """The class of its layer."""
        return self.parameter.layer

    @property
    def role(self) -> str:
        """Its role."""
        return self.parameter.role

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self.parameter.shape

    @property
    def dtype(self) -> str:
        """The name of its dtype."""
        return self.parameter.dtype

    @property
    def tied(self) -> tuple[str, ...]:
        """The other paths of the same weight."""
        return self.parameter.tied

    @property
    def resolved(self) -> Resolved | None:
        """The spec resolved on the parameter; None where it is kept."""
        if self.spec is None:
            return None
        return resolve(self.spec, self.shape, self.axes, kind=FLOATS.get(self.dtype))

    @property
    def fans(self) -> Fans | None:
        """The fans; None where they differ by member."""
        return self.axes.layout(self.shape).fans

    @property
    def mean(self) -> float | None:
        """The mean of an element; None where it is kept."""
        return None if self.resolved is None else self.resolved.law.mean

    @property
    def std(self) -> float | None:
        """The standard deviation of an element; None where it is kept."""
        return None if self.resolved is None else self.resolved.law.std

    def to_dict(self) -> dict[str, Any]:
        """Return the assignment as plain values."""
        fans = self.fans
        return {
            "layer": self.layer,
            "role": self.role,
            "shape": list(self.shape),
            "dtype": self.dtype,
            "axes": str(self.axes),
            "fans": None if fans is None else list(fans),
            "spec": None if self.spec is None else str(self.spec),
            "mean": self.mean,
            "std": self.std,
            "rule": self.rule.to_dict(),
            "parts": {part.name: str(part.spec) for part in self.parts},
            "tied": list(self.tied),
        }


class Assignments(HtmlRepr):
    """The assignments of a model, in its order; `assignments[path]` is that of any path.

    Attributes:
        companions: what belongs to the recipe beyond the weights, in words.
    """

    def __init__(self, assignments: Sequence[Assignment], companions: Sequence[str] = ()) -> None:
        self._all = tuple(assignments)
        self.companions = tuple(companions)
        self._by_path = {path: a for a in self._all for path in (a.path, *a.tied)}

    def __iter__(self) -> Iterator[Assignment]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, path: str) -> Assignment:
        try:
            return self._by_path[path]
        except KeyError:
            raise KeyError(unknown("parameter", path, self._by_path)) from None

    def __repr__(self) -> str:
        return f"<Assignments of {len(self)} parameters>"

    def __str__(self) -> str:
        """Return the table as text, repeated blocks folded, and what belongs to the recipe."""
        shown = [(row.path, *row.cells) for row in self.rows()]
        lines = [COLUMNS, *shown]
        widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
        table = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        more = ["", BEYOND, *(f"- {line}" for line in self.companions)] if self.companions else []
        return "\n".join(table + more)

    def rows(self) -> list[TableRow]:
        """Return the rows of the table, repeated blocks folded."""
        rows = []
        for assignment in self._all:
            parts = tuple(assignment.path.split("."))
            rows.append(TableRow(parts, 1, _cells(assignment)))
            for part in assignment.parts:
                rule = origin(part.rule, assignment.parameter)
                rows.append(TableRow(parts, 1, ("", part.name, "", "", str(part.spec), "", rule)))
        return fold(rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the assignments as plain values, by path."""
        return {assignment.path: assignment.to_dict() for assignment in self._all}


def _cells(assignment: Assignment) -> tuple[str, ...]:
    fans, std = assignment.fans, assignment.std
    return (
        assignment.layer,
        " x ".join(map(str, assignment.shape)) or "scalar",
        str(assignment.rule.axes or assignment.parameter.axes or ""),
        "by member" if fans is None else f"{fans.fan_in}, {fans.fan_out}",
        "keep" if assignment.spec is None else str(assignment.spec),
        "" if std is None else f"{std:.4g}",
        origin(assignment.rule, assignment.parameter),
    )


def law_of(assignment: Assignment) -> object:
    """Return what decides the values of a parameter; None where it is kept."""
    if assignment.spec is None or not math.prod(assignment.shape):
        return assignment.spec is None
    parts = [(part.index, _law(part.spec, assignment)) for part in assignment.parts]
    return _law(assignment.spec, assignment), parts


def _law(spec: InitSpec, assignment: Assignment) -> object:
    resolved = resolve(spec, assignment.shape, assignment.axes)
    law, layout, family = resolved.law, resolved.layout, resolved.distribution
    # Axes decide which element is which of the draw; equal elements have no order.
    parts = [(part.start, part.layout.sizes) for part in getattr(layout, "parts", ())]
    order = (layout.roles, layout.sizes, parts) if law.std or family.needs_axes else None
    return family, law.mean, law.std, law.low, law.high, order
