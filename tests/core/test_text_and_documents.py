"""Specs and axes through dict, JSON, text and pickle; the JSON Schema; and hostile documents."""

from __future__ import annotations

import builtins
import copy
import json
import math
import os
import pickle
from pathlib import Path

import jsonschema
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

import initspec
from initspec import (
    Axes,
    Constant,
    DeltaOrthogonal,
    Dirac,
    FanRule,
    Identity,
    InitSpec,
    InitSpecError,
    Normal,
    Orthogonal,
    Range,
    Sparse,
    Std,
    TruncatedNormal,
    Uniform,
    document,
)
from initspec.errors import FormatError

# --- random specs and axes ----------------------------------------------------------------------

finite = st.floats(allow_nan=False, allow_infinity=False)
positive = st.floats(min_value=0, exclude_min=True, allow_nan=False, allow_infinity=False)
ordered = st.tuples(finite, finite).filter(lambda pair: pair[0] != pair[1]).map(sorted)
bounds = st.tuples(st.floats(-8, 4), st.floats(0.01, 16)).map(lambda p: (p[0], p[0] + p[1]))


def _truncation(args):
    try:
        return TruncatedNormal(*args[0], args[1])
    except InitSpecError:
        return TruncatedNormal(corrected=args[1])


truncations = st.tuples(bounds, st.booleans()).map(_truncation)
sparses = st.builds(Sparse, st.floats(0, 1, exclude_max=True), st.sampled_from(["in", "out"]))
fans = st.builds(FanRule, positive | st.sampled_from([1.0, 2.0, 4.0, 0.5]))
modes = st.sampled_from([None, "fan_in", "fan_out", "fan_avg", "fan_geo_avg"])
gains = positive | st.sampled_from([1.0, 2.0, 0.5, math.sqrt(2)])
names = st.sampled_from(["he", "kaiming", "glorot", "xavier", "lecun"])
elementwise = st.just(Normal()) | st.just(Uniform()) | truncations
structured = st.sampled_from([Orthogonal(), DeltaOrthogonal(), Identity(), Dirac()])

specs = st.one_of(
    st.builds(InitSpec, elementwise | sparses, fans | names, gains, modes),
    st.builds(InitSpec, elementwise, st.builds(Std, positive, finite), gains),
    st.builds(InitSpec, sparses, st.builds(Std, positive), gains),
    st.builds(InitSpec, st.just(Uniform()), ordered.map(lambda ends: Range(*ends)), gains),
    st.builds(InitSpec, structured, st.none(), gains),
    st.builds(lambda value: InitSpec(Constant(value), None), finite),
)

sizes = st.integers(1, 10**6)
roles = st.sampled_from(["in", "out", "kernel", "stack"])
splits = st.tuples(
    st.lists(st.tuples(roles, sizes).map(lambda f: f"{f[0]}={f[1]}"), max_size=3),
    st.lists(roles, max_size=1),
).filter(any)
counts = st.lists(
    st.tuples(st.sampled_from(["in", "out", "kernel"]), sizes).map(lambda f: f"{f[0]}={f[1]}"),
    min_size=1,
    max_size=3,
)
items = st.one_of(
    roles,
    splits.map(lambda s: f"({' '.join(s[0] + s[1])})"),
    counts.map(lambda c: f"[{' '.join(c)}]"),
)


@given(specs)
@example(InitSpec(variance=4.0, gain=1e308))
@example(InitSpec(variance=5e-324, gain=5e-324))
def test_spec_round_trips(spec):
    """Every spec comes back equal, and with equal hash, from each of its forms."""
    assert InitSpec.from_dict(spec.to_dict()) == spec
    assert InitSpec.from_json(spec.to_json()) == spec
    assert InitSpec.from_json(spec.to_json().encode()) == spec
    assert InitSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    line = InitSpec.parse(str(spec))
    assert line == spec
    assert hash(line) == hash(spec)
    assert str(line) == str(spec)
    assert eval(repr(spec), {"InitSpec": InitSpec}) == spec
    assert pickle.loads(pickle.dumps(spec)) == spec
    assert copy.deepcopy(spec) == spec
    event(str(spec).partition("(")[0])


