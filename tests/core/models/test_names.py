"""The names of the streams of a model."""

import numpy as np
import pytest

from initspec import InitSpecWarning, Rule, initialize, lock
from initspec.errors import RecipeError, SeedError
from tests.core.models.fake import Model, weight

RULES = [Rule("he_normal", role="kernel"), Rule("zeros", role="bias")]


def model() -> Model:
    return Model(
        [
            weight("a", (4, 3), "out in", tied=("b",)),
            weight("c", (4, 3), "out in"),
            weight("d", (4,), "out", role="bias"),
            weight("e", (4,), "out", role="bias"),
        ]
    )


def test_any_path_of_a_tied_weight_names_it() -> None:
    """Its first, and its others."""
    plain = initialize(model(), RULES, 7).arrays["a"]
    for names in ({"a": "x"}, {"b": "x"}, {"a": "x", "b": "x"}, lambda p: "x" if p == "a" else p):
        named = initialize(model(), RULES, 7, names=names).arrays["a"]
        assert not np.array_equal(named, plain)
        assert np.array_equal(named, lock(model(), RULES, 7, names=names).draw("a"))
    with pytest.raises(RecipeError, match="one tied weight"):
        initialize(model(), RULES, 7, names={"a": "x", "b": "y"})


def test_names_of_what_is_left_out() -> None:
    """One dict serves every call, whatever part of the model it fills."""
    names = {"a": "x", "c": "y"}
    whole = initialize(model(), RULES, 7, names=names).arrays
    only = initialize(model(), RULES, 7, names=names, only="c").arrays
    assert list(only) == ["c"]
    assert np.array_equal(only["c"], whole["c"])
    with pytest.raises(RecipeError, match="names=:"):
        initialize(model(), RULES, 7, names={**names, "z": "x"}, only="c")


def test_one_name_for_two_weights_is_a_warning() -> None:
    """They would start equal; constants do so anyway."""
    with pytest.warns(InitSpecWarning, match=r"gives a, c one name, 'x'.* its own"):
        initialize(model(), RULES, 7, names={"a": "x", "c": "x"})
    initialize(model(), RULES, 7, names={"d": "x", "e": "x"})
    initialize(model(), RULES, 7, names={"a": "c", "c": "a"})


def test_names_without_a_seed() -> None:
    """There are no streams to name: refused before anything is written."""
    for names in ({"a": "x"}, {}, lambda path: path):
        with pytest.raises(SeedError, match=r"names= without a seed: .* pass seed=7"):
            initialize(model(), RULES, names=names)


@pytest.mark.parametrize(
    ("names", "error"), [("x", RecipeError), ({"a": 3}, SeedError), (lambda _: None, SeedError)]
)
def test_what_is_not_a_name(names, error) -> None:
    """Refused before anything is written."""
    with pytest.raises(error, match="name"):
        initialize(model(), RULES, 7, names=names)
