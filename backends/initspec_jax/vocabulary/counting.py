"""The axes by which JAX counts fans: JAX 0.10, `_compute_fans` in jax/_src/nn/initializers.py."""

from __future__ import annotations

from typing import Any

from initspec.backend import IN_OUT, Axes, AxesError, ShapeError, SpecError
from initspec.translate.authors import WeightShape

Lists = dict[str, tuple[int, ...]]
"""The axes that in_axis, out_axis and batch_axis name, in this order."""


def counted(
    at: WeightShape, in_axis: Any, out_axis: Any, batch_axis: Any
) -> tuple[Axes, tuple[str, ...]]:
    """Return the axes by which JAX counts, and what surprises in them."""
    lists = {
        "in_axis": _indices("in_axis", in_axis),
        "out_axis": _indices("out_axis", out_axis),
        "batch_axis": _indices("batch_axis", batch_axis),
    }
    if at.rank is not None:
        _check_axes(at, lists)
        if at.rank < 2 and in_axis == -2:
            raise ShapeError(f"the shape {at.shape} has {at.rank} axes: JAX raises; write in_axis")
    rank = at.rank
    notes: tuple[str, ...] = ()
    if rank is None and _meet(lists, least := _least_rank(lists)):
        rank, notes = least, (f"Without a shape, the weight is taken to have {least} axes.",)
    if rank is not None:
        lists = {name: tuple(index % rank for index in value) for name, value in lists.items()}
    shape = at.shape or ()
    named = {index for value in lists.values() for index in value}
    roles = {index: _role(index, lists, shape) for index in named}
    if set(lists["in_axis"]) & set(lists["out_axis"]):
        notes += (
            "An axis that in_axis and out_axis both name counts in neither fan: JAX divides the "
            "number of weights by its size twice.",
        )
    if rank is not None:
        line = " ".join(roles.get(index, "kernel") for index in range(rank))
        return IN_OUT if _is_convention(line) else Axes(line or "[in=1]"), notes
    head = [roles.get(index, "kernel") for index in range(max([-1, *roles]) + 1)]
    tail = [roles.get(index, "kernel") for index in range(min([0, *roles]), 0)]
    return Axes(" ".join([*head, "kernel...", *tail])), notes


def axis_number(name: str, value: Any) -> int:
    """Return the number of an axis; raise SpecError where it is another value."""
    if type(value) is not int:
        raise SpecError(f"{name}={value!r}: pass an axis number, such as -1")
    return value


def _indices(name: str, value: Any) -> tuple[int, ...]:
    items = value if isinstance(value, tuple) else (value,)
    return tuple(axis_number(name, item) for item in items)


def _check_axes(at: WeightShape, lists: Lists) -> None:
    """Raise AxesError where the shape does not have an axis."""
    rank = len(at.shape or ())
    for name, value in lists.items():
        for index in value:
            if not -rank <= index < rank:
                raise AxesError(
                    f"{name}={index} on the shape {at.shape}: it has no axis {index}; JAX raises "
                    "here too"
                )


def _least_rank(lists: Lists) -> int:
    """Return the smallest rank of a weight that has all the axes, at least 2."""
    named = [index for value in lists.values() for index in value]
    return max(2, *(index + 1 if index >= 0 else -index for index in named), 0)


def _meet(lists: Lists, rank: int) -> bool:
    """Return whether an input and an output, counted from other ends, are one axis at a rank."""
    return any(
        inputs != outputs and inputs % rank == outputs % rank
        for inputs in lists["in_axis"]
        for outputs in lists["out_axis"]
    )


def _role(index: int, lists: Lists, shape: tuple[int, ...]) -> str:
    """Return the role of an axis that a list names: `_compute_fans` in JAX' initializers.py.

    fan_in is the number of weights over the sizes of out_axis and batch_axis, so that each naming
    lowers the power of the axis' size in it; fan_out likewise.
    """
    inputs, outputs, batch = (value.count(index) for value in lists.values())
    powers = 1 - outputs - batch, 1 - inputs - batch
    if min(powers) < 0 and shape[index : index + 1] != (1,):
        given = ", ".join(f"{name}={list(value)}" for name, value in lists.items())
        raise AxesError(
            f"{given}: JAX divides by the size of the axis {index} more often than it counts it, "
            "so that a fan is a fraction of the true one; name each axis once"
        )
    return {(1, 1): "kernel", (1, 0): "in", (0, 1): "out"}.get(powers, "stack")


def _is_convention(line: str) -> bool:
    roles = line.split()
    return roles[-2:] == ["in", "out"] and set(roles[:-2]) <= {"kernel"}
