"""Any recipe on a model of any framework: all of it is filled, or nothing is touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import event
from hypothesis import strategies as st

from initspec import InitSpecWarning, Recipe, Rule, initialize
from initspec.backend import ROLES
from initspec.errors import InitSpecError

LINES = [
    *["ones", "keep", "normal(std=0.5)", "uniform(low=-1.0, high=2.0)"] * 6,
    "he_normal",
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
GLOBS = [*["**", "h.*.weight", "*.{index}.**", "**.{weight,bias,kernel}", "h.0.*"] * 2, "no", "{a"]
UNTOUCHED = -77
REST = [{"spec": "normal(std=0.5)"}, {"spec": "zeros", "path": "**", "optional": True}]

rules = st.builds(
    # Few recipes that are drawn fit a model; most of them end with rules for all that is left.
    lambda drawn, more: drawn + REST * (more > 0),
    st.lists(
        st.fixed_dictionaries(
            {"spec": st.sampled_from(LINES)},
            optional={
                "path": st.sampled_from(GLOBS),
                "role": st.sampled_from(ROLES),
                "axes": st.sampled_from([*LAYOUTS]),
                "part": st.sampled_from(["[0]", "[0]x", "[1]", "stack[1]", "[0]"]),
                "optional": st.just(True),
            },
        ),
        min_size=1,
        max_size=3,
    ),
    st.integers(0, 4),
)
seeds = st.sampled_from([7, 7, 2**64, None, 7, 7])
options = st.fixed_dictionaries(
    {
        "only": st.sampled_from([None, None, ["h.0.weight", "w1"], "h.**", "w0", None, None]),
        "names": st.sampled_from(
            [None, None, lambda _: 3, {"w0": "a"}, str.upper, None, str.upper]
        ),
        "numbers": st.sampled_from([{}, {}, {"width": 2}, {"width": 0}, {"depth": 1}, {}, {}]),
    }
)


def hold(
    model: Any,
    given: list[dict[str, Any]],
    seed: int | None,
    options: dict[str, Any],
    read: Callable[[Any], dict[str, Any]],
    state: Callable[[], Any],
) -> None:
    """Initialize a model whose elements are all UNTOUCHED, and hold it against what was to be done.

    Args:
        model: the model.
        given: the arguments of the rules.
        seed: the seed.
        options: `only`, `names`, and the numbers of the recipe.
        read: returns the model's weights by path.
        state: returns the state of the random numbers of the framework, of NumPy and of Python.
    """
    numbers, before = options["numbers"], state()
    try:
        recipe = Recipe([Rule(**arguments) for arguments in given])
        initialize(model, recipe, seed, only=options["only"], names=options["names"], **numbers)
    except (InitSpecError, InitSpecWarning):
        assert all(np.all(array == UNTOUCHED) for array in read(model).values())
    else:
        event("filled")
        assigned = recipe.on(model, only=options["only"], **numbers)
        drawn = {assignment.path for assignment in assigned if assignment.spec is not None}
        for path, array in read(model).items():
            filled = not np.any(array == UNTOUCHED)
            assert filled == (path in drawn) or not array.size, path
        if seed is None:
            return  # the framework's own random numbers may have been drawn
    assert state() == before
