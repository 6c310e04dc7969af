"""Rules held against the parameters of a model."""

from __future__ import annotations

import math

import pytest

from initspec import Axes, InitSpec
from initspec.backend import Parameter, Place
from initspec.errors import (
    AxesError,
    DtypeError,
    FormatError,
    InitSpecError,
    RecipeError,
    SpecError,
)
from initspec.models.assign import assign
from initspec.models.assignment import Assignments
from initspec.models.patterns import Pattern
from initspec.models.rule import Rule
from initspec.models.table import TableRow, fold


def weight(path: str, shape=(8, 4), role="kernel", layer="Linear", axes="out in", **fields):
    place = Place(path, (layer, "Module"), role, Axes(axes) if axes else None)
    return Parameter((place,), shape, fields.pop("dtype", "float32"), **fields)


def bias(path: str):
    return weight(path, (8,), "bias", axes="out [in=4]")


def other(path: str, shape=(3,), layer="Net", **fields):
    return weight(path, shape, "other", layer, None, **fields)


def tied(first: Place, second: Place, shape=(16, 4)):
    return Parameter((first, second), shape, "float32")


WTE = Place("wte.weight", ("Embedding", "Module"), "embedding", Axes("stack out"))
HEAD = Place("head.weight", ("Linear", "Module"), "kernel", Axes("out in"))
MODEL = [
    tied(WTE, HEAD),
    *(weight(f"encoder.{i}.proj.weight") for i in range(4)),
    *(bias(f"encoder.{i}.proj.bias") for i in range(4)),
    *(weight(f"decoder.{i}.proj.weight") for i in range(2)),
]
REST = [Rule("normal(std=0.02)", "wte.weight"), Rule("he_normal", role="kernel")]
BIAS = Rule("zeros", role="bias")


def specs(rules, model=MODEL, **options) -> dict[str, str]:
    return {a.path: str(a.spec) for a in assign(model, rules, **options)}


def test_first_rule_wins() -> None:
    """The order of the rules decides, by path, role and layer."""
    rules = [Rule("ones", "encoder.1.**", role="kernel"), *REST, BIAS, Rule("lecun_normal")]
    made = specs(rules)
    assert made["encoder.1.proj.weight"] == "ones"
    assert made["encoder.1.proj.bias"] == "zeros"
    assert made["encoder.2.proj.weight"] == "he_normal"
    assert list(made) == [parameter.path for parameter in MODEL]


def test_a_layer_of_another_model() -> None:
    """A rule for a class that a table has, or that is optional, may be for none of this model."""
    rules = [Rule("ones", layer="LSTM"), Rule("ones", layer="MyNorm", optional=True)]
    assert specs([*rules, Rule("zeros")], [weight("a")]) == {"a": "zeros"}


def test_layer_by_any_base() -> None:
    """A layer's glob is for its class and the bases of it."""
    model = [weight("a"), weight("b", layer="MyLinear")]
    assert specs([Rule("ones", layer="*Linear"), Rule("zeros")], model) == {
        "a": "ones",
        "b": "ones",
    }
    assert specs([Rule("ones", layer="My*"), Rule("zeros", layer="Module")], model) == {
        "a": "zeros",
        "b": "ones",
    }


@pytest.mark.parametrize(
    ("rule", "std"),
    [
        (
            Rule("normal(std=1 / (index + 1))", "encoder.{index}.proj.weight"),
            [1, 1 / 2, 1 / 3, 1 / 4],
        ),
        (Rule("normal(std=1 / depth)", "encoder.{index}.**", role="kernel"), [1 / 4] * 4),
        (Rule("normal(std=1 / depth)", "encoder.**.weight"), [1 / 4] * 4),
        (Rule("normal(std=1 / depth)", role="kernel"), [1 / 4] * 4),
        (Rule("normal(std=sqrt(fan_in / fan_out))", "encoder.**.weight"), [math.sqrt(0.5)] * 4),
        (Rule("normal(std=width)", "encoder.**.weight"), [7.0] * 4),
        (Rule("he_normal(gain=1 / n_layer)", "encoder.**.weight"), [math.sqrt(2 / 4) / 5] * 4),
    ],
)
def test_numbers(rule: Rule, std: list[float]) -> None:
    """Index and depth are of the siblings, encoder and decoder apart; then fans, then config."""

    class Config:
        n_layer = 5
        width = True  # no number

    numbers = {"width": 7} if "width" in str(rule.spec) else {}
    rules = [Rule("normal(std=0.02)", "wte.weight"), rule, Rule("he_normal", role="kernel"), BIAS]
    made = assign(MODEL, rules, config=Config(), numbers=numbers)
    encoder = [made[f"encoder.{i}.proj.weight"].std for i in range(4)]
    assert encoder == pytest.approx(std, rel=1e-12)
    if rule.role and not rule.path:
        assert made["decoder.0.proj.weight"].std == pytest.approx(1 / 2)


