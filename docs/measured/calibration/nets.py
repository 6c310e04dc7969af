"""The nets, as people write them, each with a batch; and the variances of their layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


class Residual(nn.Module):
    """Two convolutions with BatchNorm."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv_1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm_1 = nn.BatchNorm2d(width)
        self.conv_2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm_2 = nn.BatchNorm2d(width)
        self.activation = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the input plus what the branch makes of it."""
        branch = self.norm_2(self.conv_2(self.activation(self.norm_1(self.conv_1(x)))))
        return self.activation(x + branch)


class Block(nn.Module):
    """A block of a GPT: fused query, key and value, norms before each branch."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.activation = nn.GELU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the input plus what both branches make of it."""
        parts = self.qkv(self.norm_1(x)).unflatten(-1, (3, self.heads, -1)).movedim(2, 0)
        query, key, value = (part.transpose(1, 2) for part in parts)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.down(self.activation(self.up(self.norm_2(x))))


def _mlp() -> nn.Module:
    layers = [m for _ in range(30) for m in (nn.Linear(256, 256), nn.Tanh())]
    return nn.Sequential(*layers, nn.Linear(256, 10))


def _vgg() -> nn.Module:
    layers = [
        m for i in range(16) for m in (nn.Conv2d(32 if i else 3, 32, 3, padding=1), nn.ReLU())
    ]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))


def _resnet() -> nn.Module:
    stem = (nn.Conv2d(3, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU())
    head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))
    return nn.Sequential(*stem, *(Residual(32) for _ in range(8)), *head)


def _gpt() -> nn.Module:
    blocks = (Block(128) for _ in range(6))
    head = (nn.LayerNorm(128), nn.Linear(128, 1000, bias=False))
    return nn.Sequential(nn.Embedding(1000, 128), *blocks, *head)


def _noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


NETS: dict[str, tuple[Callable[[], nn.Module], Callable[[], torch.Tensor]]] = {
    "31 linear layers, tanh": (_mlp, lambda: _noise(128, 256)),
    "16 convolutions, ReLU": (_vgg, lambda: _noise(16, 3, 24, 24)),
    "8 residual blocks, BatchNorm": (_resnet, lambda: _noise(16, 3, 24, 24)),
    "a GPT of 6 blocks": (_gpt, lambda: _noise(8, 64).mul(1000).long().abs() % 1000),
}


def variances(model: nn.Module, batch: torch.Tensor) -> list[float]:
    """Return those of what layers with a kernel or a table return, as in a step of training."""
    made = []

    def record(_module: nn.Module, _args: Any, output: torch.Tensor) -> None:
        made.append(float(output.var(correction=0)))

    for module in model.modules():
        module.training = isinstance(module, nn.BatchNorm2d)
        if isinstance(module, nn.Linear | nn.Conv2d | nn.Embedding):
            module.register_forward_hook(record)
    with torch.no_grad():
        model(batch)
    return made
