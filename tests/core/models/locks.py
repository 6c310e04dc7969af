"""A model of every kind of parameter, and its lock."""

from __future__ import annotations

import numpy as np

from initspec import Lock, Rule, initialize, lock
from initspec.cli.files import write_whole
from initspec.models.weights_writer import writer
from tests.core.models.fake import Model, weight

SEED = 2**64 - 1
RULES = [
    Rule("normal(std=0.02)", "wte"),
    Rule("ones", "cell.bias", part="stack[1]"),
    Rule("orthogonal(gain=1.4)", "cell.recurrent"),
    Rule("keep", "{positions,steps}"),
    Rule("sparse(sparsity=0.5)", "experts"),
    Rule("uniform(low=-1.0, high=2.0)", "**.scalar"),
    Rule("he_normal"),
]
FAMILIES = [
    "normal(std=1.0)",
    "glorot_uniform",
    "he_truncated_normal",
    "sparse(sparsity=0.5)",
    "orthogonal",
    "identity",
    "identity(noise=0.5)",
    "repeat(of=normal(std=1.0))",
    "constant(value=0.25)",
    "ramp(start=0.1, step=0.3, along=in)",
]
LAYOUTS = [
    ((12, 10), "out in"),
    ((12, 10), "in (stack=2 out)"),
    ((12, 10), "(stack=3 stack=2 out) in"),
    ((4, 6, 5), "stack (stack=3 out) in"),
    ((4, 6, 5), "in stack out"),
    ((14, 5), "(stack out=8+4+2) in"),
]


def model() -> Model:
    """Every kind: tied, padded, parts, unequal members, kept, half precision, scalar, empty."""
    parameters = [
        weight("wte", (40, 8), "stack out", role="embedding", padding=3, tied=("head.weight",)),
        weight("qkv", (40, 8), "(stack out=24+8+8) in"),
        weight("cell.kernel", (3, 5, 24), "kernel in (stack=4 out)", "bfloat16"),
        weight("cell.recurrent", (4, 6, 6), "stack out in", "float64"),
        weight("cell.bias", (24,), "(stack=4 out) [in=6]"),
        weight("experts", (3, 16, 8), "stack in out", "float16"),
        weight("h.0.scalar", (), "[in=1]"),
        weight("empty", (0, 3), "out in"),
        weight("positions", (7, 5), "out in"),
        weight("steps", (2,), "out", "int64"),
    ]
    arrays = {"positions": np.ones((7, 5), np.float32), "steps": np.arange(2)}
    return Model(parameters, arrays)


NAMES = {"qkv": "attention/qkv"}


def filled(hashes: bool | str = True) -> tuple[Lock, Model]:
    """Return the lock of a model, and the model with its values."""
    plan = lock(model(), RULES, SEED, names=NAMES, hashes=hashes)
    return plan, initialize(model(), RULES, SEED, names=NAMES)


def save(plan: Lock, path) -> None:
    """Draw a lock to a file as the command does."""
    write = writer(path, plan.drawn, plan.seed)
    write_whole(path, lambda part: write(part, [].append))


def same_bits(a, b) -> bool:
    return (a.shape, a.dtype, a.tobytes()) == (b.shape, b.dtype, b.tobytes())