@given(specs)
def test_documents_say_every_field(spec):
    """A document keeps how a spec was written, not only what it means."""
    back = InitSpec.from_json(spec.to_json())
    for field in ("distribution", "variance", "gain", "mode"):
        assert getattr(back, field) == getattr(spec, field)


@given(st.lists(items, min_size=1, max_size=6), st.integers(0, 6), st.booleans())
def test_axes_round_trip(words, where, elastic):
    """Every axes line comes back equal from str, repr, pickle and deepcopy."""
    if elastic:
        words = [*words[:where], "kernel...", *words[where:]]
    axes = Axes(" ".join(words))
    assert str(axes) == " ".join(words)
    assert Axes(str(axes).replace(" ", "\t ")) == axes
    for other in (Axes(str(axes)), pickle.loads(pickle.dumps(axes)), copy.deepcopy(axes)):
        assert other == axes
        assert hash(other) == hash(axes)
    assert eval(repr(axes), {"Axes": Axes}) == axes


@given(st.text(alphabet="inoutkerlsac=0123456789.()[] \n", max_size=60))
def test_axes_never_break(line):
    """Any line at all is axes or an AxesError."""
    try:
        axes = Axes(line)
    except InitSpecError:
        return
    assert Axes(str(axes)) == axes


power = st.integers(-20, 20).map(lambda n: 2.0**n)


@given(st.sampled_from(["normal", "uniform", "truncated_normal"]), names, gains, modes, power)
def test_equal_specs_print_alike(family, name, gain, mode, factor):
    """A fan rule and a gain print alike, whichever of the two carries a power of two squared."""
    if not 1e-100 < gain < 1e100:
        return
    spec = InitSpec(family, name, gain, mode)
    other = InitSpec(family, FanRule(spec.variance.scale * factor**2), gain / factor, spec.mode)
    assert spec == other
    assert str(spec) == str(other)


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        (InitSpec(), "he_normal"),
        (InitSpec.kaiming_uniform(gain=1.5, mode="fan_out"), "he_uniform(gain=1.5, mode=fan_out)"),
        (InitSpec.xavier_normal(), "glorot_normal"),
        (InitSpec.lecun_normal(mode="fan_avg"), "glorot_normal"),
        (InitSpec.glorot_normal(mode="fan_in"), "lecun_normal"),
        (InitSpec.variance_scaling(4.0), "lecun_normal(gain=2.0)"),
        (InitSpec.variance_scaling(0.3), "variance_scaling(scale=0.3)"),
        (
            InitSpec.variance_scaling(0.3, "fan_out", TruncatedNormal(-1, 2)),
            "variance_scaling(scale=0.3, distribution=truncated_normal(lower=-1.0), mode=fan_out)",
        ),
        (
            InitSpec.he_truncated_normal(lower=-3),
            "he_truncated_normal(lower=-3.0)",
        ),
        (InitSpec.normal(0.02, 1.0), "normal(std=0.02, mean=1.0)"),
        (InitSpec.uniform(), "uniform(low=-0.05, high=0.05)"),
        (
            InitSpec.truncated_normal(0.02, corrected=False),
            "truncated_normal(std=0.02, corrected=False)",
        ),
        (InitSpec.sparse(0.9), "sparse(sparsity=0.9, std=0.01)"),
        (InitSpec.sparse(0.9, along="out"), "sparse(sparsity=0.9, std=0.01, along=out)"),
        (
            InitSpec(Sparse(0.9), "he"),
            "InitSpec(distribution=sparse(sparsity=0.9), variance=he)",
        ),
        (InitSpec("uniform", Std(0.5)), "InitSpec(distribution=uniform, variance=std(std=0.5))"),
        (InitSpec.orthogonal(1.5), "orthogonal(gain=1.5)"),
        (InitSpec.constant(0.5), "constant(value=0.5)"),
        (InitSpec.zeros(), "zeros"),
        (InitSpec.constant(1), "ones"),
    ],
    ids=str,
)
def test_lines(spec, line):
    """The canonical line of common specs."""
    assert str(spec) == line
    assert InitSpec.parse(line) == spec


