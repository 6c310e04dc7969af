"""Documents: dict and JSON, malformed ones, and the JSON Schema."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

import initspec
from initspec import InitSpec
from initspec.errors import FormatError
from initspec.spec import document
from tests.core.spec.strategies import specs

HE = (
    '{"schema_version":1,"distribution":{"type":"normal"},'
    '"variance":{"type":"fan","scale":2},"mode":"fan_in","gain":%s}'
)


def test_a_document():
    """What the documents of two specs look like: this is the format of version 1."""
    assert InitSpec.he_normal().to_dict() == {
        "schema_version": 1,
        "distribution": {"type": "normal"},
        "variance": {"type": "fan", "scale": 2.0},
        "mode": "fan_in",
        "gain": 1.0,
    }
    assert InitSpec.zeros().to_json() == (
        '{"schema_version":1,"distribution":{"type":"constant","value":0.0}}'
    )
    assert InitSpec.dirac(noise=0.0).to_dict()["distribution"] == {"type": "dirac"}
    assert InitSpec.identity(noise=2).to_dict()["distribution"] == {
        "type": "identity",
        "noise": 2.0,
    }
    rule = {"type": "fan", "scale": 1.0, "power": -1.0}
    assert InitSpec.variance_scaling(power=-1).to_dict()["variance"] == rule
    assert InitSpec.variance_scaling(power=-0.5) == InitSpec.lecun_normal()
    assert InitSpec.variance_scaling(3.0, power=-0.5).to_dict()["variance"] == {
        "type": "fan",
        "scale": 3.0,
    }
    assert InitSpec.from_json(HE % "1") == InitSpec.from_json(bytearray((HE % "1e0").encode()))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("{'schema_version': 1}", "no JSON"),
        (HE % "1" + "x", "no JSON"),
        (HE % "NaN", "no JSON"),
        (HE % "Infinity", "no JSON"),
        (HE % "1e999", "no JSON"),
        (HE % "01", "no JSON"),
        (HE % ("9" * 5000), "no JSON"),
        (HE % ("9" * 310), "gain"),
        (HE % "1e-999", "gain"),
        (HE % "-1", "gain"),
        (HE % "0", "gain"),
        (HE % "true", "gain.*bool"),
        (HE % "null", "gain.*null"),
        (HE % '"1"', "gain.*str"),
        (HE % "[1]", "gain.*array"),
        (HE % '1,"gain":1', "'gain' twice"),
        (HE % '1,"gian":1', "did you mean 'gain'"),
        (HE % '1,"Gain":1', "did you mean 'gain'"),
        ("[" * 30_000 + "]" * 30_000, "no JSON"),
        ('{"a":' * 5_000, "no JSON"),
        ("[1]", "pass an object"),
        ("null", "pass an object"),
        ('"he_normal"', "pass an object"),
        ("{}", "must be stated"),
        ('{"schema_version":null}', "must be stated"),
        ('{"schema_version":true}', "must be stated"),
        ('{"schema_version":"1"}', "must be stated"),
        ('{"schema_version":0}', "schema_version=0"),
        ('{"schema_version":2}', "upgrade initspec"),
        ('{"schema_version":1.5}', "upgrade initspec"),
        ('{"schema_version":1}', "no 'distribution'"),
        ('{"schema_version":1,"distribution":"normal"}', "distribution"),
        ('{"schema_version":1,"distribution":null}', "distribution"),
        ('{"schema_version":1,"distribution":{}}', "type"),
        ('{"schema_version":1,"distribution":{"type":"norml"}}', "norml"),
        ('{"schema_version":1,"distribution":{"type":"normal"}}', "no 'variance'"),
        ('{"schema_version":1,"distribution":{"type":"constant"}}', "value"),
        ('{"schema_version":1,"distribution":{"type":"constant","value":1,"value":2}}', "twice"),
        ('{"schema_version":1,"distribution":{"type":"constant","value":1},"gain":1}', "gain"),
        ('{"schema_version":1,"distribution":{"type":"constant","value":true}}', "bool"),
        ('{"schema_version":1,"distribution":{"type":"orthogonal"},"mode":"fan_in"}', "mode"),
        ('{"schema_version":1,"distribution":{"type":"orthogonal"},"gain":null}', "gain"),
        ((HE % "1").replace('"fan_in"', '"fan_inn"'), "did you mean 'fan_in'"),
        ((HE % "1").replace('"fan_in"', "null"), "mode"),
        ((HE % "1").replace('"mode":"fan_in",', ""), "mode"),
        ((HE % "1").replace('"scale"', '"skale"'), "skale"),
        ((HE % "1").replace('"scale":2', '"scale":2,"x":1'), "unknown field"),
        ((HE % "1").replace('"fan"', '"range"'), "range"),
        (b"\xff\xfe{", "no JSON"),
        ('"\ud800"', "no JSON"),
        (" " * 70_000, "at most 65536"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_malformed_documents(text, says):
    """Malformed, oversized and newer documents raise FormatError, which says what is wrong."""
    with pytest.raises(FormatError, match=says) as caught:
        InitSpec.from_json(text)
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize("data", [None, 3, {}, [], InitSpec(), Path("x.json")], ids=repr)
def test_json_is_text(data):
    """from_json of anything but text says what to pass."""
    with pytest.raises(FormatError, match="pass the text as str or bytes"):
        InitSpec.from_json(data)


@pytest.mark.parametrize("data", [None, 3, "{}", [], InitSpec(), {1: 2}, {"schema_version": [1]}])
def test_dicts_are_documents(data):
    """from_dict of anything but a document raises FormatError."""
    with pytest.raises(FormatError):
        InitSpec.from_dict(data)


def test_reading_leaves_the_document_alone():
    """from_dict does not change what it is given, nor to_dict what it gave before."""
    data = InitSpec.he_normal().to_dict()
    before = copy.deepcopy(data)
    InitSpec.from_dict(data)
    assert data == before
    data["gain"] = 7.0
    assert InitSpec.he_normal().to_dict() == before


# --- the JSON Schema ------------------------------------------------------------------------------

SCHEMA = document.schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

hostile = st.one_of(
    st.sampled_from(
        [
            *(None, True, False, 0, -0.0, 1, 2, -1, 0.5, 1.0, 1e308, -1e308, 5e-324, 10**308),
            *(10**309, 2**64, 1.7976931348623157e308, 8.5, 9.0, 10.0, 1e-10, "", "1", "in", "out"),
            *("fan_in", "fan_avg", "normal", "uniform", "truncated_normal", "sparse", "dirac"),
            *("orthogonal", "constant", "fan", "std", "range", [], {}, [1], {"type": "normal"}),
            *({"type": "std", "std": 1}, {"type": "sparse", "sparsity": 1}),
            {"type": "range", "low": 1, "high": 1},
        ]
    ),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(),
    st.text(max_size=5),
)
keys = st.sampled_from(
    [
        *("schema_version", "distribution", "variance", "mode", "gain", "type", "std", "mean"),
        *("scale", "lower", "upper", "corrected", "sparsity", "along", "value", "low", "high"),
        *("power", "noise", "start", "stop", "step", "base", "halves", "extra_tokens"),
        *("matrix", "of", "times", "order", "extra", ""),
    ]
)


@st.composite
def documents(draw):
    """A spec's document, with some of its values replaced, removed or added."""
    data = draw(specs).to_dict()
    for _ in range(draw(st.integers(0, 3))):
        nested = [value for value in data.values() if isinstance(value, dict)]
        holder = draw(st.sampled_from([data, *nested]))
        action = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        if action == "add" or not holder:
            holder[draw(keys)] = copy.deepcopy(draw(hostile))
        elif action == "remove":
            del holder[draw(st.sampled_from(sorted(holder)))]
        else:
            holder[draw(st.sampled_from(sorted(holder)))] = copy.deepcopy(draw(hostile))
    return data


