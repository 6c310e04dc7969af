"""The names of parameters without what wrappers add."""

from __future__ import annotations

import copy
import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import pytest

from initspec import InitSpec
from initspec.errors import TargetError

torch = pytest.importorskip("torch")
nn = torch.nn


class Net(nn.Module):
    """A model whose own modules have the names that wrappers use."""

    def __init__(self) -> None:
        super().__init__()
        self.module = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
        self.parametrizations = nn.ModuleDict({"weight": nn.Linear(3, 2)})
        self._orig_mod = nn.Linear(2, 2)


NAMES = [name for name, _ in Net().named_parameters()]


def checkpointed(module: nn.Module) -> nn.Module:
    from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper

    return checkpoint_wrapper(module)


def parts(model: nn.Module) -> nn.Module:
    """Wrap modules inside the model."""
    model.module[0] = torch.compile(checkpointed(model.module[0]))
    model._orig_mod = nn.DataParallel(model._orig_mod)
    return model


@contextmanager
def one_process() -> Iterator[None]:
    distributed = torch.distributed
    if not distributed.is_available() or not distributed.is_gloo_available():
        pytest.skip("this torch has no torch.distributed with gloo")
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield
    # DistributedDataParallel before the group: where its reducer has the last reference, it holds
    # Python's lock and waits for a thread of gloo that may want the lock to drop a tensor:
    # https://github.com/pytorch/pytorch/issues/56297
    gc.collect()
    distributed.destroy_process_group()


def fsdp(model: nn.Module) -> nn.Module:
    from torch.distributed.fsdp import FullyShardedDataParallel

    cpu = torch.device("cpu")
    return FullyShardedDataParallel(model, use_orig_params=True, device_id=cpu)


WRAPPERS: dict[str, Callable[[nn.Module], nn.Module]] = {
    "plain": lambda model: model,
    "compiled": torch.compile,
    "parallel": nn.DataParallel,
    "average": torch.optim.swa_utils.AveragedModel,
    "checkpointed": checkpointed,
    "parts": parts,
    "all": lambda model: torch.compile(nn.DataParallel(checkpointed(parts(model)))),
    "DistributedDataParallel": lambda model: nn.parallel.DistributedDataParallel(parts(model)),
    "FullyShardedDataParallel": fsdp,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_wrappers_change_no_weight(wrapper: str) -> None:
    """A wrapped model has the plain names, and the loop of the README gives it the same weights."""
    distributed = wrapper.endswith("DataParallel")
    context: AbstractContextManager[None] = one_process() if distributed else nullcontext()
    with context:
        assert_plain(wrapper)  # whose wrapped model is gone when the group ends


def assert_plain(wrapper: str) -> None:
    from initspec_torch import plain_name

    init, plain = InitSpec.normal().to_torch(seed=7), Net()
    wrapped = WRAPPERS[wrapper](copy.deepcopy(plain))
    names = [name for name, _ in wrapped.named_parameters()]
    if wrapper not in ("plain", "FullyShardedDataParallel", "checkpointed"):
        assert names != NAMES  # or there is nothing to take away
    assert [plain_name(wrapped, name) for name in names] == NAMES
    for name, buffer in wrapped.named_buffers():
        buffers = {**dict(plain.named_buffers()), "n_averaged": None}  # AveragedModel's own
        assert plain_name(wrapped, name) in buffers, buffer
    if wrapper == "FullyShardedDataParallel":
        return  # parameters are parts: see test_torch_wrapped.py
    for model in (plain, wrapped):
        for name, parameter in model.named_parameters():
            init(parameter, name=plain_name(model, name))
    for mine, other in zip(plain.parameters(), wrapped.parameters(), strict=True):
        assert torch.equal(mine, other)


@pytest.mark.filterwarnings("ignore:.*:FutureWarning")
def test_replaced_parameters() -> None:
    """What parametrizations, prune and the old spectral_norm keep a weight as has its name."""
    from initspec_torch import plain_name
    from torch.nn.utils import parametrizations, prune, spectral_norm

    model = nn.ModuleDict({name: nn.Linear(4, 4) for name in "abcde"})
    parametrizations.orthogonal(model["a"])
    parametrizations.weight_norm(model["b"])
    prune.random_unstructured(model["c"], "weight", 0.5)
    with warnings.catch_warnings(action="ignore"):
        spectral_norm(model["d"])
    model["e"].weight_orig = nn.Parameter(torch.zeros(1))  # a name like any other
    names = {name: plain_name(model, name) for name, _ in model.named_parameters()}
    assert names["a.parametrizations.weight.original"] == "a.weight"
    assert names["b.parametrizations.weight.original1"] == "b.weight.original1"
    assert names["c.weight_orig"] == "c.weight"
    assert names["d.weight_orig"] == "d.weight"
    assert names["e.weight_orig"] == "e.weight_orig"
    assert len(set(names.values())) == len(names)


@pytest.mark.parametrize(
    "name", ["", "0..weight", "module", "module.0", "module.2.weight", "a.b", "weight"]
)
def test_names_that_the_model_does_not_have(name: str) -> None:
    """A name of another model raises TargetError."""
    from initspec_torch import plain_name

    for model in (Net(), nn.DataParallel(Net())):
        with pytest.raises(TargetError, match="named_parameters"):
            plain_name(model, name)


def test_the_backend_has_no_other_name() -> None:
    """A misspelt name of the package is an AttributeError."""
    import initspec_torch

    with pytest.raises(AttributeError, match="plain_names"):
        _ = initspec_torch.plain_names
