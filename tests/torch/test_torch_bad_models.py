"""Models of torch that are refused, and what is warned of."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from initspec import InitSpecWarning
from initspec.errors import AxesError, InitSpecError, RecipeError, TargetError
from initspec.models.initialize import initialize
from initspec.models.recipe import Recipe
from initspec.models.rule import Rule
from tests.torch.net import RULES, Net


class NoInverse(nn.Module):
    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return weight * 2


def _no_inverse() -> nn.Module:
    model = Net()
    parametrize.register_parametrization(model.blocks[0].proj, "weight", NoInverse())
    return model


def _integers() -> nn.Module:
    model = Net()
    model.codes = nn.Parameter(torch.ones(3, dtype=torch.int32), requires_grad=False)
    return model


def _lazy() -> nn.Module:
    model = Net()
    model.lazy = nn.LazyLinear(3)
    return model


def _quantised() -> nn.Module:
    """A model with a layer that torch.ao quantised: it has weights, and no parameter."""
    model = Net()
    model.codes = torch.ao.nn.quantized.dynamic.Linear(4, 4)
    return model


def _flat() -> nn.Module:
    """A model with what FullyShardedDataParallel makes of several parameters."""
    model = Net()
    model.flat = nn.Parameter(torch.ones(20))
    model.flat._is_flat_param = True
    return model


def _members() -> nn.Module:
    """A model with a layer that has a stack of weights where its class has one."""
    model = Net()
    model.members = nn.Linear(4, 4)
    model.members.weight = nn.Parameter(torch.ones(2, 4, 4))
    return model


def _scripted() -> nn.Module:
    model = Net()
    model.script = torch.jit.script(nn.Linear(4, 4))
    return model


@pytest.mark.parametrize(
    ("make", "rules", "error", "says"),
    [
        (Net, RULES[1:], RecipeError, "wte.weight"),
        (Net, [Rule("zeros", "nowhere"), *RULES], RecipeError, "nowhere"),
        (Net, [Rule("normal(std=1 / width)", "scale"), *RULES], RecipeError, "'width'"),
        (Net, [Rule("orthogonal", "scale"), *RULES], RecipeError, "scale"),
        (_no_inverse, RULES, TargetError, "blocks.0.proj.weight.*right_inverse"),
        (_integers, [Rule("zeros", "codes"), *RULES], InitSpecError, "codes.*int32"),
        (_lazy, RULES, TargetError, "lazy.*forward"),
        (_quantised, RULES, RecipeError, r"codes.weight \(4, 4\).* qint8.*: initialize first"),
        (_flat, [Rule("keep", "flat"), *RULES], TargetError, "flat: a flat parameter"),
        (_members, RULES, AxesError, r"members.bias: .*register_layer\(Linear"),
        pytest.param(
            *(
                _scripted,
                RULES,
                TargetError,
                "script was compiled by torch.jit.*: pass the",
            ),
            marks=pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning"),
        ),
    ],
)
def test_errors_leave_the_model_as_it_was(make, rules, error, says: str) -> None:
    """Whatever is wrong is found before anything is written."""
    model = make()
    built = [(name, p) for name, p in model.named_parameters() if "lazy" not in name]
    before = {name: parameter.detach().clone() for name, parameter in built}
    with pytest.raises(error, match=f"(?s){says}"):
        initialize(model, rules, 7)
    for name, parameter in built:
        assert torch.equal(parameter, before[name]), name


def test_parametrization_that_returns_another_weight() -> None:
    """A weight that is read back otherwise is a warning with its path."""
    layer = parametrizations.orthogonal(nn.Linear(4, 4))
    with pytest.warns(InitSpecWarning, match="weight: its parametrization returns another"):
        initialize(layer, [Rule("normal(std=0.5)", "weight"), Rule("zeros")], 7)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_parametrization_that_rounds(recwarn, dtype: torch.dtype) -> None:
    """What is read back as it was drawn, but for the last bits of its dtype, is no warning."""
    rules = [Rule("normal(std=0.5)", "weight"), Rule("zeros")]
    layer = parametrizations.weight_norm(nn.Linear(200, 50).to(dtype))
    initialize(layer, rules, 7)
    assert not [w for w in recwarn if issubclass(w.category, InitSpecWarning)]
    with pytest.warns(InitSpecWarning, match="returns another"):
        initialize(parametrizations.spectral_norm(nn.Linear(200, 50)).to(dtype), rules, 7)


def test_scales_that_are_built_at_0() -> None:
    """Ones over them are a warning; the layer may add 1."""

    class GemmaRMSNorm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(4))

    with pytest.warns(InitSpecWarning, match="built model has at 0"):
        initialize(nn.Sequential(GemmaRMSNorm()), "he", 7)


def test_unknown_models() -> None:
    """What no backend owns is refused with what there is."""
    for stranger in (nn.Linear, torch.zeros(3), 3, None):
        with pytest.raises(TargetError, match="torch"):
            initialize(stranger, "he", 7)
    assert isinstance(Recipe(RULES).on(Net()).to_dict(), dict)
