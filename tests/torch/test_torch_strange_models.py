"""Models of torch that are built in unusual ways: what is the same weight, and what is no layer."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from initspec import InitSpec
from initspec.errors import InitSpecError, InitSpecWarning, RecipeError, TargetError
from initspec.models.initialize import initialize
from initspec.models.owner import parameters
from initspec.models.rule import Rule

ANY = [Rule("normal(std=0.5)", "**")]


def paths(model: nn.Module) -> dict[str, tuple[str, ...]]:
    return {parameter.path: parameter.tied for parameter in parameters(model)}


def drawn(path: str, shape: tuple[int, ...]) -> np.ndarray:
    return InitSpec.normal(0.5).to_numpy(seed=7, name=path)(shape)


def test_a_module_in_two_places_is_tied() -> None:
    """It has both paths, also on meta, and its weights are drawn once."""

    def make() -> nn.Module:
        model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3))
        model.append(model[0])
        return model

    expected = {"0.weight": ("3.weight",), "0.bias": ("3.bias",), "2.weight": (), "2.bias": ()}
    model = make()
    assert paths(model) == expected
    initialize(model, ANY, 7)
    np.testing.assert_array_equal(model[3].weight.detach(), drawn("0.weight", (3, 3)))
    with torch.device("meta"):
        model = make()
    assert paths(model) == expected
    initialize(model, ANY, 7, device="cpu")
    assert model[0] is model[3]
    np.testing.assert_array_equal(model[3].weight.detach(), drawn("0.weight", (3, 3)))


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_two_attributes_of_one_module(device: str) -> None:
    """They are one weight, and stay one."""
    model = nn.Module()
    model.a = nn.Parameter(torch.zeros(2, 3, device=device))
    model.b = model.a
    assert paths(model) == {"a": ("b",)}
    initialize(model, ANY, 7, device="cpu")
    assert model.a is model.b
    np.testing.assert_array_equal(model.b.detach(), drawn("a", (2, 3)))


def test_lists_and_dicts_of_parameters() -> None:
    """Each is a weight of its own, named by its index or key."""
    model = nn.Module()
    model.some = nn.ParameterList([torch.zeros(2), torch.zeros(3)])
    model.more = nn.ParameterDict({"left": torch.zeros(4), "right": torch.zeros(5)})
    initialize(model, ANY, 7)
    shapes = {"some.0": 2, "some.1": 3, "more.left": 4, "more.right": 5}
    assert {p.path: p.shape[0] for p in parameters(model)} == shapes
    for path, parameter in model.named_parameters():
        np.testing.assert_array_equal(parameter.detach(), drawn(path, tuple(parameter.shape)))


def test_properties_of_strangers_are_not_read() -> None:
    """One may raise, and one called padding_idx need not be that of an embedding."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(4, 3))
            self.embedding = nn.Embedding(5, 3, padding_idx=1)
            self.embedding.bias = nn.Parameter(torch.zeros(5, 3))
            self.broken = Broken()

        @property
        def padding_idx(self) -> int:
            return 2

    class Broken(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(3))

        @property
        def padding_idx(self) -> int:
            raise RuntimeError("not yet")

    model = Model()
    assert {p.path: p.padding for p in parameters(model)} == {
        "weight": None, "embedding.weight": 1, "embedding.bias": None, "broken.weight": None,
    }  # fmt: skip
    initialize(model, ANY, 7)
    assert not model.embedding.weight[1].any()
    assert model.weight[2].all()


def test_a_class_of_the_same_name_is_another() -> None:
    """The table is of torch's classes and of what derives from them."""

    class Conv2d(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(3, 3, 4, 6))

    class Linear(nn.Linear):
        pass

    model = nn.Sequential(Conv2d(), Linear(3, 4))
    roles = {p.path: p.role for p in parameters(model)}
    assert roles == {"0.weight": "other", "1.weight": "kernel", "1.bias": "bias"}


def test_mixers_are_other_altogether() -> None:
    """What is inside a module with the parameters of a state space model has no known role."""

    class Mixer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.A_log = nn.Parameter(torch.zeros(4, 2))
            self.inner = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4))

    model = nn.Sequential(nn.Linear(4, 4), Mixer())
    assert {p.path for p in parameters(model) if p.role != "other"} == {"0.weight", "0.bias"}
    initialize(model, [Rule("keep", "1.**"), Rule("ones")], 7)
    assert bool((model[0].weight == 1).all())


def test_weights_in_one_memory() -> None:
    """Neighbours and columns are different weights, as in an LSTM that cuDNN flattened."""
    memory = torch.zeros(30)
    table = torch.zeros(4, 6)
    model = nn.Module()
    model.a, model.b = nn.Parameter(memory[:12].view(3, 4)), nn.Parameter(memory[12:])
    model.c, model.d = nn.Parameter(table[:, :3]), nn.Parameter(table[:, 3:])
    initialize(model, ANY, 7)
    for path, parameter in model.named_parameters():
        np.testing.assert_array_equal(parameter.detach(), drawn(path, tuple(parameter.shape)))


