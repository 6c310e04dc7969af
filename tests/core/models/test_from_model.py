"""What the layers of a model start with, as a recipe: in few rules, with what is unknown marked."""

from __future__ import annotations

from typing import Any

import pytest

from initspec import Axes, InitSpec, Recipe, Rule, diff
from initspec.backend import Declared, HasInitializers, Parameter, Place
from initspec.models import owner
from tests.core.models.fake import FakeBackend, Model

FAN_OUT = Declared(InitSpec.he_normal(), Axes("kernel in"))
"""By which the fan_in of a kernel `out in` is all of it."""


class DeclaringBackend(FakeBackend):
    """Has what layers state, and a recipe for those that state nothing."""

    def __init__(self) -> None:
        self.stated: dict[str, Declared | None] = {}
        self.default = "torch"

    def version(self) -> str:
        return "1.0"

    def initializers(self, model: Model, inputs: Any = None) -> dict[str, Declared | None]:
        return self.stated

    def default_recipe(self, model: Model) -> str:
        return self.default


@pytest.fixture
def layers(monkeypatch: pytest.MonkeyPatch) -> DeclaringBackend:
    """Return the only backend that has models."""
    made = DeclaringBackend()
    assert isinstance(made, HasInitializers)
    monkeypatch.setattr(owner, "load", {"fake": made}.get)
    return made


def parameter(path: str, layer: str = "Linear", role: str = "kernel", **more: Any) -> Parameter:
    """Return a parameter of 6 x 4, or of 6."""
    shape = (6, 4) if role in ("kernel", "other") else (6,)
    axes = {"kernel": Axes("out in"), "other": None}.get(role, Axes("out [in=4]"))
    return Parameter((Place(path, (layer,), role, axes),), shape, "float32", **more)


def blocks(*names: str) -> list[Parameter]:
    """Return a kernel of each name in three blocks."""
    return [parameter(f"h.{i}.{name}") for i in range(3) for name in names]


def rules(model: Model) -> list[Rule]:
    """Return the rules of a model, which give each parameter a start."""
    recipe = Recipe.from_model(model)
    assert len(recipe.on(model)) == len(model.parameters)
    assert Recipe.from_json(recipe.to_json()) == recipe
    return list(recipe.rules)


def test_one_rule_for_each_role(layers: DeclaringBackend) -> None:
    """Where all layers start alike."""
    model = Model([*blocks("a", "b"), parameter("c.bias", role="bias")])
    layers.stated = {p.path: Declared(InitSpec.normal(0.02)) for p in model.parameters[:-1]}
    layers.stated["c.bias"] = Declared(InitSpec.zeros())
    assert rules(model) == [Rule("normal(std=0.02)", role="kernel"), Rule("zeros", role="bias")]


def test_layers_and_paths_that_differ(layers: DeclaringBackend) -> None:
    """A rule of its own for a class, and for one weight of each block, folded."""
    model = Model([*blocks("a", "b", "c"), parameter("head", "Head"), parameter("tail", "Tail")])
    layers.stated = {p.path: Declared(InitSpec.normal(0.02)) for p in model.parameters}
    layers.stated |= {f"h.{i}.b": Declared(InitSpec.orthogonal()) for i in range(3)}
    layers.stated["h.1.b"] = layers.stated["h.1.c"] = Declared(InitSpec.orthogonal(2.0))
    layers.stated |= dict.fromkeys(("head", "tail"), Declared(InitSpec.zeros()))
    assert rules(model) == [
        Rule("orthogonal", "h.{0,2}.b"),
        Rule("orthogonal(gain=2.0)", ("h.1.b", "h.1.c")),
        Rule("normal(std=0.02)", role="kernel", layer="Linear"),
        Rule("zeros", role="kernel"),
    ]


def test_what_states_nothing_starts_by_default(layers: DeclaringBackend) -> None:
    """As the recipe of the framework has it, and nothing where there is none."""
    model = Model([*blocks("a"), parameter("scale", "Norm", role="scale")])
    assert diff(Recipe.from_model(model), "torch", model) == ()
    layers.default = ""
    assert rules(model) == [Rule("keep", role="kernel"), Rule("keep", role="scale")]


def test_what_is_unknown_is_kept(layers: DeclaringBackend) -> None:
    """An initializer that no spec equals, one without axes, what is frozen, and `other`."""
    model = Model(
        [
            *(parameter("a"), parameter("b"), parameter("frozen", frozen=True)),
            *(parameter("w", role="other"), parameter("v", role="other")),
        ]
    )
    layers.stated = {
        **{"a": None, "b": Declared(InitSpec.ones()), "w": Declared(InitSpec.he_normal())},
        "v": Declared(InitSpec.he_normal(), Axes("in out")),
    }
    kept = {a.path for a in Recipe.from_model(model).on(model) if a.spec is None}
    assert kept == {"a", "frozen", "w"}


@pytest.mark.parametrize("declared", [FAN_OUT, Declared(InitSpec.dirac(), Axes("in out kernel"))])
def test_axes_of_an_initializer(layers: DeclaringBackend, declared: Declared) -> None:
    """They are those of the rule, where they change the law, and in no rule where they do not."""
    shape = (6, 4, 3)
    place = Place("w", ("Conv",), "kernel", Axes("out in kernel"))
    model = Model([Parameter((place,), shape, "float32")])
    axes = Axes("kernel kernel in") if declared is FAN_OUT else declared.axes
    layers.stated = {"w": Declared(declared.spec, axes)}
    assert rules(model) == [Rule(declared.spec, role="kernel", axes=axes)]
    assignment = Recipe.from_model(model).on(model)["w"]
    assert assignment.std == declared.spec.std(shape, axes)
    for spec, same in ((InitSpec.normal(0.1), axes), (declared.spec, Axes("out in kernel..."))):
        layers.stated = {"w": Declared(spec, same)}
        assert rules(model) == [Rule(spec, role="kernel")]


def test_parts(layers: DeclaringBackend) -> None:
    """Rules of their own, before that of the whole."""
    bias = Parameter((Place("b", ("LSTM",), "bias", Axes("(stack=4 out)")),), (24,), "float32")
    model = Model([bias, parameter("c", role="bias")])
    zeros = InitSpec.zeros()
    layers.stated = {
        "b": Declared(zeros, None, {"stack[1]": InitSpec.ones()}),
        "c": Declared(zeros),
    }
    made = rules(model)
    assert {rule.part for rule in made} == {"stack[1]", None}
    (part,) = Recipe.from_model(model).on(model)["b"].parts
    assert (part.name, part.spec) == ("stack[1]", InitSpec.ones())
    assert Recipe.from_model(model).on(model)["c"].parts == ()
