"""A model of torch with every kind of parameter, and its values."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils import parametrizations

from initspec.models.owner import parameters
from initspec.models.rule import Rule

WIDTH = 8


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.attention = nn.MultiheadAttention(WIDTH, 2)
        self.proj = nn.Linear(WIDTH, WIDTH)


class Net(nn.Module):
    """Every kind of parameter: tied, padded, grouped, recurrent, bare, frozen, parametrized."""

    def __init__(self) -> None:
        super().__init__()
        self.wte = nn.Embedding(20, WIDTH, padding_idx=3)
        self.blocks = nn.ModuleList(Block() for _ in range(3))
        self.conv = nn.Conv2d(WIDTH, WIDTH, 3, groups=4)
        self.lstm = nn.LSTM(WIDTH, WIDTH)
        self.scale = nn.Parameter(torch.zeros(5))
        self.positions = nn.Parameter(torch.ones(4, WIDTH), requires_grad=False)
        self.normed = parametrizations.weight_norm(nn.Linear(WIDTH, 6))
        self.head = nn.Linear(WIDTH, 20, bias=False)
        self.head.weight = self.wte.weight
        self.register_buffer("table", torch.arange(3.0))


RULES = [
    Rule("normal(std=0.02)", "wte.weight"),
    Rule("he_normal(gain=1 / sqrt(2 * depth))", "blocks.{index}.proj.weight"),
    Rule("ones", "lstm.bias_ih_l*", part="stack[1]"),
    Rule("glorot_uniform", role="kernel"),
    Rule("orthogonal", role="recurrent_kernel"),
    Rule("constant(value=0.5)", "scale"),
    Rule("keep", "positions"),
    Rule("ones", role="scale"),
    *(Rule("zeros", role=role) for role in ("bias", "recurrent_bias", "shift")),
]


def state(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return a copy of every parameter under its plain path."""
    return {
        path: tensor.detach().clone()
        for parameter in parameters(model)
        for path, tensor in [(parameter.path, _read(model, parameter.path))]
    }


def _read(model: nn.Module, path: str) -> torch.Tensor:
    from initspec_torch.models import slots

    return next(slot.tensor for slot in slots(model) if slot.path == path)


def assert_equal(a: nn.Module, b: nn.Module) -> None:
    first, second = state(a), state(b)
    assert first.keys() == second.keys()
    for path, tensor in first.items():
        assert torch.equal(tensor, second[path]), path
