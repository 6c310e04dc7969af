"""Values passed through a function."""

from __future__ import annotations

from collections.abc import Callable

import torch

from initspec_torch.ranges import ends_inside

Fill = Callable[[torch.Tensor], None]


def step(through: str, low: float, high: float, dtype: torch.dtype) -> Fill:
    """Return a function that replaces values by a function of them, kept in [low, high]."""
    low, high = ends_inside(low, high, dtype)
    tiny = torch.finfo(dtype).tiny

    def apply(x: torch.Tensor) -> None:
        if through == "exp":
            x.exp_()
        elif through == "log":
            x.clamp_(min=tiny).log_()
        else:
            x.clamp_(min=tiny)
            x.add_(x.neg().expm1_().neg_().log_())
        x.clamp_(low, high)

    return apply


def passed(fill: Fill, steps: tuple[Fill, ...]) -> Fill:
    """Return a function that fills a tensor, then takes the steps on it."""

    def filled(x: torch.Tensor) -> None:
        fill(x)
        for each in steps:
            each(x)

    return filled
