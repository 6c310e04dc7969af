"""What a recipe should give the parameters of a small model, typed from the source of the recipe.

A module beside this one is a group of recipes: its `TABLES` are read by `tables`. A table is one
form of an architecture, its parameters named as that form names them.
"""

from __future__ import annotations

import importlib
import itertools
import math
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from initspec import Axes
from initspec.backend import Parameter, Place


class Law(NamedTuple):
    """The law of an element: its family's name, the moments and the support.

    Of a random matrix with the fans, where these are given: its two sides differ.
    """

    family: str
    mean: float
    std: float
    low: float = -math.inf
    high: float = math.inf
    fans: tuple[int, int] | None = None


def normal(std: float, mean: float = 0.0) -> Law:
    """Return N(mean, std^2)."""
    return Law("normal", mean, std)


def uniform(low: float, high: float) -> Law:
    """Return U(low, high)."""
    return Law("uniform", (low + high) / 2, (high - low) / math.sqrt(12), low, high)


def cut(sigma: float, bound: float) -> Law:
    """Return N(0, sigma^2) that is drawn anew beyond the bounds -bound and bound."""
    std = sigma * float(stats.truncnorm(-bound / sigma, bound / sigma).std())
    return Law("truncated_normal", 0.0, std, -bound, bound)


def constant(value: float) -> Law:
    """Return the law of one value."""
    return Law("constant", value, 0.0, value, value)


ZEROS, ONES = constant(0.0), constant(1.0)


class Kind(NamedTuple):
    """What a layer makes of a parameter: the layer's classes, the role and the axes."""

    layers: str
    role: str = "other"
    axes: str | None = None

    def place(self, path: str) -> Place:
        """Return the place of a path."""
        axes = Axes(self.axes) if self.axes else None
        return Place(path, tuple(self.layers.split()), self.role, axes)


LINEAR = Kind("Linear Module", "kernel", "out in")
CONV2D = Kind("Conv2d Module", "kernel", "out in kernel...")
TABLE = Kind("Embedding Module", "embedding", "stack out")
DENSE = Kind("Dense Layer", "kernel", "in out")
"""A matrix [in, out]: Keras' Dense, flax' Linear, GPT-2's Conv1D."""
CONV = Kind("Conv Layer", "kernel", "kernel... in out")
HEADS = Kind("MultiHeadAttention Layer", "kernel", "in out out")
HEADS_OUT = Kind("MultiHeadAttention Layer", "kernel", "in in out")
BIAS = Kind("Linear Module", "bias", "out")
HEADS_BIAS = Kind("MultiHeadAttention Layer", "bias", "out out")
SCALE = Kind("LayerNorm Module", "scale", "out")
SHIFT = Kind("LayerNorm Module", "shift", "out")
BARE = Kind("Net Module")
"""A parameter of a layer that no table has."""


class Row(NamedTuple):
    """A parameter: its kind, its shape, its law, and those of its parts.

    The law is None where the parameter is kept, and the weight where its places fix it.
    """

    kind: Kind
    shape: tuple[int, ...]
    law: Law | np.ndarray | None
    parts: Mapping[str, Law] = {}


@dataclass(frozen=True)
class Table:
    """One form of an architecture, and what a recipe should give it.

    Attributes:
        recipe: the name of the recipe.
        form: whose names the paths are: "torch", "keras", "flax" or another.
        rows: the fields of a Row by path, where `{a,b}` stands for two.
        ties: the other paths of a parameter, by its path.
        config: the numbers of `model.config`.
        numbers: the keyword arguments.
    """

    recipe: str
    form: str
    rows: Mapping[str, tuple[Any, ...]]
    ties: Mapping[str, Mapping[str, Kind]] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def expanded(self) -> dict[str, Row]:
        """Return the rows by their full paths."""
        return {path: Row(*row) for glob, row in self.rows.items() for path in expand(glob)}

    @cached_property
    def parameters(self) -> list[Parameter]:
        """Return the parameters of the model."""
        return [
            Parameter(
                (row.kind.place(path), *(k.place(p) for p, k in self.ties.get(path, {}).items())),
                row.shape,
                "float32",
            )
            for path, row in self.expanded.items()
        ]


def as_flax(rows: Mapping[str, Any], scale: str = "scale") -> dict[str, tuple[Any, ...]]:
    """Return the rows of torch as flax names them: kernel, embedding and scale for weight.

    A tree of arrays has no layer by which a norm's "weight" would be known.
    """
    renamed: dict[str, tuple[Any, ...]] = {}
    names = {"kernel": "kernel", "embedding": "embedding", "scale": scale}
    for path, (kind, shape, *rest) in rows.items():
        stem = path.removesuffix(".weight")
        name = path if stem == path else f"{stem}.{names[kind.role]}"
        row: tuple[Any, ...] = (kind, shape)
        if kind is LINEAR:
            row = (DENSE, shape[::-1])
        elif kind is CONV2D:
            row = (CONV, (*shape[2:], shape[1], shape[0]))
        elif kind.role == "scale" and scale == "weight":
            row = (BARE, shape)
        renamed[name] = (*row, *rest)
    return renamed


def expand(glob: str) -> Iterator[str]:
    """Yield the texts that braces stand for.

    >>> list(expand("h.{0,1}.{q,k}"))
    ['h.0.q', 'h.0.k', 'h.1.q', 'h.1.k']
    """
    pieces = [piece.split(",") for piece in re.split(r"[{}]", glob)]
    yield from map("".join, itertools.product(*pieces))


def tables() -> list[Table]:
    """Return the tables of every module beside this one."""
    names = [m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)])]
    modules = [importlib.import_module(f"tests.core.models.typed.{name}") for name in names]
    return [table for module in modules for table in getattr(module, "TABLES", ())]