def test_index_within_a_part() -> None:
    """Keras has no lists: blocks are counted by what begins as the layer's name does."""
    paths = [f"{tower}{i}_{name}.kernel" for tower in "he" for i in range(11) for name in "qk"]
    model = [weight(path) for path in [*paths, "h11.kernel", "head.kernel"]]
    rules = [Rule("normal(std=(index + 1) / depth)", "h{index}_q.kernel"), Rule("zeros")]
    made = assign(model, rules)
    assert [made[f"h{i}_q.kernel"].std for i in (0, 10)] == [1 / 12, 11 / 12]


def test_given_numbers_come_first() -> None:
    """A keyword argument stands before what the model says."""
    rules = [Rule("normal(std=1 / depth)", "encoder.{index}.**"), *REST]
    made = assign(MODEL, rules, numbers={"depth": 10})
    assert made["encoder.0.proj.weight"].std == pytest.approx(0.1)


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


def test_the_table_has_the_axes_that_are_used() -> None:
    """Those of the rule, by which the fans beside them are counted."""
    (row,) = assign([weight("a")], [Rule("he_normal", "a", axes="in out")]).rows()
    assert row.cells[2:4] == ("in out", "8, 4")


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


@pytest.mark.parametrize("rule", [Rule("ones"), Rule("ones", role="kernel")])
def test_other_is_named(rule: Rule) -> None:
    """What no table knows is not reached by a rule for everything."""
    with pytest.raises(RecipeError, match="1 parameter has no rule"):
        specs([rule], [weight("a"), other("x")])


@pytest.mark.parametrize(
    "rule", [Rule("ones", "x"), Rule("ones", role="other"), Rule("ones", layer="Net")]
)
def test_other_by_path_layer_or_role(rule: Rule) -> None:
    """It is reached by each of these."""
    assert specs([rule], [other("x")]) == {"x": "ones"}


def test_frozen_by_path_alone() -> None:
    """A frozen parameter keeps what it has unless it is named."""
    model = [other("positions", frozen=True), weight("a", frozen=True)]
    with pytest.raises(RecipeError, match="2 parameters"):
        specs([Rule("ones", role="other"), Rule("ones", layer="Linear"), Rule("ones")], model)
    assert specs([Rule("keep", "positions"), Rule("ones", "a")], model)["positions"] == "None"


def test_fan_rule_without_axes() -> None:
    """A rule whose fans nobody knows says to give axes; with axes it has them."""
    model = [other("x", (6, 3))]
    with pytest.raises(RecipeError, match=r"x: .*axes"):
        specs([Rule("normal(std=1 / fan_in)", "x")], model)
    made = assign(model, [Rule("he_normal", "x", axes="in out")])["x"]
    assert made.fans == (6, 3)
    assert made.std == pytest.approx(math.sqrt(2 / 6))
    with pytest.raises(RecipeError, match=r"x: .*name 3 axes"):
        specs([Rule("he_normal", "x", axes="in out kernel")], model)


@pytest.mark.parametrize("line", ["he_normal", "glorot_uniform", "orthogonal", "identity"])
@pytest.mark.parametrize("shape", [(8, 4), (8, 4, 4)])
def test_no_convention_stands_in_for_axes(line: str, shape: tuple[int, ...]) -> None:
    """What goes by axes is refused where none are known, whatever the rank."""
    model = [other("a", shape=shape)]
    with pytest.raises(RecipeError, match=r"a: .*goes by axes.*axes='in out'"):
        specs([Rule(line, "a")], model)
    if line == "he_normal":
        with_axes = Rule(line, "a", axes="in" + " out" * (len(shape) - 1))
        assert assign(model, [with_axes])["a"].fans.fan_in == 8
    assert specs([Rule("normal(std=0.02)", "a")], model) == {"a": "normal(std=0.02)"}


def test_tied() -> None:
    """A tied weight is one parameter, that any of its paths settles."""
    for path in ("wte.weight", "head.weight"):
        made = assign(MODEL[:1], [Rule("normal(std=0.5)", path)])
        assert (len(made), made["head.weight"].std, made[path].tied) == (1, 0.5, ("head.weight",))
        assert made["head.weight"].role == "embedding"
    assert specs([Rule("normal(std=0.5)")], MODEL[:1]) == {"wte.weight": "normal(std=0.5)"}
    by_role = [Rule("normal(std=0.5)", role="embedding"), Rule("normal(std=0.5)", role="kernel")]
    assert specs(by_role, MODEL[:1]) == {"wte.weight": "normal(std=0.5)"}


