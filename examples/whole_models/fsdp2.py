"""Build a model on the meta device, shard it, and let each process initialize its part."""

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from initspec import initialize


def build() -> nn.Sequential:
    """Return the model, anywhere."""
    return nn.Sequential(nn.Linear(64, 30), nn.ReLU(), nn.Linear(30, 10))


def main() -> None:
    """Initialize the sharded model, and compare it with the whole one."""
    dist.init_process_group("gloo")  # on GPUs "nccl", and "cuda" for "cpu" below
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    with torch.device("meta"):
        model = build()
    for layer in model:
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)

    initialize(model, "he", seed=7, device="cpu")

    whole = initialize(build(), "he", seed=7)
    for sharded, plain in zip(model.parameters(), whole.parameters(), strict=True):
        assert torch.equal(sharded.full_tensor(), plain)
    local = model[0].weight.to_local()
    print(f"process {dist.get_rank()} has {tuple(local.shape)} of (30, 64)")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
