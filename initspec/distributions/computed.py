"""Families whose entries are fixed by their place in the weight."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from initspec.axes import Axes
from initspec.axes.layout import Layout
from initspec.distributions.base import Structured, Weights, exactly
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Array, Entries, Places, Primitives
from initspec.dtypes import FloatType
from initspec.errors import BackendError, ShapeError
from initspec.numerics.law import Law


class Computed(Structured, frozen=True):
    """Families that compute each entry in float64 from its place: a subclass writes `entries`.

    The values have to be the same bits on every machine: made of operations that IEEE-754 rounds
    correctly and of `initspec.numerics.elementary`, never of NumPy's sin, exp or power.
    """

    takes_gain: ClassVar[bool] = False
    random: ClassVar[bool] = False
    computed: ClassVar[bool] = True

    def entries(self, parameters: Parameters) -> Entries:
        """Return the function from places in the logical matrices to values."""
        raise NotImplementedError

    def law(self, parameters: Parameters) -> Law:
        if not parameters.layout.size:
            return Law(math.nan, 0.0, 0.0, 0.0, math.nan)
        with np.errstate(over="ignore"):  # the dtype is checked against the ends
            values = self.entries(parameters)(*places(parameters.layout))
            mean = float(np.mean(values))
            if math.isinf(mean):  # perhaps of the sum alone
                mean = float(np.mean(values * 2.0**-64)) * 2.0**64
        return Law(mean, 0.0, float(values.min()), float(values.max()), math.nan)

    def sample(self, parameters: Parameters, draw: Primitives) -> Array:
        if not hasattr(draw, "computed"):
            raise BackendError(
                f"{type(draw).__name__} fills no weight by the places of its entries, as "
                f"{self.name()} does: write its computed(), see initspec.backend.Primitives"
            )
        return draw.computed(self.entries(parameters))

    def defects(self, parameters: Parameters, weights: Weights, kind: FloatType) -> Iterator[str]:
        if weights.size:
            layout = parameters.layout
            values = self.entries(parameters)(*places(layout))
            expected = np.broadcast_to(values, (layout.stack, layout.out, layout.columns))
            yield from exactly(expected.reshape(weights.shape), weights, kind)


def places(layout: Layout) -> tuple[Places, Places, Places]:
    """Return the numbers of all members, rows and columns, which broadcast against each other."""
    members, rows, columns = map(np.arange, (layout.stack, layout.out, layout.columns))
    return members[:, None, None], rows[:, None], columns


def only_role(family: str, layout: Layout, axes: Axes | None, remedy: str) -> str:
    """Return the one role that all axes of a weight have.

    Raises:
        ShapeError: there are several, or none.
    """
    roles = set(layout.roles)
    if len(roles) != 1:
        given = f" with axes '{axes}'" if axes is not None else ""
        raise ShapeError(f"{family} on the shape {layout.shape}{given}: {remedy}")
    return roles.pop()


def size_of(layout: Layout, role: str) -> int:
    """Return how many numbers a role has."""
    return {"stack": layout.stack, "out": layout.out, "in": layout.in_, "kernel": layout.taps}[role]


def number_of(role: str, layout: Layout, members: Places, rows: Places, columns: Places) -> Places:
    """Return the numbers that places have within one role."""
    match role:
        case "stack":
            return members
        case "out":
            return rows
        case "in":
            return columns // layout.taps
    return columns % layout.taps
