"""Any recipe on any model: all of it is filled, or nothing is touched."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from hypothesis import event, given, settings
from hypothesis import strategies as st

from initspec import Axes, InitSpecWarning, Recipe, Rule, initialize
from initspec.backend import ROLES, Parameter, Place
from initspec.errors import InitSpecError
from tests.core.models.fake import Model

LINES = [
    *["ones", "keep", "he_normal", "uniform(low=-1.0, high=2.0)"] * 3,
    "glorot_uniform",
    "orthogonal",
    "sparse(sparsity=0.5)",
    "identity",
    "delta_orthogonal",
    "constant(value=100000.0)",
    "normal(std=0.02 / sqrt(depth))",
    "normal(std=index)",
    "normal(std=1 / width)",
    "he_normal(gain=log(fan_in - 3))",
    "truncated_normal(std=0.1, lower=-1, upper=2)",
    "normal(std=0)",
    "nromal(std=1.0)",
]
LAYOUTS = {
    "out in": 2,
    "(stack=2 out) in": 2,
    "stack out": 2,
    "kernel in out": 3,
    "in (stack out=1+3)": 2,
    "out [in=4]": 1,
    "[in=1]": 0,
}
GLOBS = ["**", "h.*.weight", "h.{index}.**", "**.{weight,bias}", "h.0.weight", "w*", "no", "{a"]
UNTOUCHED = -77


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
        dtype = draw(st.sampled_from([*["float32"] * 4, "float16", "bfloat16", "float64", "int8"]))
        padding = draw(st.sampled_from([None, 1])) if shape[:1] == (4,) else None
        frozen = draw(st.sampled_from([False, False, False, True]))
        made.append(Parameter(tuple(places), shape, dtype, frozen=frozen, padding=padding))
    return made


def _length(size: int) -> dict[str, int]:
    return {"min_size": size, "max_size": size}


RULES = st.lists(
    st.fixed_dictionaries(
        {"spec": st.sampled_from(LINES)},
        optional={
            "path": st.sampled_from(GLOBS),
            "role": st.sampled_from(ROLES),
            "axes": st.sampled_from([*LAYOUTS]),
            "part": st.sampled_from(["[0]", "[3]", "stack[1]", "[0]x"]),
            "optional": st.just(True),
        },
    ),
    min_size=1,
    max_size=5,
)
# Most drawn recipes fail; these rules, behind them, fill what is left.
REST = [{"spec": "normal(std=0.5)"}, {"spec": "zeros", "path": "**", "optional": True}]


@settings(max_examples=300)
@given(
    parameters(),
    RULES,
    st.booleans(),
    st.sampled_from([*[None] * 4, "h.**", "w0", ["h.0.weight", "w1"]]),
    st.sampled_from([*[None] * 4, str.upper, {"w0": "a"}, {"h.0.weight": "a"}, lambda _: 3]),
    st.sampled_from([*[{}] * 4, {"width": 2}, {"width": 0}, {"depth": 1}]),
    st.sampled_from([None, *[7] * 6, 2**64]),
)
def test_all_or_nothing(
    made: list[Parameter],
    rules: list[dict[str, Any]],
    more: bool,
    only: Any,
    names: Any,
    numbers: dict[str, float],
    seed: int | None,
) -> None:
    """Each weight that the recipe draws is filled and no other; after an error, none is."""
    start = {p.path: np.full(p.shape, UNTOUCHED, np.float64) for p in made}
    model = Model(made, {path: array.copy() for path, array in start.items()})
    states = random.getstate(), np.random.get_state()[1].copy()
    try:
        recipe = Recipe([Rule(**given) for given in rules + REST * more])
        initialize(model, recipe, seed, names=names, only=only, **numbers)
    except (InitSpecError, InitSpecWarning):
        for path, array in start.items():
            assert np.array_equal(model.arrays[path], array)
    else:
        event("filled")
        assigned = recipe.on(model, only=only, **numbers)
        paths = {assignment.path for assignment in assigned if assignment.spec is not None}
        for path, array in start.items():
            filled = not np.any(model.arrays[path] == UNTOUCHED)
            assert filled == (path in paths) or not array.size
    assert random.getstate() == states[0]
    assert np.array_equal(np.random.get_state()[1], states[1])
