"""One process of a gloo group: seeded draws into DTensors, held against the whole weight.

Run as `sharded_draw.py RANK WORLD_SIZE FILE`; prints how many weights agreed.
"""

import os
import sys

import numpy as np
import pytest
import torch
import torch.distributed as dist
from initspec_torch import plain_name
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, distribute_tensor
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module
from torch.distributed.tensor.placement_types import _StridedShard

from initspec import InitSpec, InitSpecError
from initspec.errors import TargetError

SPECS = ["he_normal", "glorot_uniform", "he_truncated_normal", "sparse(0.5)", "orthogonal"]


def local_agrees(weight, whole):
    """Whether this process' part of a DTensor is that of the whole weight, bit by bit."""
    placed = distribute_tensor(torch.from_numpy(whole), weight.device_mesh, weight.placements)
    return torch.equal(weight.to_local(), placed.to_local())


def placements(mesh):
    """Give every placement of a matrix on a mesh of one or two axes."""
    one = [Shard(0), Shard(1), Replicate()]
    return [(a,) for a in one] if mesh.ndim == 1 else [(a, b) for a in one for b in one]


def main(rank, world, store):
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=world)
    counted = 0
    meshes = [init_device_mesh("cpu", (world,))]
    if world == 4:
        meshes.append(init_device_mesh("cpu", (2, 2), mesh_dim_names=("dp", "tp")))
    for mesh in meshes:
        for line in SPECS:
            spec = InitSpec.parse(line)
            for shape in ((16, 12), (7, 5), (3, 9)):  # even, uneven, some parts empty
                whole = spec.to_numpy(seed=7, name="w")(shape)
                for placement in placements(mesh):
                    weight = distribute_tensor(torch.zeros(shape), mesh, placement)
                    assert spec.to_torch(seed=7, name="w")(weight) is weight
                    assert local_agrees(weight, whole), (line, shape, placement)
                    counted += 1
            axes, shape = "(stack out=9+2+5) in", (16, 12)  # shards that cut members
            whole = spec.to_numpy(axes, seed=7, name="qkv")(shape)
            for placement in placements(mesh):
                weight = distribute_tensor(torch.zeros(shape), mesh, placement)
                spec.to_torch(axes, seed=7, name="qkv")(weight)
                assert local_agrees(weight, whole), (line, axes, placement)
                counted += 1
    partial = DTensor.from_local(torch.zeros(4, 4), meshes[0], [Partial()])
    with pytest.raises(InitSpecError, match="partial"):
        InitSpec.he_normal().to_torch(seed=7)(partial)
    if world == 4:
        strided(meshes[-1])
    counted += models(meshes[-1])
    if world == 1:
        compiled(meshes[0])
    else:
        unseeded(meshes[0], rank)
        flat()
    print("agreed", counted, flush=True)
    dist.destroy_process_group()
    # Everything has agreed. Threads of gloo at times abort the interpreter's own shutdown:
    # https://github.com/pytorch/pytorch/pull/179291
    os._exit(0)


def strided(mesh):
    """Fill strided shards that are blocks, as of FSDP over tensor parallel; others are refused."""
    spec = InitSpec.he_normal()
    outer = _StridedShard(0, split_factor=2)
    for shape in ((8, 6), (7, 5), (3, 2)):
        # Each process cuts its own: torch scatters no uneven strided shards.
        nested = distribute_tensor(torch.zeros(shape), mesh, [outer, Shard(0)], src_data_rank=None)
        spec.to_torch(seed=7, name="w")(nested)
        whole = torch.from_numpy(spec.to_numpy(seed=7, name="w")(shape))
        placed = distribute_tensor(whole, mesh, [outer, Shard(0)], src_data_rank=None)
        assert torch.equal(nested.to_local(), placed.to_local())
    apart = distribute_tensor(torch.zeros(8, 6), mesh, [outer, Replicate()], src_data_rank=None)
    with pytest.raises(InitSpecError, match="no block of neighbours"):
        spec.to_torch(seed=7, name="w")(apart)
    assert not apart.to_local().any()