@pytest.mark.parametrize(
    "line",
    [
        "he_normal",
        "he_normal()",
        "  he_normal ( )  ",
        "he_normal(1)",
        "he_normal(1.0, 'fan_in')",
        "he_normal(mode=fan_in, gain=1)",
        'he_normal(mode="fan_in",)',
        "kaiming_normal",
        "variance_scaling(2)",
        "variance_scaling(2, distribution=normal())",
        "InitSpec(normal, he)",
        "InitSpec(distribution=normal, variance=fan(scale=2.0))",
        "InitSpec()",
        "he_normal(\n  gain=1,\n)",
    ],
)
def test_ways_to_say_he_normal(line):
    """parse reads each way of writing one spec."""
    assert InitSpec.parse(line) == InitSpec.he_normal()


# --- text is read, never evaluated ----------------------------------------------------------------

UNREADABLE = [
    "",
    " ",
    "()",
    "he_normal; zeros",
    "he_normal, zeros",
    "he_normal = 1",
    "he_normal(gain=2",
    "he_normal)",
    "[he_normal]",
    "he_normal()()",
    "he_normal().replace",
    "he_normal.__class__",
    "InitSpec.he_normal()",
    "initspec.InitSpec()",
    "he_normal(*[1])",
    "he_normal(**{'gain': 2})",
    "he_normal(gain=1 + 1)",
    "he_normal(gain=2 ** 10 ** 10)",
    "he_normal(gain=--1)",
    "he_normal(gain=not 1)",
    "he_normal(gain=[2])",
    "he_normal(gain=(2,))",
    "he_normal(gain={})",
    "he_normal(gain=1j)",
    "he_normal(gain=None)",
    "he_normal(gain=...)",
    "he_normal(gain=b'1')",
    "he_normal(gain=f'{1}')",
    "he_normal(gain=(x := 2))",
    "he_normal(gain=lambda: 2)",
    "he_normal(gain=2 if 1 else 3)",
    "he_normal(gain=[g for g in (1,)])",
    "he_normal(gain=math.pi)",
    "he_normal(gain=open('x').read())",
    "(lambda: he_normal)()",
    "__import__('os').system('touch pwned')",
    "he_normal(gain=[trap() for _ in 'x'][0])",
    "he_normal(gain=(lambda: trap())())",
    "(trap() or he_normal)()",
    "he_normal(gain=f'{trap()}')",
    "he_normal(*trap())",
    "he_normal(**trap())",
    "he_normal(gain=trap().real)",
    "he_normal(gain=trap()())",
    "\x00",
    "he_normal\x00",
    "(" * 900,
    "he_normal(" * 99,
    "-" * 900 + "1",
]

UNKNOWN = [
    "he_norml",
    "HE_NORMAL",
    "mro",
    "parse",
    "replace",
    "from_json('{}')",
    "_spec",
    "__init__",
    "__class__()",
    "__import__('os')",
    "eval('1')",
    "he_normal(gain=__import__('os'))",
    "he_normal(gain=eval('2'))",
    "trap()",
    "he_normal(gain=trap())",
    "InitSpec(distribution=trap(normal))",
    "he_normal(gian=2)",
    "he_normal(1, 'fan_in', 0.0, 4)",
    "he_normal(1, gain=1)",
    "he_normal(gain=1, gain=2)",
    "InitSpec(distribution=truncated_normal(lower=-1, lower=-1))",
    "InitSpec(_key=1)",
    "zeros(gain=2)",
    "constant()",
    "sparse",
    "InitSpec(distribution=sparse())",
    "normal(std=Std(0.5))",
]

OUT_OF_RANGE = [
    "he_normal(gain=0)",
    "he_normal(gain=-1)",
    "he_normal(gain=1e999)",
    "he_normal(gain=-1e999)",
    "he_normal(gain=nan)",
    "he_normal(gain=inf)",
    "he_normal(gain='2')",
    "he_normal(gain=True)",
    f"he_normal(gain={'9' * 400})",
    "he_normal(gain=normal)",
    "he_normal(gain=normal())",
    "he_normal(mode=fan_inn)",
    "he_normal(mode=1)",
    "InitSpec(distribution=std(0.5))",
    "InitSpec(distribution=orthogonal, variance=he)",
    "InitSpec(distribution=constant)",
    "InitSpec(variance=normal())",
    "variance_scaling(distribution=constant(1))",
    "truncated_normal(lower=2, upper=1)",
    "truncated_normal(corrected=1)",
    "constant(value=true)",
]


