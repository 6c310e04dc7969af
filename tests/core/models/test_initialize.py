"""Any recipe on any model: all of it is filled, or nothing is touched."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from initspec import Axes
from initspec.backend import ROLES, Parameter, Place
from tests.any_recipe import LAYOUTS, UNTOUCHED, hold, options, rules, seeds
from tests.core.models.fake import Model


@st.composite
def parameters(draw: st.DrawFn) -> list[Parameter]:
    """Return the parameters of a model: tied, padded, frozen, of no axes, of any dtype."""
    made = []
    for number in range(draw(st.integers(1, 4))):
        axes = draw(st.sampled_from([*LAYOUTS, "out in"]))
        shape = tuple(draw(st.lists(st.sampled_from([4, 4, 2, 1, 0]), **_length(LAYOUTS[axes]))))
        path = draw(st.sampled_from([f"h.{number}.weight", f"h.{number}.mlp.bias", f"w{number}"]))
        roles = draw(st.lists(st.sampled_from(ROLES), min_size=1, max_size=2))
        places = [
            Place(f"{path}_{i}" if i else path, ("Layer", "Module"), role, Axes(axes))
            for i, role in enumerate(roles)
        ]
        if draw(st.booleans()) and draw(st.booleans()):
            places = [Place(place.path, ("Net",)) for place in places]
        dtype = draw(st.sampled_from([*["float32"] * 6, "float16", "bfloat16", "float64", "int8"]))
        padding = draw(st.sampled_from([None, 1])) if shape[:1] == (4,) else None
        frozen = draw(st.sampled_from([False, False, False, True]))
        made.append(Parameter(tuple(places), shape, dtype, frozen=frozen, padding=padding))
    return made


def _length(size: int) -> dict[str, int]:
    return {"min_size": size, "max_size": size}


def _state() -> tuple[Any, ...]:
    return random.getstate(), np.random.get_state()[1].tobytes()


@settings(max_examples=300)
@given(parameters(), rules, seeds, options)
def test_all_or_nothing(
    made: list[Parameter], rules: list[dict[str, Any]], seed: int | None, options: dict[str, Any]
) -> None:
    """Each weight that the recipe draws is filled and no other; after an error, none is."""
    model = Model(made, {p.path: np.full(p.shape, UNTOUCHED, np.float64) for p in made})
    hold(model, rules, seed, options, lambda model: model.arrays, _state)
