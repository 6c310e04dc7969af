"""Rules and recipes as data."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initspec import Axes, Companion, InitSpec
from initspec.backend.layers import ROLES
from initspec.errors import AxesError, FormatError, RecipeError, SpecError
from initspec.models.recipe import Recipe, recipe, recipe_of
from initspec.models.rule import Rule
from initspec.models.shipped import recipes
from initspec.models.tables import table_classes

GLOBS = st.sampled_from(["**.weight", "h.{index}.*", "{q,k}_proj", "a.b", "é.\"\\'"])
SPECS = st.sampled_from(
    ["keep", "zeros", "normal(std=0.02 / sqrt(2 * depth))", "sparse(0.5, along=in)", "he_normal"]
)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Draw a rule."""
    globs = st.none() | GLOBS | st.lists(GLOBS, min_size=1, max_size=3).map(tuple)
    return Rule(
        draw(SPECS),
        draw(globs),
        role=draw(st.none() | st.sampled_from(ROLES)),
        layer=draw(st.none() | st.sampled_from(["Linear", "*Norm", "Conv{1,2}d"])),
        axes=draw(st.none() | st.sampled_from(["out in", "(stack=4 out) [in=64]"])),
        part=draw(st.none() | st.sampled_from(["[0]", "stack[1]"])),
        optional=draw(st.booleans()),
    )


COMPANIONS = st.sampled_from(
    [
        Companion("learning rate", "hidden matrices", "1 / width_ratio"),
        Companion("forward", "é\"\\'", "(2 * depth) ** 0.25"),
        Companion("other", "rows", "\x7f divide by their norm"),
    ]
)
RECIPES = st.builds(
    Recipe,
    st.lists(rules(), min_size=1, max_size=4),
    name=st.text(),
    source=st.text(),
    numbers=st.dictionaries(st.sampled_from(["width", "_a1"]), st.text(min_size=1)),
    companions=st.lists(COMPANIONS, max_size=2),
)


def assert_same(again: Recipe, made: Recipe) -> None:
    """Hold all that a recipe has, what equality leaves out included."""
    assert again == made
    assert hash(again) == hash(made)
    assert (again.name, again.source) == (made.name, made.source)
    assert (again.numbers, again.companions) == (made.numbers, made.companions)


@given(RECIPES)
def test_documents_are_read_back(made: Recipe) -> None:
    """JSON, dict and pickle give the recipe back, all of it; so does the repr of a rule."""
    assert_same(Recipe.from_json(made.to_json()), made)
    assert_same(Recipe.from_dict(made.to_dict()), made)
    assert_same(pickle.loads(pickle.dumps(made)), made)
    assert tuple(eval(repr(rule), {"Rule": Rule}) for rule in made.rules) == made.rules


@given(RECIPES)
def test_files_are_read_back(tmp_path_factory: pytest.TempPathFactory, made: Recipe) -> None:
    """So do TOML and JSON files, whatever the text."""
    for suffix in (".toml", ".json"):
        file = tmp_path_factory.mktemp("recipe") / f"recipe{suffix}"
        made.save(file)
        assert_same(Recipe.load(file), made)


def test_equal_by_meaning() -> None:
    """Rules are equal when they mean the same; a recipe's name does not count."""
    assert Rule("he_normal") == Rule(InitSpec.variance_scaling(2.0)) != Rule("he_uniform")
    assert Rule("normal(std=2/100)") == Rule(InitSpec.normal(0.02))
    assert Rule("zeros", "a") == Rule("zeros", ("a",)) != Rule("zeros", ("a", "b"))
    assert Rule("zeros", axes="out in") == Rule("zeros", axes=Axes("out  in"))
    assert Recipe([Rule("zeros")], "a") == Recipe([Rule("zeros")], "b")
    assert Recipe([Rule("zeros")]) != [Rule("zeros")]


