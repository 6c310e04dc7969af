"""Tensors whose elements a library keeps elsewhere: in parts, in a vector of many, or quantized."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from initspec.backend import FLOATS, TargetError
from initspec_torch.distributed import is_distributed

PLAIN = (torch.Tensor, torch.nn.Parameter)


def check_whole(tensor: torch.Tensor, constant: bool) -> None:
    """Raise TargetError for a vector that stands where a library keeps part of a parameter.

    Args:
        tensor: a weight; of more axes it is no such vector.
        constant: whether all elements are to be equal, so that parts are as good as the whole.
    """
    if tensor.ndim != 1:
        return
    shape = tuple(tensor.shape)
    whole = getattr(tensor, "ds_shape", None)
    if whole is not None and shape != tuple(whole):
        raise TargetError(
            f"a parameter of shape {tuple(whole)} that DeepSpeed's ZeRO-3 holds in parts: fill it "
            "inside `with deepspeed.zero.GatheredParameters(parameter, modifier_rank=0):`"
        )
    if getattr(tensor, "_is_flat_param", False):
        raise TargetError(
            f"a flat parameter of shape {shape}, in which FullyShardedDataParallel holds many: "
            "fill model.named_parameters() inside "
            "`with FullyShardedDataParallel.summon_full_params(model):`"
        )
    # Of a gathered bias FullyShardedDataParallel makes a vector with the same mark.
    if getattr(tensor, "_fsdp_flattened", False) and not constant:
        raise TargetError(
            f"a vector of shape {shape} that FullyShardedDataParallel holds, a bias or a part of "
            "a weight: initialize before wrapping the model, fill weights inside "
            "`with FullyShardedDataParallel.summon_full_params(model):`, or use fully_shard"
        )


def stored_otherwise(tensor: torch.Tensor) -> torch.dtype | None:
    """Return a dtype that cannot hold weights, of a tensor inside a wrapper; None without one."""
    if not hasattr(tensor, "__tensor_flatten__"):
        return None
    for name in tensor.__tensor_flatten__()[0]:
        inner = getattr(tensor, name)
        dtype = (
            inner.dtype
            if str(inner.dtype).removeprefix("torch.") not in FLOATS
            else stored_otherwise(inner)
        )
        if dtype is not None:
            return dtype
    return None


def inner_tensors(tensor: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the tensors whose memory a tensor is: of a wrapper those inside, each with its name.

    Nothing is yielded of a tensor without memory of its own, as on the meta device.
    """
    if tensor.is_meta or tensor.layout is not torch.strided:
        return
    if is_distributed(tensor):
        yield from inner_tensors(tensor.to_local())
    elif hasattr(tensor, "__tensor_flatten__"):
        for name in tensor.__tensor_flatten__()[0]:
            for inside, inner in inner_tensors(getattr(tensor, name)):
                yield f".{name}{inside}", inner
    elif is_plain(tensor):
        yield "", tensor


def is_plain(tensor: torch.Tensor) -> bool:
    """Return whether the class of a tensor leaves operations as they are."""
    kind = type(tensor)
    return kind in PLAIN or kind.__torch_dispatch__ is torch.Tensor.__torch_dispatch__


def own_memory(tensor: torch.Tensor) -> torch.Tensor:
    """Return what to draw into: a tensor, or a plain one for a class that dispatches operations.

    Such a class may lack any operation, in the midst of a draw; `torch.Tensor.copy_` is one.
    """
    if is_plain(tensor) or is_distributed(tensor):
        return tensor
    return torch.empty(tensor.shape, dtype=tensor.dtype, device=tensor.device)


def copy_home(tensor: torch.Tensor, drawn: torch.Tensor) -> None:
    """Write what was drawn into `own_memory`.

    Raises:
        TargetError: the tensor's class does not take it.
    """
    try:
        tensor.copy_(drawn)
    except Exception as error:  # code of the class
        raise TargetError(
            f"a tensor of class {type(tensor).__name__}, whose copy_ raises "
            f"{type(error).__name__}: initialize a plain tensor, then convert it"
        ) from error
