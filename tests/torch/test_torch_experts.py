"""The fans of mixtures of experts against automatic differentiation, as those of torch's layers."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
import torch
from torch import nn

from initspec import parameters
from tests.torch.test_torch_fans import Case, fans

pytest.importorskip("transformers")

IN, INNER, EXPERTS = 6, 4, 3
CLASSES: dict[str, dict[str, Any]] = {
    "mixtral.Mixtral": {"num_local_experts": EXPERTS, "intermediate_size": INNER},
    "deepseek_v3.DeepseekV3": {
        "n_routed_experts": EXPERTS,
        "moe_intermediate_size": INNER,
        "n_group": 1,
        "topk_group": 1,
    },
    "gpt_oss.GptOss": {"num_local_experts": EXPERTS, "intermediate_size": INNER},
    "nemotron_h.NemotronH": {
        "n_routed_experts": EXPERTS,
        "moe_intermediate_size": INNER,
        "mlp_hidden_act": "silu",
    },
    "llama4.Llama4Text": {"num_local_experts": EXPERTS, "intermediate_size": INNER},
}
"""The beginning of a class' name, and its settings."""


def made(name: str, end: str = "Experts") -> nn.Module:
    """Return experts with normal weights, without biases, or a router."""
    package, _, start = name.partition(".")
    root = "transformers.models"
    kind = getattr(import_module(f"{root}.{package}.modeling_{package}"), start + end)
    configs = import_module(f"{root}.{package}.configuration_{package}")
    config = getattr(configs, f"{start}Config")(
        hidden_size=IN, num_experts_per_tok=1, **CLASSES[name]
    )
    config._experts_implementation = "eager"
    layer = kind(config)
    for path, parameter in layer.named_parameters():
        nn.init.zeros_(parameter) if path.endswith("bias") else nn.init.normal_(parameter)
    return layer


def second(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return what the second expert makes of a token."""
    if type(layer).__name__ == "Llama4TextExperts":
        return layer(torch.stack([x] * EXPERTS).flatten(0, 1))[1:2]
    chosen = torch.tensor([[1]])
    return layer(x, chosen, torch.ones(1, 1, dtype=x.dtype))


def experts(name: str, by_down: bool) -> Case:
    """Return the case of the weights before or after the activation, the others an identity."""

    def call(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            for path, weight in layer.named_parameters():
                if path.endswith("proj") and (path == "down_proj") != by_down:
                    gates = 2 if path == "gate_up_proj" else 1
                    weight.copy_(_identity(tuple(weight.shape[1:]), gates, name))
        return second(layer, x)

    path = "up_proj" if "nemotron" in name else "gate_up_proj"
    path, gates = ("down_proj", 1) if by_down else (path, 1 if path == "up_proj" else 2)
    # Twice: a gate multiplies what it is computed from.
    return Case(lambda: made(name), path, ((1, IN),), call, (0, 0), gates, (f"{path}_bias",))


def _identity(shape: tuple[int, ...], gates: int, name: str) -> torch.Tensor:
    transposed = shape[0] == IN if gates == 2 or name.startswith("nemotron") else shape[0] == INNER
    rows, columns = shape[::-1] if transposed else shape
    eye = torch.eye(rows // gates, columns)
    whole = eye.repeat_interleave(gates, 0) if name.startswith("gpt_oss") else eye.repeat(gates, 1)
    return whole.T if transposed else whole


@pytest.mark.parametrize("by_down", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", CLASSES)
def test_fans_are_the_weights_that_touch(name: str, by_down: bool) -> None:
    """Both layouts, gates one after the other and in turns, with biases and without gates."""
    case = experts(name, by_down)
    torch.manual_seed(0)
    layer = case.make().double()
    rows = {parameter.path: parameter for parameter in parameters(layer)}
    weight = rows[case.path]
    assert weight.role == "kernel"
    fan_in, fan_out = weight.axes.layout(weight.shape).fans
    assert fans(case, layer) == (case.gates * fan_in, case.gates * fan_out)
    for path in set(case.biases) & set(rows):
        assert rows[path].role == "bias"
        assert rows[path].axes.layout(rows[path].shape).fans == (fan_in, fan_out)


ROUTERS: dict[str, str] = {
    "mixtral.Mixtral": "TopKRouter",
    "deepseek_v3.DeepseekV3": "TopkRouter",
    "gpt_oss.GptOss": "TopKRouter",
}


@pytest.mark.parametrize("name", ROUTERS)
def test_routers(name: str) -> None:
    """They are linear layers of their own classes."""
    layer = made(name, ROUTERS[name])
    call: Callable[..., torch.Tensor] = lambda layer, x: layer(x)[0]  # noqa: E731
    case = Case(lambda: layer, "weight", ((1, IN),), call)
    rows = {parameter.path: parameter for parameter in parameters(layer)}
    assert rows["weight"].role == "kernel"
    assert rows["weight"].axes.layout(rows["weight"].shape).fans == (IN, EXPERTS)
    assert "bias" not in rows or rows["bias"].role == "bias"
    assert fans(case, layer.double()) == (IN, EXPERTS)
