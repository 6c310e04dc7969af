"""The programs of the pages on whole models run as the pages start them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

# Threads of gloo at times abort the interpreter's own shutdown, when all is done.
PROGRAM = "import os, examples.whole_models.fsdp2 as it; it.main(); os._exit(0)"


@pytest.mark.torch
def test_fsdp2():
    """Two processes each initialize their half, and hold it against the whole model."""
    pytest.importorskip("torch")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # What torchrun sets, without the seconds that its own process takes to start.
    world = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-uc", PROGRAM],
            env={**os.environ, **world, "RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    results = [process.communicate(timeout=300) for process in processes]
    for rank, (process, (out, err)) in enumerate(zip(processes, results, strict=True)):
        assert process.returncode == 0, err
        assert out == f"process {rank} has (15, 64) of (30, 64)\n"