def compiled(mesh):
    """Draw into a DTensor in a compiled function, which splits there."""
    spec = InitSpec.he_normal()
    init = spec.to_torch(seed=7, name="w")
    weight = distribute_tensor(torch.zeros(8, 6), mesh, [Shard(0)])
    torch.compile(lambda w: init(w) * 2, backend="eager")(weight)
    assert local_agrees(weight, spec.to_numpy(seed=7, name="w")((8, 6)))


def unseeded(mesh, rank):
    """Refuse a draw without a seed: torch gives shards equal numbers, and replicas their own."""
    torch.manual_seed(0)
    shard = distribute_tensor(torch.zeros(8, 6), mesh, [Shard(0)]).normal_()
    first = torch.empty_like(shard.to_local()).normal_(generator=torch.Generator().manual_seed(0))
    assert torch.equal(shard.to_local(), first)  # on every rank: torch's own defect, still there
    families = ["normal", "uniform", "he_truncated_normal", "truncated_normal(lower=-5, upper=5)"]
    families.append("log_uniform(0.001, 0.1, through=inverse_softplus)")
    for line in families:
        for placement in (Shard(0), Shard(1), Replicate()):
            for dtype in (torch.float32, torch.bfloat16):
                whole = torch.full((8, 6), 7.0, dtype=dtype)
                weight = distribute_tensor(whole, mesh, [placement])
                before = torch.get_rng_state()
                for generator in (None, torch.Generator().manual_seed(rank)):
                    with pytest.raises(TargetError, match="`seed`"):
                        InitSpec.parse(line).to_torch()(weight, generator)
                assert bool((weight.to_local() == 7).all())
                assert torch.equal(torch.get_rng_state(), before)
    constant = InitSpec.constant(0.5).to_torch()(weight)
    assert bool((constant.to_local() == 0.5).all())
    ramp = InitSpec.ramp(0.1, step=0.3, along="in")
    for placement in (Shard(0), Shard(1), Replicate()):
        weight = distribute_tensor(torch.zeros(7, 5), mesh, [placement])
        assert local_agrees(ramp.to_torch()(weight), ramp.to_numpy()((7, 5)))


def flat():
    """Refuse the parts that FullyShardedDataParallel keeps, and fill what it gathers."""
    spec, cpu = InitSpec.normal(), torch.device("cpu")
    for original in (True, False):
        model = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.Linear(5, 3, bias=False))
        model = FullyShardedDataParallel(model, use_orig_params=original, device_id=cpu)
        for seed in (None, 7):
            for _, part in model.named_parameters():
                before = part.detach().clone()
                with pytest.raises(TargetError, match="summon_full_params"):
                    spec.to_torch(seed=seed)(part)
                assert torch.equal(part, before)
        with FullyShardedDataParallel.summon_full_params(model):
            for name, weight in model.named_parameters():
                if name.endswith("weight"):
                    spec.to_torch(seed=7)(weight, name=plain_name(model, name))
                elif original:
                    InitSpec.zeros().to_torch()(weight)
        with FullyShardedDataParallel.summon_full_params(model):
            for name, weight in model.named_parameters():
                if name.endswith("weight"):
                    whole = spec.to_numpy(seed=7, name=plain_name(model, name))
                    whole = whole(tuple(weight.shape))
                    assert torch.equal(weight.detach(), torch.from_numpy(whole))
                elif original:
                    assert not weight.any()


def models(mesh):
    """Fill real models that were built on the meta device and sharded: the main road."""
    with torch.device("meta"):
        model = torch.nn.Sequential(torch.nn.Linear(10, 14), torch.nn.Linear(14, 6))
    if mesh.ndim == 2:
        resolved = {"0": ColwiseParallel(), "1": RowwiseParallel()}
        parallelize_module(model, mesh["tp"], resolved)
        fully_shard(model, mesh=mesh["dp"])
    else:
        fully_shard(model, mesh=mesh)
    model.to_empty(device="cpu")
    spec = InitSpec.he_normal()
    for name, weight in model.named_parameters():
        if name.endswith("weight"):
            spec.to_torch(seed=11)(weight, name=name)
            whole = spec.to_numpy(seed=11, name=name)(tuple(weight.shape))
            np.testing.assert_array_equal(weight.full_tensor().detach().numpy(), whole)
    return len(list(model.parameters())) // 2


main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
