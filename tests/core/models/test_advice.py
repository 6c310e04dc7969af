"""What is recommended for a model that a recipe of initspec does not fit."""

from __future__ import annotations

import pytest

from initspec.errors import RecipeError
from initspec.models.initialize import initialize
from initspec.models.recipe import Recipe, recipe
from initspec.models.rule import Rule
from tests.core.models.fake import Model
from tests.core.models.typed.rows import tables

LLAMA = next(t for t in tables() if (t.recipe, t.form) == ("llama-hf", "torch"))


def advised(rules: Recipe, **options: object) -> str:
    """Return the names that an error for Llama ends with."""
    model = Model(LLAMA.parameters)
    with pytest.raises(RecipeError) as error:
        initialize(model, rules, 7, **options)
    assert not model.arrays
    return str(error.value).partition("these fit: ")[2]


def test_a_recipe_of_another_architecture_names_those_that_fit() -> None:
    """Those of the architecture first; where numbers are lacking, too."""
    names = advised(recipe("gpt2-hf")).split(", ")
    assert "'llama-hf'" in names
    assert "'gpt2-hf'" not in names
    assert "'he'" not in names[: names.index("'llama-hf'")]


def test_nothing_is_named_where_another_recipe_would_not_help() -> None:
    """A number that nobody gave, a wrong path in only=, and a recipe of one's own."""
    assert not advised(recipe("llama-hf"))
    assert not advised(recipe("he"), only="absent")
    assert not advised(Recipe([Rule("zeros", "absent")]))
