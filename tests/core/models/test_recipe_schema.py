"""The JSON Schema of recipes, held against what `Recipe.from_dict` reads."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

import initspec
from initspec import Axes, Companion, Recipe, recipes
from initspec.errors import InitSpecError
from initspec.models import schema
from initspec.models.patterns import Pattern
from initspec.models.template import read
from tests.core.models.test_recipe import COMPANION, DOCUMENT, RECIPES

SCHEMA = schema.schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

HOSTILE = st.sampled_from(
    [
        *(None, True, 0, 1, 1.0, 2, "", "zeros", "norml", "a{b", "a..b", "out inn", "x" * 1001),
        *("kernel", "kernl", "stack[1]", "[0]", "[-1]", "[٣]", [], {}, ["a"], [""], [3], ["a{b"]),
        *([{"spec": "zeros"}], {"spec": "zeros"}, {"width": "d"}, {"": "d"}, {"width": ""}),
        *([COMPANION], [COMPANION | {"kind": "rate"}], [COMPANION | {"of": ""}]),
        *([COMPANION | {"value": "1 of"}], [COMPANION | {"kind": "other", "value": "1 of"}]),
    ]
)
KEYS = st.sampled_from([*SCHEMA["properties"], *SCHEMA["$defs"]["rule"]["properties"], "extra", ""])


@st.composite
def documents(draw: st.DrawFn) -> dict:
    """Draw a recipe's document, with some of its values replaced, removed or added."""
    document = copy.deepcopy(draw(RECIPES).to_dict())
    for _ in range(draw(st.integers(0, 3))):
        rules = document.get("rules")
        holders = [rule for rule in rules if isinstance(rule, dict)] if type(rules) is list else []
        holder = draw(st.sampled_from([document, *holders]))
        if draw(st.booleans()) and holder:
            del holder[draw(st.sampled_from(sorted(holder)))]
        else:
            holder[draw(KEYS)] = copy.deepcopy(draw(HOSTILE))
    return document


def factors_are_read(document: dict) -> bool:
    """Return whether the factors of the companions are arithmetic."""
    for companion in document.get("companions", []):
        try:
            Companion.from_dict(companion)
        except InitSpecError:
            return False
    return True


def texts_are_read(rule: dict) -> bool:
    """Return whether the lines, globs and axes of a rule are of their grammars."""
    globs = [rule[key] for key in ("path", "layer") if key in rule]
    try:
        for given in globs:
            for glob in [given] if isinstance(given, str) else given:
                Pattern(glob)
        Axes(rule.get("axes", "out"))
        if rule["spec"] != "keep":
            read(rule["spec"])
    except InitSpecError:
        return False
    return "{index}" not in str(rule.get("layer"))


@given(documents())
def test_schema_accepts_what_from_dict_accepts(document: dict) -> None:
    """A document is valid if and only if it is read, up to the grammars of its texts."""
    valid = VALIDATOR.is_valid(document)
    made = None
    with contextlib.suppress(InitSpecError):
        made = Recipe.from_dict(document)
    event(f"valid: {valid}, read: {made is not None}")
    assert (made is not None) == (
        valid and all(map(texts_are_read, document["rules"])) and factors_are_read(document)
    )
    if made is not None:
        assert VALIDATOR.is_valid(made.to_dict())


def test_shipped_recipes_are_valid() -> None:
    """Each, as it is written and as it is saved."""
    for made in recipes().values():
        VALIDATOR.validate(made.to_dict())


@pytest.mark.parametrize(
    "change",
    [
        {"recipe_version": 2},
        {"recipe_version": True},
        {"rules": []},
        {"rules": [{"role": "bias"}]},
        {"rules": [{"spec": "zeros", "rol": "bias"}]},
        {"rules": [{"spec": "zeros", "role": "kernl"}]},
        {"rules": [{"spec": "zeros", "part": "gate"}]},
        {"rules": [{"spec": "zeros", "path": []}]},
        {"rules": [{"spec": 3}]},
        {"name": None},
        {"rule": []},
        {"numbers": {"2 wide": "a"}},
        {"companions": [COMPANION | {"kind": "rate"}]},
    ],
)
def test_wrong_documents_are_not_valid(change: dict) -> None:
    """Neither by the schema nor by `Recipe.from_dict`."""
    assert VALIDATOR.is_valid(DOCUMENT)
    assert not VALIDATOR.is_valid(DOCUMENT | change)
    with pytest.raises(InitSpecError):
        Recipe.from_dict(DOCUMENT | change)


def test_published_schema() -> None:
    """The published file is the schema of this version; rewrite it when the format changes."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    path = Path(initspec.__file__).parent / "models" / "recipe.schema.json"
    assert path.read_text("utf-8") == json.dumps(SCHEMA, indent=2) + "\n"
