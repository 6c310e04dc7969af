"""Models of torch start as those of every other framework: NumPy's weights, NumPy's outputs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from initspec import Recipe, Rule, initialize
from tests.equal_models import (
    BLOCKS,
    HEADS,
    IMAGES,
    RULES,
    SEED,
    TOKENS,
    assert_equal_weights,
    outputs_of,
)


class CNN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.GroupNorm(2, 8)
        self.grouped = nn.Conv2d(8, 8, 3, padding=1, groups=4)
        self.depthwise = nn.Conv2d(8, 16, 3, padding=1, groups=8)
        self.pointwise = nn.Conv2d(16, 12, 1)
        self.head = nn.Linear(12, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.depthwise(self.grouped(self.norm(self.conv(x)).relu()))
        return self.head(self.pointwise(x).relu().mean((2, 3)))


class LSTM(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 6)
        self.lstm = nn.LSTM(6, 5, batch_first=True)
        self.head = nn.Linear(5, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(self.embed(x))[0][:, -1])


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm_1 = nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, HEADS, batch_first=True)
        self.norm_2 = nn.LayerNorm(8)
        self.up = nn.Linear(8, 16)
        self.down = nn.Linear(16, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        normed = self.norm_1(x)
        x = x + self.attention(normed, normed, normed, need_weights=False)[0]
        return x + self.down(nn.functional.gelu(self.up(self.norm_2(x))))


class Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wte = nn.Embedding(11, 8)
        self.wpe = nn.Embedding(5, 8)
        self.blocks = nn.ModuleList(Block() for _ in range(BLOCKS))
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 11, bias=False)
        self.head.weight = self.wte.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.wte(x) + self.wpe.weight
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


CASES = {
    # torch adds a second bias to each gate, and the rules of a tied weight must settle its role.
    "cnn": (CNN, RULES),
    "lstm": (LSTM, Recipe([Rule("zeros", role="recurrent_bias")]) + RULES),
    "transformer": (Transformer, Recipe([Rule("normal(std=0.5)", "wte.weight")]) + RULES),
}


@pytest.mark.parametrize("name", CASES)
def test_weights_and_outputs_are_those_of_numpy(name: str) -> None:
    """Bit for bit, and to 1e-5."""
    make, rules = CASES[name]
    model = initialize(make(), rules, SEED)
    held = {path: tensor.detach().numpy() for path, tensor in model.named_parameters()}
    if name == "lstm":
        assert not held.pop("lstm.bias_hh_l0").any()
    assert_equal_weights(name, held.items())
    inputs = torch.tensor(IMAGES if name == "cnn" else TOKENS)
    with torch.no_grad():
        outputs = model(inputs).numpy()
    np.testing.assert_allclose(outputs, outputs_of(name), rtol=0, atol=1e-5)
