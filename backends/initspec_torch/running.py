"""Run a torch model on a batch, and measure what its layers return."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import nn

from initspec.backend import Adjust, Filling, InitSpecError, InitSpecWarning, TargetError
from initspec_torch.distributed import is_distributed
from initspec_torch.filling import fill_slots
from initspec_torch.models import Slot, tied_slots
from initspec_torch.paths import unwrapped

Step = tuple[str, Callable[[tuple[Any, ...], dict[str, Any]], torch.Tensor] | None]
"""The path of a weight, and what computes its outputs from the arguments of the module; None where
they are what the module returns."""


def run(
    model: nn.Module,
    inputs: Any,
    fillings: Sequence[Filling],
    seed: int,
    watched: Sequence[str],
    adjust: Adjust,
) -> None:
    """Run a model that is filled for the time being; see `initspec.backend.HasOutputs`."""
    groups = {group[0].path: group for group in tied_slots(model)}
    for path, (slot, *_) in groups.items():
        _check(path, slot)
    inner = unwrapped(model)

    def fill(chosen: Sequence[Filling]) -> None:
        with warnings.catch_warnings():  # of parametrizations, once more for each trial
            warnings.simplefilter("ignore", InitSpecWarning)
            fill_slots(groups, chosen, seed)

    def refill(filling: Filling) -> None:
        fill([filling])
        torch.clear_autocast_cache()  # which holds the weight as it was, in 16 bits

    with ExitStack() as stack:
        stack.enter_context(_as_it_was(inner))
        fill(fillings)
        for module in inner.modules():  # batch statistics are those of a first step of training
            module.training = isinstance(module, nn.modules.batchnorm._BatchNorm)
        for module, steps in _steps({path: groups[path] for path in watched}):
            for handle in _Watch(steps, adjust, refill).handles(module):
                stack.callback(handle.remove)
        stack.enter_context(torch.no_grad())
        stack.enter_context(_unfused())
        try:
            _call(inner, inputs)
        except InitSpecError:
            raise
        except Exception as error:  # code of the model
            raise TargetError(
                f"the model raises {type(error).__name__} on these inputs: {error}; pass what you "
                "call it with: a tensor, a tuple of arguments, or a dict of arguments by name"
            ) from error


def _check(path: str, slot: Slot) -> None:
    """Raise TargetError where a model cannot be run, or is there in parts alone."""
    if slot.stored.is_meta:
        raise TargetError(
            f"{path} is on the meta device, where nothing can be measured: calibrate the model on "
            "a device that has memory; the result fills one on meta"
        )
    if is_distributed(slot.stored):
        raise TargetError(
            f"{path} is sharded, and each process would measure its own batch: calibrate the model "
            "in one process; the result fills the sharded one"
        )


def _call(model: nn.Module, inputs: Any) -> Any:
    if isinstance(inputs, Mapping):
        return model(**inputs)
    return model(*inputs) if isinstance(inputs, tuple) else model(inputs)


@contextmanager
def _as_it_was(model: nn.Module) -> Iterator[None]:
    """Leave parameters, buffers, attributes and the states of generators as they are now."""
    tensors = list({id(t): t for t in (*model.parameters(), *model.buffers())}.values())
    devices = {tensor.device.index for tensor in tensors if tensor.device.type == "cuda"}
    attributes = []
    for module in model.modules():
        values = vars(module)
        attributes.append((values, dict(values)))
        attributes += [(values[name], dict(values[name])) for name in _REGISTERS]
    with torch.no_grad():
        copies = [(tensor, tensor.detach().clone()) for tensor in tensors]
    with torch.random.fork_rng(devices):
        try:
            yield
        finally:
            for values, before in attributes:
                values.clear()
                values.update(before)
            with torch.no_grad():
                for tensor, copy in copies:
                    tensor.copy_(copy)


_REGISTERS = ("_parameters", "_buffers", "_modules")


@contextmanager
def _unfused() -> Iterator[None]:
    """Run every module by itself: neither compiled nor within torch's fused transformer."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    # Nothing is compiled where it has not been imported, which takes seconds.
    compiles = "torch._dynamo" in sys.modules
    try:
        with torch.compiler.set_stance("force_eager") if compiles else nullcontext():
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