@pytest.mark.parametrize(
    "rules",
    [
        [Rule("normal(std=0.5)", role="embedding"), Rule("he_normal", role="kernel")],
        [Rule("normal(std=0.5)", role="embedding"), Rule("keep", role="kernel")],
        [Rule("normal(std=0.5)", role="embedding"), Rule("uniform(low=-1, high=1)")],
        [
            Rule("zeros", role="embedding", part="[0]"),
            Rule("normal(std=0.5)", role="embedding"),
            Rule("normal(std=0.5)"),
        ],
    ],
)
def test_tied_with_two_meanings(rules: list[Rule]) -> None:
    """Rules that differ for its layers are an error with the line that settles it."""
    with pytest.raises(RecipeError, match=r"^wte.weight is tied.*Rule\('.*', 'wte.weight'\)"):
        specs(rules, MODEL[:1])


def test_tied_with_one_meaning_and_no_elements() -> None:
    """Rules of one spec agree, also where nothing has the fans that it counts."""
    empty = [Place(path, ("Linear",), "kernel", Axes("out in")) for path in "ab"]
    assert specs([Rule("he_normal", role="kernel")], [tied(*empty, (4, 0))]) == {"a": "he_normal"}


def test_tied_beside_a_layer_that_no_table_knows() -> None:
    """The role is that of the first path that is known; the other path asks for nothing."""
    bare = Place("predictions.bias", ("Head",))
    known = Place("predictions.decoder.bias", ("Linear",), "bias", Axes("out [in=4]"))
    made = assign([tied(bare, known, (8,))], [BIAS])["predictions.bias"]
    assert (made.role, made.layer, str(made.spec)) == ("bias", "Linear", "zeros")


def test_parts() -> None:
    """A part has its own spec; of two rules for one, the first is drawn last."""
    gates = weight("lstm.bias", (32,), "bias", "LSTM", "(stack=4 out) [in=8]")
    rules = [
        Rule("ones", role="bias", part="stack[1]"),
        Rule("constant(value=2)", role="bias", part="stack[1]"),
        Rule("zeros", role="bias", part="[0]"),
        Rule("lecun_normal", role="bias"),
    ]
    made = assign([gates], rules)["lstm.bias"]
    assert [(part.name, str(part.spec)) for part in made.parts] == [
        ("[0]", "zeros"),
        ("stack[1]", "constant(value=2.0)"),
        ("stack[1]", "ones"),
    ]
    assert made.parts[2].index == (slice(8, 16),)
    with pytest.raises(RecipeError, match="none for the whole"):
        specs(rules[:1], [gates])
    with pytest.raises(RecipeError, match="4 members"):
        specs([Rule("ones", role="bias", part="stack[4]"), *rules[3:]], [gates])
    with pytest.raises(RecipeError, match="no stack"):
        specs([Rule("ones", part="stack[0]"), Rule("zeros")], [weight("a")])
    with pytest.raises(RecipeError, match="no such row"):
        specs([Rule("ones", part="[8]"), Rule("zeros")], [weight("a")])


@pytest.mark.parametrize(
    ("shape", "axes", "index"),
    [
        ((12, 5), "(stack=3 out) in", (slice(4, 8), slice(0, 5))),
        ((5, 12), "in (stack=3 out)", (slice(0, 5), slice(4, 8))),
        ((3, 4, 5), "stack out in", (slice(1, 2), slice(0, 4), slice(0, 5))),
        ((7, 12), "stack (stack=3 out)", (slice(0, 7), slice(4, 8))),
        ((2, 12), "out (stack=3 in)", (slice(0, 2), slice(4, 8))),
        ((12, 5), "(stack=1 stack=3 out) in", (slice(4, 8), slice(0, 5))),
        ((12, 5), "(stack out=8+2+2) in", (slice(8, 10), slice(0, 5))),
        ((5, 24), "in (stack out=8+2+2 kernel=2)", (slice(0, 5), slice(16, 20))),
    ],
)
def test_part_of_a_stack(shape, axes: str, index) -> None:
    """A member of the last stack is a block of the axis that it is a factor of."""
    model = [weight("a", shape, axes=axes)]
    made = assign(model, [Rule("ones", part="stack[1]"), Rule("zeros")])["a"]
    assert made.parts[0].index == index


@pytest.mark.parametrize(
    "axes", ["(out stack=3) in", "(stack=2 stack=3 out) in", "(kernel=2 stack out=4+2) in"]
)
def test_part_that_is_no_block(axes: str) -> None:
    """What does not lie together cannot be a part."""
    with pytest.raises(RecipeError, match="no block"):
        specs([Rule("ones", part="stack[1]"), Rule("zeros")], [weight("a", (12, 5), axes=axes)])