def test_sum() -> None:
    """The rules of the left come first."""
    left, right = Recipe([Rule("ones")], "a", "x"), Recipe([Rule("zeros")], "b")
    both = left + right
    assert both.rules == (*left.rules, *right.rules)
    assert (both.name, both.source) == ("a + b", "x")
    for one, other in ((left, [Rule("zeros")]), ([Rule("ones")], right), ((Rule("ones"),), right)):
        assert one + other == both  # type: ignore[operator]
    assert left + [] == [] + left == left + () == left  # noqa: RUF005 - a Recipe is no list
    with pytest.raises(RecipeError):
        left + ""
    shipped = left + "he"
    assert (shipped.rules, shipped.name) == ((left + recipe("he")).rules, "a + he")
    assert ("he" + left).rules == (recipe("he") + left).rules
    with pytest.raises(RecipeError, match="'glorott': did you mean 'glorot'"):
        left + "glorott"
    width, rate = {"width": "a"}, Companion("learning rate", "all", "1 / width")
    more = Recipe(left.rules, numbers=width | {"b": "c"}, companions=[rate]) + Recipe(
        right.rules, numbers={"width": "b"}, companions=[rate, Companion("forward", "x", "2")]
    )
    assert more.numbers == {"width": "a", "b": "c"}
    assert more.companions == (rate, Companion("forward", "x", "2"))
    for other in (3, None, {}):
        with pytest.raises(TypeError):
            left + other  # type: ignore[operator]
        with pytest.raises(TypeError):
            other + left  # type: ignore[operator]


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"spec": 3}, SpecError, "pass an InitSpec"),
        ({"spec": "norml(std=1)"}, FormatError, "'normal'"),
        ({"spec": "normal(std=-1)"}, SpecError, "std"),
        ({"spec": "zeros", "path": ""}, FormatError, "glob"),
        ({"spec": "zeros", "path": 3}, FormatError, "path=3"),
        ({"spec": "zeros", "path": ()}, FormatError, "path"),
        ({"spec": "normal(std=exp(2))"}, FormatError, "unknown function 'exp'.*sqrt, log"),
        ({"spec": "zeros", "role": "kernl"}, FormatError, "'kernel'"),
        ({"spec": "zeros", "role": ("kernel", "bias")}, FormatError, "write a rule for each"),
        ({"spec": "zeros", "layer": int}, FormatError, "name of a class"),
        ({"spec": "zeros", "path": "h.{a,{b,c}}"}, FormatError, "braces within braces"),
        ({"spec": "zeros", "path": "h.a}"}, FormatError, "brace without its other"),
        ({"spec": "zeros", "layer": "a{b"}, FormatError, "brace"),
        ({"spec": "zeros", "layer": "{index}"}, FormatError, "class"),
        ({"spec": "zeros", "axes": "out on"}, AxesError, "on"),
        ({"spec": "zeros", "part": "gate"}, FormatError, "stack"),
        ({"spec": "zeros", "part": "stack[-1]"}, FormatError, "stack"),
        ({"spec": "zeros", "optional": 1}, FormatError, "True or False"),
    ],
)
def test_bad_rules(arguments: dict, error: type[Exception], says: str) -> None:
    """Each field says what it takes."""
    with pytest.raises(error, match=says):
        Rule(**arguments)


COMPANION = {"kind": "forward", "of": "logits", "value": "1 / width"}
DOCUMENT = {"recipe_version": 1, "name": "a", "source": "b", "rules": [{"spec": "zeros"}]}


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "dict"),
        ({}, "must be stated"),
        (DOCUMENT | {"recipe_version": 2}, "upgrade initspec"),
        (DOCUMENT | {"recipe_version": True}, "must be stated"),
        (DOCUMENT | {"rule": []}, "'rules'"),
        (DOCUMENT | {"rules": {}}, "list"),
        (DOCUMENT | {"rules": []}, "list of Rule"),
        (DOCUMENT | {"rules": [3]}, "rule 1"),
        (
            DOCUMENT | {"rules": [{"spec": "zeros"}, {"spec": "zeros", "rol": "bias"}]},
            "rule 2.*role",
        ),
        (DOCUMENT | {"rules": [{"spec": "zeros", "path": [1]}]}, "rule 1.*path"),
        (DOCUMENT | {"rules": [{"role": "bias"}]}, "'spec'"),
        (DOCUMENT | {"name": 3}, "name=3"),
        (DOCUMENT | {"numbers": ["width"]}, "numbers=.*what each name means"),
        (DOCUMENT | {"numbers": {"width": 3}}, "what each name means"),
        (DOCUMENT | {"numbers": {"2 wide": "a"}}, "what each name means"),
        (DOCUMENT | {"companions": {}}, "companions=.*list"),
        (DOCUMENT | {"companions": [3]}, "keys kind, of, value"),
        (DOCUMENT | {"companions": [{"kind": "other", "of": "a"}]}, "keys kind, of, value"),
        (DOCUMENT | {"companions": [COMPANION | {"of": ""}]}, "of='' of a companion"),
        (DOCUMENT | {"companions": [COMPANION | {"kind": "rate"}]}, "learning rate"),
        (DOCUMENT | {"companions": [COMPANION | {"value": "1 over d"}]}, "is not arithmetic"),
        (DOCUMENT | {"companions": [COMPANION | {"value": "f(d)"}]}, "unknown function 'f'"),
    ],
)
def test_bad_documents(document: object, says: str) -> None:
    """What is no recipe says why."""
    with pytest.raises(FormatError, match=says):
        Recipe.from_dict(document)
    with pytest.raises(FormatError, match=says):
        Recipe.from_json(json.dumps(document))


