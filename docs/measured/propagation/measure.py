"""What the pictures show, measured: `propagate`'s histograms and sweeps; the frameworks' curves."""

from __future__ import annotations

import importlib
import math
from typing import Any

from initspec import InitSpec, propagate
from initspec.activations import activation_of
from initspec.propagation import edge_of_chaos

CASES: dict[str, tuple[str, str]] = {
    "sigmoid-1": ("normal(std=1.0)", "sigmoid"),
    "sigmoid-001": ("normal(std=0.01)", "sigmoid"),
    "sigmoid-xavier": ("glorot_normal", "sigmoid"),
    "relu-001": ("normal(std=0.01)", "relu"),
    "relu-xavier": ("glorot_normal", "relu"),
    "relu-he": ("he_normal", "relu"),
    "tanh-xavier": ("glorot_normal", "tanh"),
    "gelu": ("lecun_normal(gain=1.5335304411955353)", "gelu"),
    "selu": ("lecun_normal", "selu"),
    "constant": ("constant(value=0.1)", "tanh"),
}
"""Picture: spec and activation, 5 layers of 100."""

SWEEPS = {"relu": (0.6, 3.3), "tanh": (0.4, 2.5)}
"""Activation: the least and the most sigma_w."""
STEPS, DEPTH = 25, 30


def histograms() -> dict[str, Any]:
    """Return each case's layers: 20 bins, and the numbers under them."""
    measured = {}
    for name, (spec, activation) in CASES.items():
        run = propagate(InitSpec.parse(spec), activation, jacobian=False)
        measured[name] = {
            "verdict": run.verdict,
            "layers": [
                {
                    "low": _short(layer.histogram.low),
                    "high": _short(layer.histogram.high),
                    "shares": [
                        _short((a + b) / sum(layer.histogram.counts))
                        for a, b in zip(
                            layer.histogram.counts[::2], layer.histogram.counts[1::2], strict=True
                        )
                    ],
                    "std": _short(layer.std),
                    "saturated": _short(layer.saturated),
                    "gradient": _short(layer.gradient_std),
                    "spread": _short(layer.spread),
                }
                for layer in run.layers
            ],
        }
    return measured


def sweeps() -> dict[str, Any]:
    """Return the log10 of std after each layer (ReLU), of the gradient behind each layer (tanh)."""
    measured = {}
    for activation, (least, most) in SWEEPS.items():
        stds = [least * (most / least) ** (i / (STEPS - 1)) for i in range(STEPS)]
        rows = []
        for sigma in stds:
            run = propagate(
                InitSpec.lecun_normal(gain=sigma), activation, DEPTH, 100, 50, jacobian=False
            )
            if activation == "relu":
                values = [math.sqrt(layer.mean_square) for layer in run.layers]
            else:
                values = [layer.gradient_std for layer in run.layers][::-1]
            rows.append([round(math.log10(value), 3) if value else -99.0 for value in values])
        edge = edge_of_chaos(activation_of(activation))
        assert edge is not None
        measured[activation] = {
            "sigma": [_short(sigma) for sigma in stds],
            "edge": _short(edge.weight_std),
            "log10": rows,
        }
    return measured


def curves(framework: str) -> dict[str, list[float]]:
    """Return the learning curves of one framework, by initialization."""
    from examples.digits.problem import SPECS

    program = importlib.import_module(f"examples.digits.with_{framework}")
    return {label: [round(v, 7) for v in program.train(spec)] for label, spec in SPECS.items()}


def _short(value: float) -> float:
    return float(f"{value:.4g}")
