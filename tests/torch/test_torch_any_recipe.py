"""Any recipe on models of torch."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tests.any_recipe import UNTOUCHED, hold, options, rules, seeds

LAYERS = {
    "linear": lambda: nn.Linear(3, 4),
    "half": lambda: nn.Linear(4, 2).half(),
    "norm": lambda: nn.LayerNorm(3),
    "conv": lambda: nn.Conv1d(4, 4, 1, groups=2),
    "prelu": nn.PReLU,
    "lstm": lambda: nn.LSTM(2, 3),
    "table": lambda: nn.Embedding(4, 3, padding_idx=1),
    "frozen": lambda: nn.Linear(3, 3).requires_grad_(False),
}


def _read(model: nn.Module) -> dict[str, np.ndarray]:
    return {path: tensor.detach().float().numpy() for path, tensor in model.named_parameters()}


def _state() -> bytes:
    return torch.get_rng_state().numpy().tobytes() + np.random.get_state()[1].tobytes()


@settings(max_examples=100)
@given(st.lists(st.sampled_from(sorted(LAYERS)), min_size=1, max_size=4), rules, seeds, options)
def test_all_or_nothing(layers, rules, seed, options) -> None:
    """Each weight that the recipe draws is filled and no other; after an error, none is."""
    model = nn.ModuleDict({"h": nn.ModuleList(LAYERS[name]() for name in layers)})
    model.w0 = nn.Parameter(torch.ones(4))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(UNTOUCHED)
    hold(model, rules, seed, options, _read, _state)
