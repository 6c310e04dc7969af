"""That the axes of a translated line count the fans that Keras counts."""

from __future__ import annotations

import itertools

import pytest

pytest.importorskip("keras", reason="Keras is not installed here")

from keras.src.initializers.random_initializers import compute_fans

from initspec import Axes, InitSpecError
from initspec.translate import translate

SHAPES = [(), (5,), (3, 7), (1, 7), (2, 3, 7), (2, 3, 5, 7)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_fans_are_those_of_compute_fans(shape: tuple[int, ...]) -> None:
    """Over a grid of input_axes and output_axes, refused where Keras raises or counts a square."""
    rank = len(shape)
    given = [None, [], *([index] for index in range(-rank - 1, rank + 1)), [0, 1], [0, -1], [1, 1]]
    for inputs, outputs in itertools.product(given, given):
        line = f"keras.initializers.HeNormal(input_axes={inputs}, output_axes={outputs})"
        both = inputs is not None and outputs is not None
        try:
            expected = compute_fans(shape, inputs, outputs)
        except IndexError:
            with pytest.raises(InitSpecError, match="does not have"):
                translate(line, shape=shape)
            continue
        if both and any(len({i % rank for i in axes}) < len(axes) for axes in (inputs, outputs)):
            with pytest.raises(InitSpecError, match="name it once"):
                translate(line, shape=shape)
            continue
        axes = translate(line, shape=shape).axes
        assert axes is not None
        assert Axes(axes).fans(shape) == expected, line
