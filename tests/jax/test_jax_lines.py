"""That the axes of a translated line count the fans that JAX counts."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

pytest.importorskip("jax", reason="JAX is not installed here")

from jax._src.nn.initializers import _compute_fans

from initspec import Axes, InitSpecError
from initspec.translate import translate

SHAPES = [(), (5,), (3, 7), (1, 7), (2, 3, 7), (2, 3, 5, 7)]
ROLES = ("in", "out", "kernel", "stack")


def given_axes(rank: int) -> list[Any]:
    """Return arguments: a number from each end, one beyond it, a list of none, one, or several."""
    return [*range(-rank - 1, rank + 1), (), (-2,), (0, 1), (0, -1), (1, 1)]


def has_axes(shape: tuple[int, ...], fans: tuple[float, float]) -> bool:
    """Return whether any axes give these fans."""
    return any(
        Axes(" ".join(roles) or "[in=1]").fans(shape) == pytest.approx(fans)
        for roles in itertools.product(ROLES, repeat=len(shape))
    )


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_fans_are_those_of_compute_fans(shape: tuple[int, ...]) -> None:
    """Over a grid of in_axis, out_axis and batch_axis; refused only where no axes give the fans."""
    given = given_axes(len(shape))
    batches = given if len(shape) < 4 else [(), 0, -1, (0, 1)]
    for inputs, outputs, batch in itertools.product(given, given, batches):
        line = (
            "jax.nn.initializers.variance_scaling(1.0, 'fan_in', 'normal', "
            f"in_axis={inputs}, out_axis={outputs}, batch_axis={batch})"
        )
        try:
            expected = _compute_fans(shape, inputs, outputs, batch)
        except (ValueError, IndexError):
            with pytest.raises(InitSpecError, match="JAX raises"):
                translate(line, shape=shape)
            continue
        if has_axes(shape, expected):
            axes = translate(line, shape=shape).axes
            assert axes is not None
            assert Axes(axes).fans(shape) == pytest.approx(expected), line
        else:
            with pytest.raises(InitSpecError, match="more often than it counts it"):
                translate(line, shape=shape)


@pytest.mark.parametrize("shape", [None, (100, 12)])
def test_default_of_an_embedding_counts_the_features(shape: tuple[int, ...] | None) -> None:
    """flax' Embed names the axis 0 in both lists, which counts in neither fan then."""
    line = "nn.initializers.variance_scaling(1.0, 'fan_in', 'normal', out_axis=0)"
    translation = translate(line, shape=shape)
    assert translation.axes is not None
    assert Axes(translation.axes).fans((100, 12)) == _compute_fans((100, 12), -2, 0) == (12, 12)
    assert any("counts in neither fan" in change for change in translation.changes)
