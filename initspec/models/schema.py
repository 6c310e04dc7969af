"""The JSON Schema of a recipe's document."""

from __future__ import annotations

from typing import Any

from initspec.backend.layers import ROLES
from initspec.models.companion import KINDS
from initspec.models.patterns import LONGEST as LONGEST_GLOB
from initspec.models.recipe import NAME, VERSION
from initspec.models.template import LONGEST as LONGEST_LINE


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a document.

    It accepts what `Recipe.from_dict` accepts, up to the grammars of lines, globs, axes and
    arithmetic, which no JSON Schema has.
    """
    text = {"type": "string"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Recipe",
        "description": "How every parameter of a model starts: of the rules that match it, the "
        "first gives its spec.",
        "type": "object",
        "properties": {
            "recipe_version": {"const": VERSION},
            "name": text | {"description": "What the recipe is called."},
            "source": text | {"description": "Where its numbers are from: a file, a paper."},
            "numbers": {
                "type": "object",
                "description": "What the names in its numbers mean, by name.",
                "propertyNames": {"pattern": NAME},
                "additionalProperties": {"type": "string", "minLength": 1},
            },
            "companions": {
                "type": "array",
                "description": "What belongs to the recipe beyond the weights.",
                "items": {"$ref": "#/$defs/companion"},
            },
            "rules": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/rule"}},
        },
        "required": ["recipe_version", "rules"],
        "additionalProperties": False,
        "$defs": {"rule": _rule(), "globs": _globs(), "companion": _companion()},
    }


def _rule() -> dict[str, Any]:
    return {
        "description": "Which parameters, and the spec that they get: all that is given must "
        "match.",
        "type": "object",
        "properties": {
            "spec": {
                "description": "A line such as 'normal(std=0.02 / sqrt(2 * depth))', or 'keep'.",
                "type": "string",
                "maxLength": LONGEST_LINE,
            },
            "path": {
                "description": "Paths of parameters, such as 'h.{index}.**.{weight,bias}'.",
                "$ref": "#/$defs/globs",
            },
            "role": {"description": "What the parameter is in its layer.", "enum": list(ROLES)},
            "layer": {
                "description": "The class of the layer, or a base of it, such as 'Conv*'.",
                "$ref": "#/$defs/globs",
            },
            "axes": {
                "description": "The axes to count by, such as 'out in', in place of the layer's.",
                "type": "string",
            },
            "part": {
                "description": "A part of the parameter: 'stack[1]' the second member of its last "
                "stack factor, '[0]' its first row.",
                "type": "string",
                "pattern": r"^(stack)?\[[0-9]{1,9}\]$",
            },
            "optional": {"description": "Whether it may match nothing.", "type": "boolean"},
        },
        "required": ["spec"],
        "additionalProperties": False,
    }


def _companion() -> dict[str, Any]:
    text = {"type": "string", "minLength": 1}
    return {
        "type": "object",
        "properties": {
            "kind": {"description": "A factor of what; or 'other'.", "enum": list(KINDS)},
            "of": text | {"description": "What it is applied to, such as 'logits'."},
            "value": text | {"description": "The factor, such as '1 / width'; or a sentence."},
        },
        "required": ["kind", "of", "value"],
        "additionalProperties": False,
    }


def _globs() -> dict[str, Any]:
    glob = {"type": "string", "minLength": 1, "maxLength": LONGEST_GLOB}
    return {"anyOf": [glob, {"type": "array", "minItems": 1, "items": glob}]}
