"""What torch.nn.init and the layers of torch.nn do."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.nn import init

from docs.measured.disagreements.measure.numbers import (
    DTYPES,
    SIDE,
    fan,
    gate_errors,
    outcome,
    spread,
)


def version() -> str:
    """Return torch's version."""
    return f"torch {torch.__version__.partition('+')[0]}"


def he_normal() -> dict[str, Any]:
    """Draw kaiming_normal_."""
    torch.manual_seed(0)
    return spread(init.kaiming_normal_(torch.empty(SIDE, SIDE)), math.sqrt(2 / SIDE))


def truncated_normal() -> dict[str, Any]:
    """Draw trunc_normal_(std=0.02) with its own bounds."""
    torch.manual_seed(0)
    return spread(init.trunc_normal_(torch.empty(SIDE, SIDE), std=0.02), 0.02)


def bfloat16() -> dict[str, Any]:
    """Draw a bfloat16 kaiming_normal_."""
    torch.manual_seed(0)
    weight = init.kaiming_normal_(torch.empty(SIDE, SIDE, dtype=torch.bfloat16))
    return spread(weight.float(), math.sqrt(2 / SIDE))


def _fans(layer: torch.nn.Module, name: str = "weight") -> dict[str, Any]:
    weight = getattr(layer, name)
    torch.manual_seed(0)
    noise = torch.empty_like(weight, requires_grad=False).normal_()
    used = []
    for mode in ("fan_in", "fan_out"):
        torch.manual_seed(0)
        drawn = torch.empty_like(weight, requires_grad=False)
        used.append(fan(noise, init.kaiming_normal_(drawn, mode=mode, nonlinearity="linear")))
    return {"shape": list(weight.shape), "fans": used}


def grouped() -> dict[str, Any]:
    """Count the fans of a grouped convolution."""
    return _fans(torch.nn.Conv2d(32, 64, 3, groups=4))


def depthwise() -> dict[str, Any]:
    """Count the fans of a depthwise convolution."""
    return _fans(torch.nn.Conv2d(32, 32, 3, groups=32))


def transposed() -> dict[str, Any]:
    """Count the fans of a transposed convolution."""
    return _fans(torch.nn.ConvTranspose2d(32, 64, 3))


def attention() -> dict[str, Any]:
    """Count the fans of a fused in-projection, and measure what the layer starts with."""
    torch.manual_seed(0)
    layer = torch.nn.MultiheadAttention(64, 4)
    alone = init.xavier_uniform_(torch.empty(64, 64))
    return _fans(layer, "in_proj_weight") | {
        "std": float(layer.in_proj_weight.detach().std()),
        "std_alone": float(alone.std()),
    }


def recurrent() -> dict[str, Any]:
    """Draw orthogonal_ on an LSTM's recurrent weight, as tutorials do."""
    torch.manual_seed(0)
    layer = torch.nn.LSTM(10, 16)
    init.orthogonal_(layer.weight_hh_l0)
    return {"errors": gate_errors(layer.weight_hh_l0.detach().T)}


def orthogonal() -> dict[str, Any]:
    """Try orthogonal_ in every dtype."""
    return {
        name: outcome(
            lambda name=name: init.orthogonal_(torch.empty(64, 64, dtype=getattr(torch, name)))
        )
        for name in DTYPES
    }


def sparse() -> dict[str, Any]:
    """Draw sparse_ twice from one generator seed, after two global seeds."""
    masks = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        generator = torch.Generator().manual_seed(0)
        drawn = init.sparse_(torch.empty(16, 16), sparsity=0.5, generator=generator)
        masks.append((drawn == 0).int().tolist())
    moved = sum(
        a != b for one, other in zip(*masks, strict=True) for a, b in zip(one, other, strict=True)
    )
    return {"masks": masks, "moved": moved}


ROWS = {
    "he-normal": he_normal,
    "truncated-normal": truncated_normal,
    "grouped": grouped,
    "depthwise": depthwise,
    "transposed": transposed,
    "attention": attention,
    "recurrent": recurrent,
    "bfloat16": bfloat16,
    "orthogonal": orthogonal,
    "sparse": sparse,
}
