"""A small GPT with a recipe, and what the audits are of."""

from __future__ import annotations

import torch
from torch import nn

from initspec import Recipe, Rule, initialize

WIDTH, DEPTH = 64, 6


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.c_attn = nn.Linear(WIDTH, 3 * WIDTH)
        self.c_proj = nn.Linear(WIDTH, WIDTH)
        self.c_fc = nn.Linear(WIDTH, 4 * WIDTH)
        self.q = nn.Linear(WIDTH, WIDTH)
        self.k = nn.Linear(WIDTH, WIDTH // 2)


class Net(nn.Module):
    """What faults are planted in: tied, padded, recurrent, convolved, expert by expert."""

    def __init__(self) -> None:
        super().__init__()
        self.wte = nn.Embedding(211, WIDTH, padding_idx=3)
        self.h = nn.ModuleList(Block() for _ in range(DEPTH))
        self.conv = nn.Conv2d(8, 48, 3)
        self.lstm = nn.LSTM(WIDTH, WIDTH)
        self.experts = nn.Parameter(torch.zeros(4, WIDTH, WIDTH))
        self.head = nn.Linear(WIDTH, 211, bias=False)
        self.head.weight = self.wte.weight


RECIPE = Recipe(
    [
        Rule("normal(std=0.02 / sqrt(2 * depth))", "h.{index}.c_proj.weight"),
        Rule("normal(std=0.02)", ("wte.weight", "experts")),
        Rule("he_normal", "conv.weight"),
        Rule("ones", "lstm.bias_ih_l*", part="stack[1]"),
        Rule("glorot_uniform", layer="LSTM", role="kernel"),
        Rule("orthogonal", role="recurrent_kernel"),
        Rule("truncated_normal(std=0.02)", "h.*.q.weight"),
        Rule("normal(std=0.02)", role="kernel"),
        Rule("ones", role="scale"),
        *(Rule("zeros", role=role) for role in ("bias", "recurrent_bias", "shift")),
    ]
)


def built(seed: int = 11) -> Net:
    """Return the model that is right."""
    return initialize(Net(), RECIPE, seed=seed)
