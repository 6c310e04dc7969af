"""The digits in PyTorch."""

from __future__ import annotations

from itertools import pairwise

import torch

from examples.digits.problem import RATE, SEED, SIZES, SPECS, STEPS, digits, names
from initspec import InitSpec


def train(spec: InitSpec, steps: int = STEPS) -> list[float]:
    """Return the full-batch loss before each step of gradient descent, and after the last."""
    x, labels = map(torch.from_numpy, digits())
    linears = [torch.nn.Linear(*pair) for pair in pairwise(SIZES)]
    init = spec.to_torch("out in", seed=SEED)
    for linear, name in zip(linears, names(), strict=True):
        init(linear.weight, name=name)
        InitSpec.zeros().to_torch()(linear.bias)
    layers = [layer for linear in linears for layer in (linear, torch.nn.ReLU())][:-1]
    model = torch.nn.Sequential(*layers)
    optimizer = torch.optim.SGD(model.parameters(), RATE)
    losses = []
    for _ in range(steps + 1):
        loss = torch.nn.functional.cross_entropy(model(x), labels)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


if __name__ == "__main__":
    for label, spec in SPECS.items():
        losses = train(spec)
        print(f"{label}: {losses[0]:.6f} -> {losses[-1]:.6f}")