RELATIONS = (
    *("low must lie below high", "lower must lie below upper", "lies between them"),
    *("with a denominator of at most 100", "of stop and step", "has one value alone"),
    *("stop - start is beyond float64", "takes positive numbers", "is beyond float64; lower"),
    *("needs X > 0", "is beyond float64 there"),
)
"""What no JSON Schema can say: relations between two numbers, and which fractions are short."""


@given(documents())
@settings(max_examples=400)
@example(InitSpec.he_normal().to_dict() | {"gain": 10**308})
@example(InitSpec.he_normal().to_dict() | {"gain": 10**309})
@example(InitSpec.he_normal().to_dict() | {"schema_version": 1.0})
@example(InitSpec.he_normal().to_dict() | {"schema_version": True})
@example(InitSpec.sparse(0.5).to_dict() | {"variance": {"type": "std", "std": 1, "mean": 1e-300}})
@example(InitSpec.sparse(0.5).to_dict() | {"variance": {"type": "std", "std": 1, "mean": -0.0}})
@example(InitSpec.uniform().to_dict() | {"variance": {"type": "range", "low": 1, "high": 1}})
@example(InitSpec().to_dict() | {"variance": {"type": "fan", "scale": 1, "power": -0.0}})
@example(InitSpec().to_dict() | {"variance": {"type": "fan", "scale": 1, "power": 4.01}})
@example({"schema_version": 1, "distribution": {"type": "sinusoidal", "extra_tokens": 1.0}})
@example({"schema_version": 1, "distribution": {"type": "sinusoidal", "extra_tokens": 1.5}})
@example({"schema_version": 1, "distribution": {"type": "sinusoidal", "extra_tokens": 10**309}})
@example({"schema_version": 1, "distribution": {"type": "rotary", "base": 1}})
@example({"schema_version": 1, "distribution": {"type": "ramp", "start": 0, "step": 0}})
@example(InitSpec.ones().to_dict() | {"distribution": {"type": "truncated_normal", "lower": 9}})
@example(InitSpec.ramp(1.0, 2.0).to_dict() | {"distribution": {"type": "ramp", "start": 1}})
@example({"distribution": {"type": "ramp", "start": 1, "stop": 1}, "schema_version": 1})
@example(
    {
        "schema_version": 1,
        "distribution": InitSpec.ramp(0, 1).to_dict()["distribution"] | {"through": "log"},
    }
)
@example(InitSpec.uniform(1, 2, through="log").to_dict() | {"gain": 4})
@example(InitSpec.uniform(1, 2, through="exp").to_dict() | {"gain": 4000})
@example(InitSpec.log_uniform(1, 2, through="log").to_dict() | {"gain": 1})
def test_schema_accepts_what_from_json_accepts(data):
    """A document is valid against the schema if and only if from_json reads it.

    But for what JSON Schema cannot state of numbers.
    """
    valid = VALIDATOR.is_valid(data)
    try:
        spec = InitSpec.from_json(json.dumps(data, allow_nan=False))
    except FormatError as error:
        if valid:
            assert any(relation in str(error) for relation in RELATIONS)  # noqa: PT017
            event("a relation")
        else:
            event("refused by both")
        return
    event("accepted by both")
    assert valid
    assert InitSpec.from_dict(data) == spec
    assert VALIDATOR.is_valid(spec.to_dict())