def test_padding_row() -> None:
    """The padding row of an embedding is zeros, after the whole and before parts of the rules."""
    table = weight("e", (9, 4), "embedding", "Embedding", "stack out", padding=3)
    made = assign([table], [Rule("ones", part="[3]"), Rule("normal(std=1.0)")])["e"]
    assert [(part.name, str(part.spec)) for part in made.parts] == [
        ("[3]", "zeros"),
        ("[3]", "ones"),
    ]
    assert made.parts[0].index == (slice(3, 4), slice(0, 4))
    assert not assign([table], [Rule("keep")])["e"].parts


def test_numbers_of_a_config_within_the_config() -> None:
    """One number of the name, wherever it is; the config's own first, and never a choice."""

    class Config:
        pass

    text, vision, whole = Config(), {"hidden_size": 8}, Config()
    text.hidden_size, text.layers, whole.text_config, whole.vision_config = 4, 2, text, vision
    rules = [Rule("normal(std=1 / layers)", role="kernel")]
    assert assign([weight("a")], rules, config=whole)["a"].std == 0.5
    assert assign([weight("a")], rules, config={"thinker_config": whole})["a"].std == 0.5
    rules = [Rule("normal(std=1 / hidden_size)", role="kernel")]
    where = "4 in text_config, 8 in vision_config: pass hidden_size="
    with pytest.raises(RecipeError, match=where):
        assign([weight("a")], rules, config=whole)
    assert assign([weight("a")], rules, config=whole, numbers={"hidden_size": 2})["a"].std == 0.5
    whole.hidden_size = 16
    assert assign([weight("a")], rules, config=whole)["a"].std == 1 / 16


def test_paths_with_the_characters_of_globs() -> None:
    """`only` takes them as they are, and the rule to add has a glob that matches them."""
    model = [weight("heads.{en}.weight"), weight("heads.a*.weight"), weight("heads.ab.weight")]
    made = assign(model, [Rule("ones")], only=["heads.{en}.weight", "heads.a*.weight"])
    assert [a.path for a in made] == ["heads.{en}.weight", "heads.a*.weight"]
    with pytest.raises(RecipeError, match=r"Rule\('normal.*', 'heads.\*en\*.weight'\)"):
        assign(model, [Rule("ones", role="bias")])
    rules = [Rule("ones", "heads.*en*.weight"), Rule("zeros")]
    assert [a.mean for a in assign(model, rules)] == [1, 0, 0]


def test_only() -> None:
    """What is not asked for needs no rule; what is, does, and a path that is none is shown."""
    made = specs(REST[1:], only=["encoder.*.proj.weight", "decoder.0.**"])
    assert len(made) == 5
    assert list(specs(REST, only="head.weight")) == ["wte.weight"]
    with pytest.raises(RecipeError, match=r"'head.weight'"):
        specs(REST, only=["head.wieght"])
    with pytest.raises(RecipeError, match="4 parameters have no rule"):
        specs(REST, only="encoder.**")


@pytest.mark.parametrize(
    ("rule", "options", "says"),
    [
        (Rule("normal(std=1 / widht)", "encoder.**"), {}, "no number for 'widht'"),
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


def test_assignments_by_any_path() -> None:
    """A mapping by path, in the order of the model."""
    made = assign(MODEL, [*REST, BIAS])
    assert isinstance(made, Assignments)
    assert len(made) == len(list(made)) == len(MODEL)
    assert made["head.weight"] is made["wte.weight"]
    assert made["encoder.0.proj.weight"].spec == InitSpec.he_normal()
    with pytest.raises(KeyError, match="did you mean"):
        made["encoder.0.proj.wieght"]


@pytest.mark.parametrize("stem", ["", "layers_", "transformer_layer_"])
def test_blocks_whose_number_is_a_part_or_ends_one_are_folded(stem: str) -> None:
    """As PyTorch has them, and Keras and flax; the glob of a row matches its blocks alone."""
    paths = [f"{stem}{i}.fc.weight" for i in (0, 1, 2, 10)]
    others = [f"{stem}7.fc.weight", "layers.fc.weight", "layers_x.fc.weight"]
    (row,) = fold([TableRow(tuple(path.split(".")), 1, ("8 x 4",)) for path in paths])
    assert row.path == f"{stem}{{0..2,10}}.fc.weight x 4"
    assert row.glob([]) == f"{stem}*.fc.weight"
    pattern = Pattern(row.glob(others))
    assert all(map(pattern.matches, paths))
    assert not any(map(pattern.matches, others))


def test_names_that_only_look_numbered_are_not_folded() -> None:
    """Digits within a word are of its name, as in conv1d and weight_ih_l0."""
    names = ("conv1d", "conv2d", "weight_ih_l0", "weight_ih_l1", "x_²")
    assert len(fold([TableRow((name, "w"), 1, ()) for name in names])) == len(names)
