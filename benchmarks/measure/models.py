"""Memory that initializing a whole model takes beyond it.

`python -m benchmarks.measure.models whole DEPTH WIDTH` prints the bytes at the peak beyond a
transformer that is made from the meta device; `sharded` those that one of two FSDP2 processes takes
beyond its part of it.
"""

from __future__ import annotations

import sys
import tempfile
from multiprocessing import get_context
from typing import Any

from benchmarks.measure.memory import rise
from initspec import initialize

PROCESSES = 2


def _transformer(depth: int, width: int) -> Any:
    """Return torch's own layers on the meta device; 12 deep and 768 wide, 124M numbers."""
    import torch
    from torch import nn

    with torch.device("meta"):
        blocks = [nn.TransformerEncoderLayer(width, width // 64, 4 * width) for _ in range(depth)]
        return nn.Sequential(nn.Embedding(50257, width), *blocks)


def whole(depth: int, width: int) -> int:
    """Return the bytes beyond a model."""
    return _beyond(_transformer(depth, width))


def sharded(depth: int, width: int) -> int:
    """Return the bytes beyond the part of a model, in the process that takes most."""
    with tempfile.TemporaryDirectory() as folder, get_context("spawn").Pool(PROCESSES) as pool:
        calls = [(rank, f"file://{folder}/store", depth, width) for rank in range(PROCESSES)]
        return max(pool.starmap(_rank, calls, chunksize=1))


def _rank(rank: int, store: str, depth: int, width: int) -> int:
    import torch.distributed as dist
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    dist.init_process_group("gloo", init_method=store, rank=rank, world_size=PROCESSES)
    mesh, model = init_device_mesh("cpu", (PROCESSES,)), _transformer(depth, width)
    for block in model:
        fully_shard(block, mesh=mesh)
    return _beyond(fully_shard(model, mesh=mesh))


def _beyond(model: Any) -> int:
    import torch

    initialize(torch.nn.Linear(64, 64), "he", 7)  # threads start and modules load
    peak = rise(lambda: initialize(model, "he", 7, device="cpu"))
    return peak - sum(_part(parameter).nbytes for parameter in model.parameters())


def _part(parameter: Any) -> Any:
    return parameter.to_local() if hasattr(parameter, "to_local") else parameter


if __name__ == "__main__":
    case, *sizes = sys.argv[1:]
    print({"whole": whole, "sharded": sharded}[case](*map(int, sizes)))
