"""What can be filled: the checks that come before any tensor is touched."""

from __future__ import annotations

import warnings

import torch
from torch.nn.parameter import is_lazy

from initspec.backend import (
    FLOATS,
    FloatType,
    InitSpecWarning,
    TargetError,
    float_type,
    shown,
    with_article,
)
from initspec_torch.distributed import check_distributed, is_distributed
from initspec_torch.wrapped import PLAIN, stored_otherwise

_KINDS = {getattr(torch, name): kind for name, kind in FLOATS.items()}


def check_target(tensor: object) -> FloatType:
    """Return the floating type of a tensor that can be filled.

    Raises:
        TargetError: it is not a tensor, has no dense memory of its own, or must not be written to.
        DtypeError: its elements are not of a supported floating type.
    """
    if not isinstance(tensor, torch.Tensor):
        raise TargetError(_no_tensor(tensor))
    if type(tensor) not in PLAIN and is_lazy(tensor):
        raise TargetError(
            f"{with_article(type(tensor).__name__)} has no shape yet: run one forward pass through "
            "the lazy module (a dry run on an example input), then initialize"
        )
    if tensor.is_nested:
        raise TargetError("a nested tensor: pass its members one by one, each a dense tensor")
    if tensor.layout is not torch.strided:
        raise TargetError(
            f"a tensor of layout {tensor.layout}: initialize a dense tensor (torch.strided), "
            "then convert it"
        )
    if tensor.is_quantized:
        raise TargetError(
            f"a quantized tensor ({tensor.dtype}): initialize the floating tensor, then quantize it"
        )
    kind = _KINDS.get(tensor.dtype) or float_type(tensor.dtype)
    base = tensor._base  # of a view
    if (tensor if base is None else base).grad_fn is not None:
        raise TargetError(_computed(tensor))
    if tensor.is_inference() and not torch.is_inference_mode_enabled():
        raise TargetError(
            "an inference tensor cannot be written to outside torch.inference_mode(): "
            "call the initializer inside it, or pass tensor.clone()"
        )
    if type(tensor) not in PLAIN and is_distributed(tensor):
        check_distributed(tensor)
    elif type(tensor) not in PLAIN and (dtype := stored_otherwise(tensor)):
        raise TargetError(
            f"a tensor of class {type(tensor).__name__} that holds {dtype}: initialize the "
            "floating tensor, then quantize it"
        )
    elif not tensor.is_contiguous() and _shares_memory(tensor):
        raise TargetError(
            f"a tensor of shape {tuple(tensor.shape)} and strides {tensor.stride()}, some of whose "
            "elements share memory (an expanded tensor?): pass the tensor it is a view of, or "
            "tensor.clone()"
        )
    return kind


def warn_of_nothing(tensor: torch.Tensor) -> None:
    """Warn of a tensor without elements, as torch.nn.init does; a part of a whole may be empty."""
    if not getattr(tensor, "_fsdp_flattened", False):
        warnings.warn(
            f"a tensor of shape {tuple(tensor.shape)} has no elements: nothing is initialized",
            InitSpecWarning,
            stacklevel=4,
        )


def check_generator(generator: object, tensor: torch.Tensor) -> None:
    """Raise TargetError where `generator` cannot draw for `tensor`."""
    if not isinstance(generator, torch.Generator):
        raise TargetError(
            f"generator={shown(generator)}: pass a torch.Generator, such as "
            f"torch.Generator({tensor.device.type!r}).manual_seed(0), or nothing"
        )
    given, needed = generator.device, tensor.device
    if given == needed or needed.type == "meta":
        return
    # "cuda" without an index is the current device, which torch itself resolves.
    if given.type != needed.type or None not in (given.index, needed.index):
        raise TargetError(
            f"a generator on {str(given)!r} for a tensor on {str(needed)!r}: pass "
            f"torch.Generator({str(needed)!r})"
        )


def without_data(tensor: torch.Tensor) -> bool:
    """Say whether a tensor has a shape and a dtype but no memory: on the meta device, or fake."""
    if tensor.is_meta:
        return True
    if type(tensor) in PLAIN:
        return False
    from torch._subclasses.fake_tensor import FakeTensor  # torch has no public name for it

    return isinstance(tensor, FakeTensor)


def _no_tensor(given: object) -> str:
    kind = type(given).__name__
    sizes = given if isinstance(given, list | tuple) else (given,)
    parameters = given.named_parameters() if isinstance(given, torch.nn.Module) else ()
    name = next((name for name, _ in parameters), None)
    if name is not None:
        path = f".{name}" if "." not in name and not name.isdigit() else f".get_parameter({name!r})"
        hint = f"pass one of its parameters, such as {path} of the {kind}"
    elif given is None:
        hint = "a layer that was made with bias=False has None for its bias; leave that out"
    elif isinstance(getattr(given, "value", None), torch.Tensor):
        hint = "pass its .value, which is one"
    elif sizes and all(isinstance(size, int) for size in sizes):
        shape = sizes if isinstance(given, list | tuple) else (given, "...")
        hint = f"a shape is filled as torch.empty({', '.join(map(str, shape))})"
    elif hasattr(given, "__array__"):
        hint = "pass torch.empty(shape) and use what it is filled with; to_numpy makes NumPy arrays"
    else:
        hint = "pass a torch.Tensor, such as torch.empty(512, 256) or layer.weight"
    return f"{with_article(kind)} is no torch.Tensor: {hint}"


def _computed(tensor: torch.Tensor) -> str:
    return (
        f"a tensor of shape {tuple(tensor.shape)} that is computed from others: what is written "
        "into it does not reach them, so that a layer stays as it was. Initialize the layer before "
        "weight_norm, spectral_norm, orthogonal or prune is applied to it. Afterwards write "
        "`layer.weight = init(torch.empty_like(layer.weight))` for a weight of "
        "torch.nn.utils.parametrizations, `init(layer.weight_orig)` for a pruned one; for a "
        "tensor of your own pass tensor.detach()"
    )


def _shares_memory(tensor: torch.Tensor) -> bool:
    """Say whether two elements of a tensor lie at one address."""
    axes = sorted(
        (stride, size)
        for stride, size in zip(tensor.stride(), tensor.shape, strict=True)
        if size > 1
    )
    reach = 0
    for stride, size in axes:
        if stride <= reach:
            break
        reach += stride * (size - 1)
    else:
        return False
    if axes[0][0] == 0:
        return True
    # Interleaved axes, as of unfold or as_strided: rare, so that counting addresses will do.
    addresses = torch.zeros((), dtype=torch.int64, device="cpu")
    for stride, size in axes:
        addresses = addresses[..., None] + stride * torch.arange(size, device="cpu")
    return addresses.unique().numel() < tensor.numel()