@pytest.mark.parametrize(
    "view", [lambda w: w.t(), lambda w: w[:2], lambda w: w.view(-1), lambda w: w[1:, ::2]]
)
def test_a_weight_inside_another_is_refused(view: Callable) -> None:
    """One draw would overwrite the other; with `keep` for one of them there is one."""
    model = nn.Module()
    model.a = nn.Parameter(torch.zeros(4, 6))
    model.b = nn.Parameter(view(model.a.detach()))
    with pytest.raises(TargetError, match="share elements"):
        initialize(model, ANY, 7)
    assert not model.a.any()
    initialize(model, [Rule("keep", "b"), *ANY], 7)
    np.testing.assert_array_equal(model.a.detach(), drawn("a", (4, 6)))


def test_parameters_of_a_parametrization() -> None:
    """They need rules as any others, and the weight that they make is the one that was drawn."""

    class LowRank(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Parameter(torch.zeros(3, 2)), nn.Parameter(torch.zeros(2, 3))

        def forward(self, weight: torch.Tensor) -> torch.Tensor:
            return weight + self.a @ self.b

        def right_inverse(self, weight: torch.Tensor) -> torch.Tensor:
            return weight - self.a @ self.b

    for device in ("cpu", "meta"):
        with torch.device(device):
            model = nn.Sequential(nn.Linear(3, 3, bias=False))
            parametrize.register_parametrization(model[0], "weight", LowRank())
        with pytest.raises(RecipeError, match="2 parameters have no rule"):
            initialize(model, "he", 7, device="cpu")
        initialize(model, ANY, 7, device="cpu")
        step = model[0].parametrizations.weight[0]
        for path, tensor in {"0.weight.0.a": step.a, "0.weight.0.b": step.b}.items():
            np.testing.assert_array_equal(tensor.detach(), drawn(path, tuple(tensor.shape)))
        weight = model[0].weight.detach()
        np.testing.assert_allclose(weight, drawn("0.weight", (3, 3)), atol=1e-6)


@pytest.mark.parametrize(("inputs", "outputs"), [(3, 0), (0, 3)])
def test_parameters_without_elements(inputs: int, outputs: int) -> None:
    """They are a warning, as in torch.nn.init, and the rest is filled."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own
        model = nn.Sequential(nn.Linear(inputs, outputs), nn.Linear(3, 2))
    with pytest.warns(InitSpecWarning, match="no elements"):
        initialize(model, ANY, 7)
    assert bool(model[1].weight.all())


def _float8(model: nn.Module) -> None:
    zeros = torch.zeros(3, 3).to(torch.float8_e4m3fn)
    model.last = nn.Parameter(zeros, requires_grad=False)


def _inference(model: nn.Module) -> None:
    with torch.inference_mode():
        model.last = nn.Parameter(torch.zeros(3, 3), requires_grad=False)


def _expanded(model: nn.Module) -> None:
    model.last = nn.Parameter(torch.zeros(1, 3).expand(3, 3))


def _raising(model: nn.Module) -> None:
    class Raising(nn.Module):
        def forward(self, weight: torch.Tensor) -> torch.Tensor:
            return weight

        def right_inverse(self, weight: torch.Tensor) -> torch.Tensor:
            if hasattr(self, "built"):
                raise ValueError("of no use")
            self.built = True
            return weight

    model.last = nn.Linear(3, 3)
    parametrize.register_parametrization(model.last, "weight", Raising())


def _on_meta(model: nn.Module) -> None:
    model.last = nn.Linear(3, 3, device="meta")


@pytest.mark.parametrize(
    ("change", "device", "says"),
    [
        (_float8, None, "last.*float8_e4m3fn"),
        (_inference, None, "last.*inference"),
        (_expanded, None, "last.*share memory"),
        (_raising, None, "last.weight.*right_inverse.*of no use"),
        (_on_meta, None, "last.*device='cpu'"),
        (_on_meta, "meta", "device='meta'"),
        (_on_meta, "nowhere", "device='nowhere'"),
    ],
)
@pytest.mark.parametrize("seed", [None, 7])
def test_nothing_is_touched_after_an_error(
    change: Callable, device: str | None, says: str, seed: int | None
) -> None:
    """The first weight is as it was, whatever is wrong with the last."""
    model = nn.Sequential(nn.Linear(3, 3))
    change(model)
    before = model[0].weight.detach().clone()
    state = torch.get_rng_state()
    with pytest.raises(InitSpecError, match=f"(?s){says}"):
        initialize(model, ANY, seed, device=device)
    assert torch.equal(model[0].weight, before)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("seed", [None, 7])
def test_what_is_not_trained_stays_so(seed: int | None) -> None:
    """`requires_grad`, gradients, buffers and identities are as before."""
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    model(torch.randn(4, 3)).square().sum().backward()
    model[0].bias.requires_grad_(False)
    held = {name: (p, p.requires_grad, p.grad) for name, p in model.named_parameters()}
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    initialize(model, ANY, seed)
    for name, parameter in model.named_parameters():
        assert (parameter, parameter.requires_grad, parameter.grad) == held[name]
    assert all(torch.equal(buffer, buffers[name]) for name, buffer in model.named_buffers())
    with torch.inference_mode():
        initialize(model, ANY, seed)
