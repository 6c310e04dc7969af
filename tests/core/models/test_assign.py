"""Rules held against the parameters of a model."""

from __future__ import annotations

import math

import pytest

from initspec import InitSpec
from initspec.errors import (
    RecipeError,
)
from initspec.models.assign import assign
from initspec.models.assignment import Assignments
from initspec.models.companion import Companion
from initspec.models.patterns import Pattern
from initspec.models.rule import Rule
from initspec.models.table import TableRow, fold
from tests.core.models.assigned import (
    BIAS,
    MODEL,
    REST,
    other,
    specs,
    weight,
)


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


@pytest.mark.parametrize(
    ("paths", "pattern", "passed"),
    [
        ([f"h.{i}.mlp.kernel" for i in range(6, 12)], "h.{index}.**", 12),  # stage of a pipeline
        ([f"h.{i}.mlp.kernel" for i in (0, 2, 5)], "h.{index}.**", 6),  # pruned
        ([f"h.{i}.mlp.kernel" for i in (3, 4)], "h.**", 5),
        ([f"h{i}_mlp.kernel" for i in (1, 2)], "h{index}_mlp.kernel", 3),
    ],
)
def test_the_depth_of_a_part_of_a_model(paths: list[str], pattern: str, passed: int) -> None:
    """It cannot be counted where blocks are missing, and is as it is passed."""
    rules = [Rule("normal(std=1 / depth)", pattern)]
    companions = [Companion("forward", "residual", "depth ** 0.5")]
    model = [weight(path) for path in paths]
    with pytest.raises(RecipeError, match=rf"the blocks .*: pass depth={passed}, or") as error:
        assign(model, rules, companions=companions)
    assert "\n" not in str(error.value)
    made = assign(model, rules, numbers={"depth": passed}, companions=companions)
    assert [row.std for row in made] == pytest.approx([1 / passed] * len(paths))
    lines = assign(model, [Rule("ones")], companions=companions).companions
    assert lines == ("forward, residual: x depth ** 0.5",)


@pytest.mark.parametrize("indices", [(0, 2, 4), (1, 3)])
def test_the_depth_of_layers_between_activations(indices: tuple[int, ...]) -> None:
    """In a Sequential, what has no weights leaves a gap."""
    model = [weight(f"net.{i}.kernel") for i in indices]
    made = assign(model, [Rule("normal(std=1 / depth)", "net.{index}.**")])
    assert [row.std for row in made] == pytest.approx([1 / len(indices)] * len(indices))


def test_given_numbers_come_first() -> None:
    """A keyword argument stands before what the model says."""
    rules = [Rule("normal(std=1 / depth)", "encoder.{index}.**"), *REST]
    made = assign(MODEL, rules, numbers={"depth": 10})
    assert made["encoder.0.proj.weight"].std == pytest.approx(0.1)


def test_the_table_has_the_axes_that_are_used() -> None:
    """Those of the rule, by which the fans beside them are counted."""
    (row,) = assign([weight("a")], [Rule("he_normal", "a", axes="in out")]).rows()
    assert row.cells[2:4] == ("in out", "8, 4")


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
