"""The versioned document of a spec: dict, JSON and JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeVar, Union

import msgspec

from initspec.axes.fans import MODES
from initspec.distributions import FAMILIES, Constant, Distribution, Repeat
from initspec.distributions.rules import RULES, Positive, Rule
from initspec.errors import FormatError, InitSpecError, unknown, with_article
from initspec.spec.value import Spec

SCHEMA_VERSION = 1
LONGEST = 65_536
"""The longest JSON text that is read, in characters or bytes."""

S = TypeVar("S", bound=Spec)


def to_dict(spec: Spec) -> dict[str, Any]:
    """Return the document of `spec`; fields that its family does not take are left out."""
    data: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "distribution": msgspec.to_builtins(spec.distribution),
    }
    if spec.variance is not None:
        data["variance"] = msgspec.to_builtins(spec.variance)
    if spec.mode is not None:
        data["mode"] = spec.mode
    if spec.distribution.takes_gain:
        data["gain"] = spec.gain
    return data


def to_json(spec: Spec) -> str:
    """Return the document of `spec` as JSON."""
    return msgspec.json.encode(to_dict(spec)).decode()


def from_json(cls: type[S], data: str | bytes) -> S:
    """Return the spec of a JSON document."""
    if not isinstance(data, (str, bytes, bytearray)):
        raise FormatError(
            f"from_json of {with_article(type(data).__name__)}: pass the text as str or bytes"
        )
    if len(data) > LONGEST:
        raise FormatError(f"a JSON text of {len(data)} characters: a spec has at most {LONGEST}")
    try:
        document = msgspec.json.decode(data)
        json.loads(data, object_pairs_hook=_once)  # msgspec keeps the last of two equal keys
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise FormatError(f"no JSON: {error}; write one with InitSpec.to_json") from None
    return from_dict(cls, document)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, value in pairs:
        if key in fields:
            raise FormatError(f"the document has {key!r} twice; leave one out")
        fields[key] = value
    return fields


def from_dict(cls: type[S], data: object) -> S:
    """Return the spec of a document."""
    if not isinstance(data, dict):
        raise FormatError(f"a document of type {type(data).__name__}: pass an object (a dict)")
    version = data.get("schema_version")
    number = version if isinstance(version, (int, float)) and version is not True else None
    if number != SCHEMA_VERSION:
        newer = number is not None and number > SCHEMA_VERSION
        raise FormatError(
            f"schema_version={version!r}: this initspec reads version {SCHEMA_VERSION}"
            + ("; upgrade initspec to read a newer one" if newer else "; it must be stated")
        )
    of = data.get("distribution")
    if isinstance(of, dict) and isinstance(of.get("of"), str):
        raise FormatError(f"of={of['of']!r}: pass an object, such as {{'type': {of['of']!r}}}")
    family: Distribution = _convert("distribution", data, tuple(FAMILIES.values()))
    allowed = ["schema_version", "distribution"]
    fields: dict[str, Any] = {"distribution": family}
    if family.rules:
        allowed.append("variance")
        rule: Rule = _convert("variance", data, family.rules)
        fields["variance"] = rule
        if rule.takes_mode:
            allowed.append("mode")
            mode = data.get("mode")
            if not isinstance(mode, str) or mode not in MODES:
                raise FormatError(unknown("mode", mode, MODES))
            fields["mode"] = mode
    if family.takes_gain:
        allowed.append("gain")
        if "gain" in data:
            fields["gain"] = _convert("gain", data, (Positive,))
    for key in data:
        if key not in allowed:
            raise FormatError(unknown(f"key of a {family.name()} document:", key, allowed))
    try:
        return cls(**fields)
    except FormatError:
        raise
    except InitSpecError as error:
        raise FormatError(f"the document describes no spec: {error}") from None


def _convert(key: str, data: dict[str, Any], kinds: tuple[Any, ...]) -> Any:
    if key not in data:
        raise FormatError(f"the document has no {key!r}; write one with InitSpec.to_json")
    try:
        return msgspec.convert(data[key], Union[kinds])  # noqa: UP007 - kinds are known at run time only
    except msgspec.ValidationError as error:
        raise FormatError(f"{key}: {error}") from None


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a document.

    It accepts what `from_json` accepts, up to what no JSON Schema can express: that one number lies
    below another (`lower` and `upper`, `low` and `high`), that a ramp has one of `stop` and `step`
    and more than one value, that enough of a normal law lies
    between two bounds, and that numbers lie in the domain of the function they pass through.
    """
    kinds = (*FAMILIES.values(), *RULES)
    refs, components = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    ref = dict(zip(kinds, refs, strict=True))
    kinds_of = list(_kinds(ref))
    drawn = [
        family
        for family in FAMILIES.values()
        if family not in (Repeat, Constant) and not family.computed
    ]
    components["Repeat"]["properties"]["of"] = {"anyOf": [ref[family] for family in drawn]}
    kinds_of += [
        (f"repeat, {title}", {"allOf": [ref[Repeat], {"properties": {"of": distribution}}]}, parent)
        for title, distribution, parent in kinds_of
        if parent in drawn
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "InitSpec",
        "description": "What the initial weights of a parameter should be.",
        "oneOf": [
            _branch(title, distribution, parent, rule, ref)
            for title, distribution, parent in kinds_of
            for rule in (parent.rules or (None,))
        ],
        "$defs": components,
    }


def _kinds(
    ref: dict[Any, dict[str, Any]],
) -> Iterator[tuple[str, dict[str, Any], type[Distribution]]]:
    """Yield the families that repeat none: a title, a schema, and whose rules and gain they take.

    The last is the family in another one, or the family itself.
    """
    for family in FAMILIES.values():
        if family is Repeat:
            continue
        for parent in family.parents or (family,):
            distribution = ref[family]
            if parent is not family:
                distribution = {"allOf": [distribution, {"properties": {"of": ref[parent]}}]}
            yield ", ".join(dict.fromkeys((family.name(), parent.name()))), distribution, parent


def _branch(
    title: str,
    distribution: dict[str, Any],
    parent: type[Distribution],
    rule: type[Rule] | None,
    ref: dict[Any, dict[str, Any]],
) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "schema_version": {"const": SCHEMA_VERSION},
        "distribution": distribution,
    }
    if rule is not None:
        properties["variance"] = {"allOf": [ref[rule], *parent.rule_schema()]}
        if rule.takes_mode:
            properties["mode"] = {"enum": list(MODES)}
    required = list(properties)
    if parent.takes_gain:
        properties["gain"] = msgspec.json.schema(Positive)
    return {
        "title": f"{title}, {rule.__name__}" if rule else title,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