@pytest.mark.parametrize("line", ["sparse(0.5, along=in)", "sparse(0.5, along = in, std=0.01)"])
def test_in_is_read_though_python_keeps_it(line):
    """`along=in` is what one says; the parser reads Python's syntax, where `in` is a keyword."""
    assert InitSpec.parse(line) == InitSpec.sparse(0.5)


@pytest.mark.parametrize("line", UNREADABLE + UNKNOWN + OUT_OF_RANGE)
def test_lines_that_are_no_spec(line, monkeypatch, tmp_path):
    """Every other line raises an InitSpecError, quickly, and runs nothing."""
    monkeypatch.chdir(tmp_path)

    def never(*args, **kwargs):
        raise AssertionError("parse evaluated its line")

    monkeypatch.setattr(builtins, "trap", never, raising=False)
    monkeypatch.setattr(builtins, "open", never)
    monkeypatch.setattr(os, "system", never)
    expected = FormatError if line in UNREADABLE + UNKNOWN else InitSpecError
    with pytest.raises(expected) as caught:
        InitSpec.parse(line)
    assert len(str(caught.value)) < 2_000
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("line", [None, 3, b"he_normal", InitSpec(), ["he_normal"]], ids=repr)
def test_only_text_is_parsed(line):
    """Anything but a string is answered with an example of a line."""
    with pytest.raises(FormatError, match="pass a line such as 'he_normal"):
        InitSpec.parse(line)


def test_long_lines():
    """A line that is longer than any spec is not even read."""
    with pytest.raises(FormatError, match="at most 1000"):
        InitSpec.parse("he_normal(" + " " * 1000 + ")")


@given(st.text(max_size=40) | st.text(alphabet="he_normal(gain=2.0,std1e-)'", max_size=60))
@settings(max_examples=300)
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_parse_never_breaks(line):
    """Any line at all is a spec or an InitSpecError."""
    try:
        spec = InitSpec.parse(line)
    except InitSpecError:
        return
    assert InitSpec.parse(str(spec)) == spec


# --- documents ------------------------------------------------------------------------------------

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
        *("extra", ""),
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


RELATIONS = ("low must lie below high", "lower must lie below upper", "lies between them")
"""What no JSON Schema can say: two relations between pairs of numbers."""


@given(documents())
@settings(max_examples=400)
@example(InitSpec.he_normal().to_dict() | {"gain": 10**308})
@example(InitSpec.he_normal().to_dict() | {"gain": 10**309})
@example(InitSpec.he_normal().to_dict() | {"schema_version": 1.0})
@example(InitSpec.he_normal().to_dict() | {"schema_version": True})
@example(InitSpec.sparse(0.5).to_dict() | {"variance": {"type": "std", "std": 1, "mean": 1e-300}})
@example(InitSpec.sparse(0.5).to_dict() | {"variance": {"type": "std", "std": 1, "mean": -0.0}})
@example(InitSpec.uniform().to_dict() | {"variance": {"type": "range", "low": 1, "high": 1}})
@example(InitSpec.ones().to_dict() | {"distribution": {"type": "truncated_normal", "lower": 9}})
def test_schema_accepts_what_from_json_accepts(data):
    """A document is valid against the schema if and only if from_json reads it.

    But for two relations between numbers, which JSON Schema cannot state.
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


def test_the_two_relations():
    """The schema indeed accepts what it cannot know to be wrong; from_json does not."""
    for spec, part, changes in (
        (InitSpec.uniform(), "variance", {"low": 1.0, "high": 1.0}),
        (InitSpec.truncated_normal(), "distribution", {"lower": 3.0, "upper": 2.0}),
        (InitSpec.truncated_normal(), "distribution", {"lower": 9.0, "upper": 10.0}),
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
    path = Path(initspec.__file__).parent / "spec.schema.json"
    assert path.read_text("utf-8") == json.dumps(SCHEMA, indent=2) + "\n"
