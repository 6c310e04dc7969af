"""That the recipe of a model of torch is what its layers start with, by their class."""

from __future__ import annotations

import pytest
from initspec_conformance import audit_model

from initspec import InitSpec, Recipe, Rule, diff, register_layer
from initspec.backend import TargetError

torch = pytest.importorskip("torch", reason="PyTorch is not installed here")
nn = torch.nn


class Model(nn.Module):
    """Layers of several roles, a tied weight, a frozen one, and a parameter of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 16, padding_idx=0)
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.blocks = nn.ModuleList([layer, nn.LSTM(16, 16), nn.Conv1d(16, 32, 3, groups=4)])
        self.head = nn.Linear(16, 50)
        self.frozen = nn.Linear(8, 8).requires_grad_(False)
        self.own = nn.Parameter(torch.zeros(3))


def test_layers_start_by_their_class() -> None:
    """As the recipe `torch` has it; what it has no rule for is marked."""
    torch.manual_seed(0)
    model = Model()
    recipe = Recipe.from_model(model)
    kept = tuple(a.path for a in recipe.on(model) if a.spec is None)
    assert kept == ("own", "frozen.weight", "frozen.bias")
    assert diff(recipe, Recipe([Rule("keep", kept)]) + "torch", model) == ()
    assert audit_model(model, recipe).findings == ()
    assert len(recipe.rules) < 20


def test_a_transformer_fills_its_layers_anew() -> None:
    """The only class of torch.nn that does."""
    torch.manual_seed(0)
    model = nn.Transformer(32, 2, 1, 1, 64, batch_first=True)
    recipe = Recipe.from_model(model)
    assert audit_model(model, recipe).findings == ()
    assert len(recipe.rules) == 6


class Small(nn.Linear):
    """A layer that fills itself otherwise than its base."""

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=0.02)


class Stack(nn.Module):
    """Weights of its own that are registered, and no layer of torch."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(3, 8, 8))


def test_what_other_code_fills_is_marked() -> None:
    """Norms aside, whose scales are 1."""
    register_layer(Stack, {"kernel": ("kernel", "stack out in")})
    norm = type("RMSNorm", (nn.Module,), {})()
    norm.weight = nn.Parameter(torch.ones(8))
    derived = type("Derived", (nn.Linear,), {})(8, 8)
    layers = {"small": Small(8, 8), "stack": Stack(), "norm": norm, "derived": derived}
    assigned = Recipe.from_model(nn.ModuleDict(layers)).on(nn.ModuleDict(layers))
    kept = [a.path for a in assigned if a.spec is None]
    assert kept == ["small.weight", "small.bias", "stack.kernel"]
    assert assigned["norm.weight"].spec == InitSpec.ones()


def test_a_tied_weight_of_two_starts_is_marked() -> None:
    """The embedding and the head start otherwise, and only the model's code has which it is."""
    model = nn.ModuleDict({"embed": nn.Embedding(20, 8), "head": nn.Linear(8, 20)})
    model["head"].weight = model["embed"].weight
    assert [a.path for a in Recipe.from_model(model).on(model) if a.spec is None] == [
        "embed.weight"
    ]


def test_bad_input() -> None:
    """A class, and a tensor, are no model; one without parameters has no recipe."""
    for given in (nn.Linear, torch.zeros(3), None):
        with pytest.raises(TargetError, match="is not a model of"):
            Recipe.from_model(given)
