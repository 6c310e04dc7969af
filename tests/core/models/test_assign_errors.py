"""What is reported of parameters without a rule, and of recipes that are wrong."""

from __future__ import annotations

import math

import pytest

from initspec.backend import Parameter
from initspec.errors import (
    AxesError,
    DtypeError,
    FormatError,
    InitSpecError,
    RecipeError,
    SpecError,
)
from initspec.models.assign import assign
from initspec.models.rule import Rule
from tests.core.models.assigned import (
    BIAS,
    MODEL,
    REST,
    bias,
    other,
    specs,
    weight,
)


def test_total_or_an_error() -> None:
    """One message has every parameter without a rule, every rule without one, and what to write."""
    rules = [Rule("ones", "nowhere.**"), Rule("ones", "not.there", optional=True), *REST[1:]]
    model = [*MODEL[1:], other("scale", (5,))]
    with pytest.raises(RecipeError) as caught:
        assign(model, rules)
    message = str(caught.value)
    assert "Rule('keep', 'scale')" in message
    assert "5 parameters have no rule" in message
    folded = "encoder.{0..3}.proj.bias x 4 (8,), bias of Linear"
    assert f"  {folded}: Rule('zeros', 'encoder.*.proj.bias')" in message
    biases = [Rule("ones", "encoder.*.proj.bias"), Rule("ones", "scale")]
    assert len(assign(model, [*REST[1:], *biases])) == len(model)
    assert "nowhere" in message
    assert "not.there" not in message


@pytest.mark.parametrize(
    ("parameter", "line"),
    [
        (weight("a.weight"), "Rule('normal(std=0.02)', 'a.weight')"),
        (bias("a.bias"), "Rule('zeros', 'a.bias')"),
        (weight("a.weight", (8,), "scale", axes="out"), "Rule('ones', 'a.weight')"),
        (other("a.experts", (4, 8, 3)), "Rule('normal(std=0.02)', 'a.experts')"),
        (other("a.temperature", ()), "Rule('keep', 'a.temperature')"),
        (other("a.gain", (1, 1, 8)), "Rule('keep', 'a.gain')"),
        (weight("a.weight", frozen=True), "Rule('keep', 'a.weight')"),
    ],
)
def test_the_line_to_write_is_right_for_the_role(parameter: Parameter, line: str) -> None:
    """Zeros for a bias, ones for a scale; the constructor has the values of gains and the like."""
    rules = [Rule("ones", "nowhere", optional=True)]
    with pytest.raises(RecipeError) as caught:
        assign([parameter], rules)
    assert str(caught.value).endswith(line)
    assert len(assign([parameter], [eval(line), *rules])) == 1


@pytest.mark.parametrize("owner", ["", "h.0.mixer."])
def test_the_line_to_write_keeps_a_mixer(owner: str) -> None:
    """Whatever is inside it, but nothing beside it."""
    inside, outside = other(f"{owner}proj.weight", (8, 4)), other("head", (8, 4))
    with pytest.raises(RecipeError) as caught:
        assign([other(f"{owner}A_log", (8, 2)), inside, outside], [Rule("zeros")])
    assert f"Rule('keep', '{inside.path}')" in str(caught.value)
    assert ("Rule('normal(std=0.02)', 'head')" in str(caught.value)) == bool(owner)


def test_the_line_to_write_is_for_no_other_block() -> None:
    """Where the first blocks are frozen, it keeps these, and all others are drawn."""
    model = [weight(f"h.{i}.weight", frozen=i < 3) for i in range(6)]
    with pytest.raises(RecipeError, match=r"Rule\('keep', 'h.\{0,1,2\}.weight'\)"):
        assign(model, [Rule("ones")])
    with pytest.raises(RecipeError, match=r"h.\{0..2\}.weight x 3 .*'h.\*.weight'"):
        assign(model[:3], [Rule("ones")])


def test_what_several_parameters_lack_is_one_line() -> None:
    """With the first three and how many there are, whatever they lack."""
    rules = [Rule("normal(std=1 / width)", "encoder.**.weight"), *REST]
    with pytest.raises(RecipeError) as caught:
        assign([*MODEL, *(other(f"gate_{i}") for i in range(2))], [*rules, Rule("he_normal", "**")])
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "encoder.0.proj.weight, encoder.1.proj.weight, encoder.2.proj.weight and 1 more",
        "gate_0, gate_1",
    ]
    assert "no number for 'width'" in lines[0]
    assert "goes by axes" in lines[1]


@pytest.mark.parametrize(
    ("rule", "options", "says"),
    [
        (Rule("normal(std=1 / widht)", "encoder.**"), {}, "no number for 'widht'"),
        (
            Rule("normal(std=1 / width)", "encoder.**"),
            {"meanings": {"width": "outputs of the embedding"}},
            "pass width=... as an argument, outputs of the embedding; other",
        ),
        (Rule("normal(std=1 / depth)", "head.weight"), {}, "no part of the path is an integer"),
        (Rule("normal(std=1 / (depth - 4))", "encoder.**"), {}, "no finite value for depth=4"),
        (Rule("normal(std=1 / depth)", "encoder.**"), {"numbers": {"depht": 3}}, "mean 'depth'"),
        (Rule("ones", role="kernel"), {"numbers": {"depth": 3}}, "no numbers: leave depth= out"),
        (Rule("keep", role="kernel", part="[0]"), {}, "cannot be kept"),
        (Rule("ones", layer="Linaer"), {}, "unknown layer 'Linaer': did you mean 'Linear'"),
        (Rule("ones", "*.wieght"), {}, "did you mean 'wte.weight'"),
        (Rule("ones", "encoder/0/[pq]*"), {}, "joined by dots"),
        (Rule("normal(std=2 - depth)", "encoder.**"), {}, r"'normal\(std=2 - depth\)' is 'normal"),
        (Rule("ones", "encoder.**"), {"only": 3}, "only=3: pass a path"),
    ],
)
def test_bad_recipes(rule: Rule, options: dict, says: str) -> None:
    """Each error has the parameter or the name, and all come in one message."""
    with pytest.raises(RecipeError, match=says):
        specs([rule, *REST, BIAS], **options)


@pytest.mark.parametrize("value", [math.nan, "12", None, True])
def test_bad_numbers(value: object) -> None:
    """A number is finite."""
    with pytest.raises(SpecError, match="depth"):
        specs([Rule("normal(std=1 / depth)")], numbers={"depth": value})


def test_dtype_that_cannot_hold_the_values() -> None:
    """A spec that overflows the parameter's dtype is refused before anything is drawn."""
    model = [weight("a", dtype="float16")]
    with pytest.raises(RecipeError, match=r"a: .*float16"):
        specs([Rule("normal(std=100000.0)")], model)


def test_errors_are_of_initspec() -> None:
    """Whatever fails is an InitSpecError, which the command line prints."""
    for kind in (RecipeError, AxesError, DtypeError, FormatError):
        assert issubclass(kind, InitSpecError)
