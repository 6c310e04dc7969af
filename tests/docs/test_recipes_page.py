"""The page of recipes has each of them once, with all its rules and what belongs to it."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from initspec import recipes

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = runpy.run_path(str(ROOT / "docs" / "scripts" / "recipes.py"))["on_page_markdown"]


@pytest.mark.parametrize("page", ["models/recipes.md", "ko/models/recipes.md"])
def test_the_page_has_every_recipe(page: str) -> None:
    """In English and in Korean, each under its own heading."""
    text = WRITTEN((ROOT / "docs" / page).read_text("utf-8"))
    assert "<!--" not in text
    sections = re.split(r"^### `(.+)` \{#\1\}$", text, flags=re.M)[1:]
    names, bodies = sections[::2], sections[1::2]
    assert sorted(names) == sorted(recipes())
    for name, body in zip(names, bodies, strict=True):
        made = recipes()[name]
        start = body.replace("\\", "")
        assert made.source.replace("\\", "") in start
        assert body.count("\n| ") == len(made.rules) + 1  # and the heads
        for rule in made.rules:
            for glob in rule.path:
                assert f"`{glob}`" in body, (name, glob)
        for number, meaning in made.numbers.items():
            assert f"`{number}`: {meaning}." in start
        for companion in made.companions:
            assert companion.of in start
            assert companion.value in start


def test_a_recipe_that_there_is_not() -> None:
    """A page that names one cannot be built, nor one that names one twice."""
    for named in ("lama", "he he"):
        with pytest.raises(ValueError, match=named.split()[0]):
            WRITTEN(f"<!-- recipes: {named} -->")
