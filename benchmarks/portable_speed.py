"""The portable stream against torch's own initializers, side by side in one process.

python benchmarks/portable_speed.py [log2 of the elements]

Prints ns an element, the least of several runs that alternate, and their ratio. Two cores assumed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from initspec import InitSpec
from initspec.dtypes import FLOATS
from initspec.stream.draw import fill

KIND = FLOATS["float32"]
LOG = int(sys.argv[1]) if len(sys.argv) > 1 else 24
SIDE = 1 << LOG // 2
SHAPE = (1 << LOG - LOG // 2, SIDE)


def portable(
    spec: InitSpec,
    shape: tuple[int, ...] = SHAPE,
    axes: str | None = None,
    index: tuple[slice, ...] | None = None,
    threads: int | None = None,
) -> Callable[[], None]:
    """Return a call that draws the weight, or a part of it, into memory of its own."""
    plan, probe = spec.plan(shape, axes), np.broadcast_to(np.float32(0), shape)
    out = np.zeros((probe if index is None else probe[index]).shape, np.float32)
    return lambda: fill(plan, KIND, 7, "w", out, index, threads)


def compare(
    label: str, ours: Callable[[], object], theirs: Callable[[], object], goal: float, runs: int = 9
) -> None:
    """Print the least time of each, alternating."""
    calls, best = (ours, theirs), [float("inf")] * 2
    for call in calls:
        call()
    for _ in range(runs):
        for i, call in enumerate(calls):
            start = time.perf_counter()
            call()
            best[i] = min(best[i], time.perf_counter() - start)
    a, b = (t / 2**LOG * 1e9 for t in best)
    print(f"{label:42} {a:8.2f} {b:8.2f} ns   {a / b:6.3f}   goal {goal}")


normal, tensor = InitSpec.he_normal(), torch.empty(SHAPE)
whole = portable(normal)
eighth = (slice(SHAPE[0] // 8, SHAPE[0] // 4), slice(None))
square = torch.empty(2048, 2048)
compare("normal / normal_", whole, tensor.normal_, 0.75)
compare("uniform / uniform_", portable(InitSpec.glorot_uniform()), tensor.uniform_, 0.55)
compare(
    "truncated normal / trunc_normal_",
    portable(InitSpec.he_truncated_normal()),
    lambda: torch.nn.init.trunc_normal_(tensor, a=-2.0, b=2.0),
    0.08,
    3,
)
compare(
    "orthogonal 2048 / orthogonal_",
    portable(InitSpec.orthogonal(), (2048, 2048)),
    lambda: torch.nn.init.orthogonal_(square),
    1.2,
    5,
)
compare("an eighth of the rows / whole", portable(normal, index=eighth), whole, 0.2)
compare("two threads / one", portable(normal, threads=2), portable(normal, threads=1), 0.625)
compare("transposed / straight", portable(normal, SHAPE[::-1], "in out"), whole, 1.5)
