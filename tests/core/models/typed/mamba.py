"""Mamba of two blocks of 16 channels, as state-spaces/mamba and transformers name it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import integrate

from tests.core.models.typed.rows import (
    LINEAR,
    ONES,
    SCALE,
    SHIFT,
    TABLE,
    ZEROS,
    Kind,
    Law,
    Table,
    normal,
    uniform,
)

Rows = dict[str, tuple[Any, ...]]
MIXER = Kind("Mamba Module")
WIDTH, INNER, STATES, HEADS = 16, 32, 4, 8


def torch(ins: int, scale: float = 1.0) -> Law:
    """Return U(-b, b), b = scale / sqrt(ins): kaiming_uniform_ with a = sqrt(5)."""
    return uniform(-scale / math.sqrt(ins), scale / math.sqrt(ins))


def mapped(f: Any, density: Any, low: float, high: float) -> Law:
    """Return the law of f(X), X of a density between two numbers."""
    mean = integrate.quad(lambda x: f(x) * density(x), low, high)[0]
    square = integrate.quad(lambda x: (f(x) - mean) ** 2 * density(x), low, high)[0]
    return Law("mapped", mean, math.sqrt(square), f(low), f(high))


def steps(low: float, high: float) -> Law:
    """Return the law of the inverse softplus of exp(U(log low, log high))."""
    width = math.log(high / low)
    return mapped(lambda x: math.log(math.expm1(x)), lambda x: 1 / (x * width), low, high)


def mixers(one: bool, rows: Rows, entering: Law | None, leaving: Law, conv_bias: Law) -> Rows:
    """Return the rows of two mixers.

    Args:
        one: whether they are of Mamba-1.
        rows: what is of this code alone.
        entering: the law of what enters a mixer; None is torch's.
        leaving: that of what leaves it.
        conv_bias: that of the bias of the convolution.
    """
    channels = INNER if one else INNER + 2 * STATES
    entry = 2 * INNER if one else 2 * INNER + 2 * STATES + HEADS
    mixer = "backbone.layers.{0,1}.mixer."
    return {
        f"{mixer}in_proj.weight": (MIXER, (entry, WIDTH), entering or torch(WIDTH)),
        f"{mixer}{{in_proj,out_proj}}.bias": (MIXER, (WIDTH,), ZEROS),
        f"{mixer}conv1d.weight": (MIXER, (channels, 1, 4), torch(4)),
        f"{mixer}conv1d.bias": (MIXER, (channels,), conv_bias),
        f"{mixer}out_proj.weight": (MIXER, (WIDTH, INNER), leaving),
        f"{mixer}D": (MIXER, (INNER,), ONES),
        "backbone.layers.{0,1}.norm.weight": (SCALE, (WIDTH,), ONES),
        "backbone.norm_f.weight": (SCALE, (WIDTH,), ONES),
        **{mixer + name: row for name, row in rows.items()},
    }


def first(entering: Law | None, dt: Law, low: float, high: float) -> Rows:
    """Return what Mamba-1 alone has: a dt_rank of 2, A_log = log(1 .. states) in each channel."""
    return {
        "A_log": (MIXER, (INNER, STATES), np.tile(np.log(np.arange(1, STATES + 1)), (INNER, 1))),
        "x_proj.weight": (MIXER, (2 + 2 * STATES, INNER), entering or torch(INNER)),
        "dt_proj.weight": (MIXER, (INNER, 2), dt),
        "dt_proj.bias": (MIXER, (INNER,), steps(low, high)),
    }


def second(a_log: Law | np.ndarray, low: float, high: float) -> Rows:
    """Return what Mamba-2 alone has."""
    return {
        "A_log": (MIXER, (HEADS,), a_log),
        "dt_bias": (MIXER, (HEADS,), steps(low, high)),
        "norm.weight": (MIXER, (INNER,), ONES),
    }


LEAVING = torch(INNER, 1 / math.sqrt(2))
A_LOG = mapped(math.log, lambda _: 1 / 15, 1.0, 16.0)
FIRST = mixers(True, first(None, torch(2), 0.001, 0.1), None, LEAVING, torch(4))
SECOND = mixers(False, second(A_LOG, 0.001, 0.1), None, LEAVING, torch(4))
ENDS = {
    "lm_head.weight": (LINEAR, (50, WIDTH), torch(WIDTH)),
    "backbone.norm_f.bias": (SHIFT, (WIDTH,), ZEROS),
}
CONFIG = {
    **{"initializer_range": 0.07, "time_step_min": 0.002, "time_step_max": 0.3},
    "time_step_scale": 0.9,
}
INTO, OUT = normal(0.07), torch(INNER)
FIRST_HF = mixers(True, first(INTO, torch(2, 0.9), 0.002, 0.3), INTO, OUT, ZEROS)
SECOND_HF = mixers(False, second(np.log(np.arange(1, HEADS + 1)), 0.002, 0.3), INTO, OUT, ZEROS)


def embedding(name: str, law: Law) -> Rows:
    """Return the row of the embedding."""
    return {f"backbone.{name}.weight": (TABLE, (50, WIDTH), law)}


SMALL = normal(0.02)
OF_STATE_SPACES = [
    Table(name, form, mixers | rows, ties)
    for name, mixers in (("mamba-1", FIRST), ("mamba-2", SECOND))
    for form, rows, ties in (
        (
            "state-spaces",
            embedding("embedding", SMALL),
            {"backbone.embedding.weight": {"lm_head.weight": LINEAR}},
        ),
        ("state-spaces, not tied", embedding("embedding", SMALL) | ENDS, {}),
        ("transformers", embedding("embeddings", SMALL), {}),
    )
]
OF_TRANSFORMERS = [
    Table(
        name,
        "transformers",
        mixers | embedding("embeddings", INTO) | {"lm_head.weight": (LINEAR, (50, WIDTH), INTO)},
        config=CONFIG,
    )
    for name, mixers in (("mamba-1-hf", FIRST_HF), ("mamba-2-hf", SECOND_HF))
]

TABLES = [*OF_STATE_SPACES, *OF_TRANSFORMERS]
