"""The pages of `initspec recipes`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from initspec.cli.console import Console
from initspec.cli.pages.layout import show_rows, show_sentences, show_text
from initspec.models.assignment import BEYOND
from initspec.models.recipe import Recipe
from initspec.models.rule import Rule


def show(recipes: Mapping[str, Recipe]) -> None:
    """Print each recipe with the implementation or the paper that it is of."""
    console = Console()
    rows = [(name, implementation(recipe.source)) for name, recipe in recipes.items()]
    show_rows(console, ("recipe", "of"), rows)
    show_text(console, "initspec recipes NAME shows the rules of one, and its source.", "dim")


def implementation(source: str) -> str:
    """Return what a source begins with: the code and its version, or the paper.

    >>> implementation("torchtitan 0.3.0, models/llama3/__init__.py: pre-training of Llama 3")
    'torchtitan 0.3.0'
    """
    return re.split("[,:;]", source, maxsplit=1)[0]


def show_rules(recipe: Recipe) -> None:
    """Print the rules of a recipe, in order."""
    console = Console()
    show_text(console, recipe.name or "recipe", "bold")
    if recipe.source:
        show_text(console, recipe.source)
    for name, meaning in recipe.numbers.items():
        show_text(console, meaning, head=f"{name}: ", head_style="bold")
    if recipe.companions:
        show_text(console, BEYOND, "bold")
        show_sentences(console, (companion.line() for companion in recipe.companions))
    console.print()
    width = len(str(len(recipe.rules)))
    for number, rule in enumerate(recipe.rules, 1):
        show_text(console, str(rule.spec), "cyan", f"{number:>{width}}  ", "dim")
        show_text(console, _reach(rule), head=" " * (width + 2))
    show_text(console, "Of the rules that match a parameter, the first gives its spec.", "dim")


def _reach(rule: Rule) -> str:
    """Return what a rule is for, in words."""
    values = rule.to_dict()
    given = {name: value for name, value in values.items() if name not in ("spec", "optional")}
    words = [
        f"{name} {' or '.join(value) if isinstance(value, list) else value}"
        for name, value in given.items()
    ]
    return "; ".join(words + ["optional"] * rule.optional) or "every parameter"