def test_the_relations():
    """The schema indeed accepts what it cannot know to be wrong; from_json does not."""
    for spec, part, changes in (
        (InitSpec.uniform(), "variance", {"low": 1.0, "high": 1.0}),
        (InitSpec.truncated_normal(), "distribution", {"lower": 3.0, "upper": 2.0}),
        (InitSpec.truncated_normal(), "distribution", {"lower": 9.0, "upper": 10.0}),
        (InitSpec.ramp(0.0, 1.0), "distribution", {"step": 1.0}),
        (InitSpec.ramp(0.0, 1.0), "distribution", {"stop": None}),
        (InitSpec.ramp(0.0, 1.0), "distribution", {"stop": 0.0}),
        (InitSpec.ramp(0.0, 1.0), "distribution", {"start": -1.7e308, "stop": 1.7e308}),
    ):
        data = spec.to_dict()
        data[part] |= changes
        assert VALIDATOR.is_valid(data)
        with pytest.raises(FormatError, match="|".join(RELATIONS)):
            InitSpec.from_dict(data)


def test_schema_is_a_schema():
    """The schema is valid draft 2020-12."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_published_schema():
    """The published file is the schema of this version; rewrite it when the format changes."""
    path = Path(initspec.__file__).parent / "spec" / "spec.schema.json"
    assert path.read_text("utf-8") == json.dumps(SCHEMA, indent=2) + "\n"
