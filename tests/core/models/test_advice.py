"""What is recommended for a model that a recipe of initspec does not fit."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from initspec.errors import RecipeError
from initspec.models.initialize import initialize
from initspec.models.recipe import Recipe, recipe
from initspec.models.rule import Rule
from tests.core.models.fake import Model
from tests.core.models.typed.rows import Table, tables

TABLES = {(t.recipe, t.form): t for t in reversed(tables())}
LLAMA = TABLES["llama-hf", "torch"]


def advised(rules: Recipe, table: Table = LLAMA, **options: object) -> list[str]:
    """Return the names that an error for a model ends with."""
    model = Model(table.parameters)
    model.config = table.config
    with pytest.raises(RecipeError) as error:
        initialize(model, rules, 7, **options)
    assert not model.arrays
    return re.findall(r"'(.*?)'", str(error.value).partition("these fit: ")[2])


@pytest.mark.parametrize(
    ("given", "table", "first", "absent"),
    [
        ("gpt2-hf", ("llama-hf", "flax"), ["llama-hf"], ["gpt2-hf"]),
        ("dit", ("gpt2-openai", "flax"), ["gpt2-nanogpt"], ["gpt2-hf", "deepnorm", "mup"]),
        ("dit", ("gpt2-hf", "torch"), ["gpt2-hf", "gpt2-nanogpt"], ["complete-p"]),
        ("dit", ("deepnorm", "fairseq"), ["torch", "keras", "flax", "he"], ["deepnorm", "mup"]),
        ("dit", ("ppo", "keras"), ["ppo", "torch", "keras", "flax", "he"], []),
        ("dit", ("lstm", "keras"), ["torch", "keras", "flax", "he", "glorot"], []),
    ],
)
def test_a_recipe_of_another_architecture_names_those_that_fit(
    given: str, table: tuple[str, str], first: list[str], absent: list[str]
) -> None:
    """Those of the architecture first; none that lacks a number, or that has companions."""
    names = advised(recipe(given), TABLES[table])
    assert names[: len(first)] == first
    assert not {*names} & {*absent}


def test_the_most_of_a_model_first() -> None:
    """A recipe whose paths are a part of the model comes after those whose paths are more of it."""
    names = advised(recipe("gpt2-hf"))
    assert names.index("llama-torchtitan") < names.index("llama-hf")


def test_numbers_that_are_passed_count() -> None:
    """As those of the config."""
    table = replace(LLAMA, config={})
    assert "llama-hf" not in advised(recipe("gpt2-hf"), table)
    assert "llama-hf" in advised(recipe("gpt2-hf"), table, initializer_range=0.02)


def test_nothing_is_named_where_another_recipe_would_not_help() -> None:
    """A number that nobody gave, a wrong path in only=, and a recipe of one's own."""
    assert not advised(recipe("llama-hf"), replace(LLAMA, config={}))
    assert not advised(recipe("he"), only="absent")
    assert not advised(Recipe([Rule("zeros", "absent")]))