class _Watch:
    """The hooks of a module, which run it again for as long as its weights are adjusted."""

    def __init__(self, steps: list[Step], adjust: Adjust, refill: Callable[[Filling], None]):
        self._steps = steps
        self._adjust = adjust
        self._refill = refill
        self._again = False
        self._given: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})

    def handles(self, module: nn.Module) -> Iterator[Any]:
        """Register the hooks: before those that may change the arguments, after all others."""
        yield module.register_forward_pre_hook(self._keep, prepend=True, with_kwargs=True)
        yield module.register_forward_hook(self._measure)

    def _keep(self, _module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if not self._again:
            self._given = args, kwargs

    def _measure(self, module: nn.Module, _args: tuple[Any, ...], output: Any) -> Any:
        if self._again:
            return None
        (args, kwargs), self._given = self._given, ((), {})
        self._again = True
        try:
            for path, outputs in self._steps:
                while True:
                    tensor = _tensor(output) if outputs is None else outputs(args, kwargs)
                    filling = self._adjust(path, None if tensor is None else _variance(tensor))
                    if filling is None:
                        break
                    self._refill(filling)
                    output = module(*args, **kwargs)
        finally:
            self._again = False
        return output


def _steps(groups: Mapping[str, Sequence[Slot]]) -> Iterator[tuple[nn.Module, list[Step]]]:
    """Yield the modules to watch: a module with several weights has its last one scaled."""
    steps: dict[nn.Module, list[Step]] = {}
    for path, group in groups.items():
        for slot in group:
            around = slot.parents[-1][0] if slot.parents else slot.owner
            if isinstance(slot.owner, nn.MultiheadAttention):
                steps.setdefault(slot.owner, []).append((path, partial(_projected, slot)))
            elif isinstance(around, nn.MultiheadAttention):  # which does not call its out_proj
                steps.setdefault(around, []).append((path, None))
            else:
                steps[slot.owner] = [(path, None)]
    yield from steps.items()


def _projected(slot: Slot, args: tuple[Any, ...], kwargs: dict[str, Any]) -> torch.Tensor:
    """Return what an attention makes of its inputs by the weight of a slot.

    A fused weight is one layer, whose outputs are queries, keys and values together.
    """
    given = inspect.signature(slot.owner.forward).bind(*args, **kwargs).arguments
    inputs = [given[name] for name in ("query", "key", "value")]
    biases = [None] * 3 if slot.owner.in_proj_bias is None else slot.owner.in_proj_bias.chunk(3)
    weights: list[Any] = [None] * 3
    if slot.name == "in_proj_weight":
        weights = list(slot.tensor.chunk(3))
    else:
        weights["qkv".index(slot.name[0])] = slot.tensor
    outputs = [
        nn.functional.linear(x, weight, bias).flatten()
        for x, weight, bias in zip(inputs, weights, biases, strict=True)
        if weight is not None
    ]
    return torch.cat(outputs)


def _tensor(output: Any) -> torch.Tensor | None:
    """Return the first tensor of what a module returns; None where it has no variance."""
    while isinstance(output, tuple | list | Mapping) and output:
        output = next(iter(output.values())) if isinstance(output, Mapping) else output[0]
    return output if isinstance(output, torch.Tensor) and output.is_floating_point() else None


def _variance(tensor: torch.Tensor) -> float:
    """Return the variance of all elements; in float64 where float32 does not hold it."""
    wide = tensor.float() if tensor.dtype.itemsize < 4 else tensor
    variance = float(wide.var(correction=0))
    return variance if 1e-30 < variance < 1e30 else float(tensor.double().var(correction=0))