@pytest.mark.parametrize("text", ["{", b"\xff", "[" * 100_000, " " * (1 << 20) + "{}", 3])
def test_bad_text(text: object) -> None:
    """What is no JSON says so, and does not take long."""
    with pytest.raises(FormatError):
        Recipe.from_json(text)  # type: ignore[arg-type]


def test_bad_files(tmp_path: Path) -> None:
    """Another suffix is refused before anything is written, and broken TOML named."""
    file = tmp_path / "recipe.yaml"
    with pytest.raises(FormatError, match=r"\.toml"):
        Recipe([Rule("zeros")]).save(file)
    assert not file.exists()
    with pytest.raises(FormatError, match=r"\.toml"):
        Recipe.load(file)
    broken = tmp_path / "recipe.toml"
    broken.write_text("rules = [")
    with pytest.raises(FormatError, match="no TOML"):
        Recipe.load(broken)


def test_companions() -> None:
    """A factor is a number where its names have some; a wrong type says what to pass."""
    rate = Companion("weight decay", "matrices", "width * 2")
    assert rate.line({"width": 4.0}.get) == "weight decay of matrices: x width * 2 = 8"
    assert rate.line() == "weight decay of matrices: x width * 2"
    assert Companion("other", "rows", "divide by 1 / width").line() == "rows: divide by 1 / width"
    with pytest.raises(FormatError, match="'1 / width' has no finite value"):
        Companion("forward", "a", "1 / width").line({"width": 0.0}.get)
    for companions in (rate, "a", [3]):
        with pytest.raises(FormatError, match="a list of Companion"):
            Recipe([Rule("zeros")], companions=companions)  # type: ignore[arg-type]


@pytest.mark.parametrize("rules", [[], "zeros", [3], None])
def test_bad_recipes(rules: object) -> None:
    """A recipe is of rules."""
    with pytest.raises((FormatError, TypeError)):
        Recipe(rules)  # type: ignore[arg-type]


def test_shipped() -> None:
    """Each has the name of its file and a source; a name that is near is shown."""
    for name, shipped in recipes().items():
        assert shipped.name == name
        assert shipped.source
        for rule in shipped.rules:
            if rule.layer and not rule.optional and not rule.path:
                assert any(p.matches(name) for p in rule.layer for name in table_classes()), rule
        assert recipe_of(name) is shipped
    with pytest.raises(RecipeError, match="did you mean 'he'"):
        recipe("hee")
    with pytest.raises(RecipeError, match=r"a list of Rule, or a \.toml"):
        recipe("mine")
    with pytest.raises(FormatError, match="a name, a Recipe"):
        recipe_of(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["gpt2", "GPT2", "llama", "vit", "resnet", "mamba"])
def test_the_beginning_of_a_name(name: str) -> None:
    """All that begin so are named, for each is by other code."""
    begun = [other for other in recipes() if other.startswith(name.lower())]
    with pytest.raises(RecipeError) as error:
        recipe(name)
    assert re.findall(r"'(.*?)'", str(error.value)) == [name, *begun]
