"""One process of a gloo group: models initialized in parts, held against the whole model.

Run as `sharded_models.py RANK WORLD_SIZE FILE`; prints how many weights agreed.
"""

import os
import sys
import warnings

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module
from torch.nn.parallel import DistributedDataParallel

from initspec import InitSpec, Recipe, Rule, initialize, parameters
from initspec.errors import TargetError


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(10)
        self.up = nn.Linear(10, 14)
        self.down = nn.Linear(14, 10, bias=False)

    def forward(self, x):
        return x + self.down(torch.relu(self.up(self.norm(x))))


class Net(nn.Module):
    """Sizes that no number of processes divides, a tie, a padding row, a stack of gates."""

    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(11, 10, padding_idx=6)
        self.blocks = nn.ModuleList(Block() for _ in range(2))
        self.lstm = nn.LSTM(10, 3)
        self.tiny = nn.Parameter(torch.zeros(1, 10))
        self.head = nn.Linear(10, 11, bias=False)
        self.head.weight = self.wte.weight

    def forward(self, tokens):
        x = self.wte(tokens)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


RULES = Recipe([
    Rule("normal(std=0.02)", "wte.weight"),
    Rule("orthogonal", "blocks.1.up.weight"),
    Rule("sparse(0.5)", "blocks.1.down.weight"),
    Rule("he_normal(gain=1 / sqrt(2 * depth))", "blocks.{index}.down.weight"),
    Rule("ones", role="bias", layer="LSTM", part="stack[1]"),
    Rule("uniform(low=5, high=6)", "lstm.weight_hh_l0", part="stack[2]"),
    Rule("normal(std=9)", "blocks.0.up.weight", part="[3]"),
    Rule("glorot_uniform", role="kernel"),
    Rule("orthogonal", role="recurrent_kernel"),
    Rule("truncated_normal(std=0.1)", "tiny"),
    Rule("ones", role="scale"),
    *(Rule("zeros", role=role) for role in ("bias", "recurrent_bias", "shift")),
])  # fmt: skip


def whole():
    return dict(initialize(Net(), RULES, 11).named_parameters(remove_duplicate=False))


def agree(model, expected):
    """Hold each process' part of each weight against that of the plain model."""
    held = dict(model.named_parameters(remove_duplicate=False))
    assert held.keys() == expected.keys()
    for path, weight in held.items():
        plain, part = expected[path].detach(), weight.detach()
        if isinstance(weight, DTensor):
            placed = (weight.device_mesh, weight.placements)
            # Each process cuts its own: torch scatters no uneven strided shards.
            plain = distribute_tensor(plain, *placed, src_data_rank=None).to_local()
            part = part.to_local()
        assert torch.equal(part, plain), path
    assert model.head.weight is model.wte.weight
    return len(held)


def sharded(mesh, device):
    """Return a model whose blocks and rest are sharded, on a mesh of one or two axes."""
    with torch.device(device):
        model = Net()
    if mesh.ndim == 2:
        for block in model.blocks:
            parallelize_module(
                block, mesh["tp"], {"up": ColwiseParallel(), "down": RowwiseParallel()}
            )
    data = mesh["dp"] if mesh.ndim == 2 else mesh
    for block in model.blocks:
        fully_shard(block, mesh=data)
    return fully_shard(model, mesh=data)


def main(rank, world, store):
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=world)
    torch.manual_seed(rank)
    meshes = [init_device_mesh("cpu", (world,))]
    if world == 4:
        meshes.append(init_device_mesh("cpu", (2, 2), mesh_dim_names=("dp", "tp")))
    expected, counted = whole(), 0
    tokens = torch.tensor([[1, 4, 9]])
    reference = initialize(Net(), RULES, 11)(tokens)
    for mesh in meshes:
        for device in ("cpu", "meta"):
            model = sharded(mesh, device)
            paths = [parameter.path for parameter in parameters(model)]
            assert paths == [parameter.path for parameter in parameters(Net())]
            compiled = torch.compile(model) if device == "meta" else model
            initialize(compiled, RULES, 11, device="cpu")
            counted += agree(model, expected)
            outputs = model(tokens)
            torch.testing.assert_close(outputs, reference, rtol=1e-5, atol=1e-5)
            outputs.sum().backward()
    counted += plain_wrappers(expected)
    unseeded(meshes[0])
    if world == 2:
        audited(meshes[0])
    print("agreed", counted, flush=True)
    dist.destroy_process_group()
    # Everything has agreed. Threads of gloo at times abort the interpreter's own shutdown:
    # https://github.com/pytorch/pytorch/pull/179291
    os._exit(0)


def plain_wrappers(expected):
    """Fill what DistributedDataParallel holds, and FullyShardedDataParallel while it gathers."""
    model = initialize(DistributedDataParallel(Net()), RULES, 11)
    counted = agree(model.module, expected)
    if dist.get_world_size() == 1:
        return counted
    cpu = torch.device("cpu")
    model = FullyShardedDataParallel(Net(), use_orig_params=True, device_id=cpu)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    for seed in (None, 11):
        with pytest.raises(TargetError, match="summon_full_params"):
            initialize(model, RULES, seed)
        assert all(map(torch.equal, before, model.parameters()))
    return counted


def audited(mesh):
    """Audit what processes share: as the whole; and find that they drew from one seed."""
    from initspec_conformance import audit_model

    rules = [Rule("normal(std=0.02)", "weight")]
    model = fully_shard(nn.Linear(24, 64, bias=False), mesh=mesh)
    assert audit_model(initialize(model, rules, 11), rules, seed=11).passed
    with torch.no_grad():
        model.weight.to_local().normal_(0, 0.02, generator=torch.Generator().manual_seed(3))
    (finding,) = audit_model(model, rules).findings
    assert (finding.path, finding.kind) == ("weight", "copy"), finding
    assert "rank" in finding.looks_like


def unseeded(mesh):
    """Refuse what the processes would draw alike, before the constants are written."""
    model = sharded(mesh, "cpu")
    for parameter in model.parameters():
        parameter.to_local().detach().fill_(7)
    state = torch.get_rng_state()
    if mesh.size() > 1:
        for line in ("normal(std=1)", "orthogonal"):
            rules = [Rule(line, "blocks.1.up.weight"), Rule("ones", "**")]
            with pytest.raises(TargetError, match=r"blocks.1.up.weight.*`seed`"):
                initialize(model, rules)
            assert all(bool((p.to_local() == 7).all()) for p in model.parameters())
        assert torch.equal(torch.get_rng_state(), state)
    initialize(model, [Rule("sinusoidal", "wte.weight"), Rule("constant(value=0.5)", "**")])
    for path, parameter in model.named_parameters():
        values, expected = parameter.full_tensor().detach(), torch.tensor(0.5)
        if path == "wte.weight":
            expected = InitSpec.sinusoidal().to_torch("stack out")(torch.empty_like(values))
            expected[6] = 0
        assert bool((values == expected).all()), path


warnings.filterwarnings("ignore", category=FutureWarning)
main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
