"""The measurement: each method on each net, the times of all in turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version
from statistics import median
from typing import Any

import torch
from torch import nn

from docs.measured.calibration.nets import NETS, variances
from docs.measured.calibration.page import OURS
from initspec import Recipe, Rule, calibrate, initialize

_SEED = 7
_ROUNDS = 3
_START = Recipe([Rule("orthogonal", role="kernel"), Rule("normal(std=0.02)", role="embedding")])
"""What `lsuv` starts with, too."""


def _ours(model: nn.Module, batch: torch.Tensor) -> None:
    initialize(model, calibrate(model, batch, _START + "he", _SEED), _SEED)


def _lsuv(model: nn.Module, batch: torch.Tensor) -> None:
    import lsuv

    lsuv.lsuv_with_singlebatch(model, batch, verbose=False)


def _anyinit(mode: str) -> Callable[[nn.Module, torch.Tensor], None]:
    def initialized(model: nn.Module, batch: torch.Tensor) -> None:
        import anyinit

        anyinit.initialize(model, mode, batch, seed=_SEED)

    return initialized


METHODS = {
    OURS: _ours,
    "`lsuv`": _lsuv,
    "AnyInit, empirical": _anyinit("empirical"),
    "AnyInit, analytic": _anyinit("analytic"),
}


def measure() -> dict[str, Any]:
    """Return variances and times, on one thread, and the versions of what was measured."""
    torch.set_num_threads(1)
    names = ("torch", "lsuv", "anyinit")
    return {
        "versions": {name: version(name) for name in names},
        "nets": {net: _net(net) for net in NETS},
    }


def _net(name: str) -> dict[str, dict[str, Any]]:
    make, given = NETS[name]
    batch = given()
    rows: dict[str, dict[str, Any]] = {}
    times: dict[str, list[float]] = {method: [] for method in METHODS}
    for _ in range(_ROUNDS):
        for method, initialized in METHODS.items():
            torch.manual_seed(0)
            model = make()
            start = time.process_time()
            initialized(model, batch)
            times[method].append(time.process_time() - start)
            rows[method] = {"variances": [float(f"{v:.4g}") for v in variances(model, batch)]}
    for method, taken in times.items():
        rows[method]["seconds"] = float(f"{median(taken):.3g}")
        ratios = [a / b for a, b in zip(taken, times[OURS], strict=True)]
        rows[method]["ratio"] = float(f"{median(ratios):.3g}")
    return rows
