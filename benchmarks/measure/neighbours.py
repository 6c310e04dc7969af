"""Other work on the machine: processes that never rest."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

_SPIN = """
print(flush=True)
while True:
    pass
"""
_TRAIN = """
import torch
model = torch.nn.Sequential(torch.nn.Linear(1024, 1024), torch.nn.ReLU(), torch.nn.Linear(1024, 64))
optimizer = torch.optim.SGD(model.parameters(), 1e-3)
print(flush=True)
while True:
    optimizer.zero_grad()
    model(torch.randn(128, 1024)).square().mean().backward()
    optimizer.step()
"""


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


NEIGHBOURS = {"spin": [_SPIN] * cores(), "train": [_TRAIN]}
"""The programs that run side by side: one for each core, or a training loop that uses them all."""


@contextlib.contextmanager
def neighbours(kind: str) -> Iterator[None]:
    """Keep every core wanted by others for as long as the body runs."""
    with contextlib.ExitStack() as stack:
        processes = []
        for program in NEIGHBOURS[kind]:
            command = [sys.executable, "-c", program]
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE))
            stack.callback(process.kill)
            processes.append(process)
        for process in processes:
            assert process.stdout
            process.stdout.readline()  # it works now
        yield
        if any(process.poll() is not None for process in processes):
            raise RuntimeError(f"the neighbours that {kind} have ended")
