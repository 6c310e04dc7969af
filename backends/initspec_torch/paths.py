"""The names of parameters in a model without wrappers: the same weights, the same names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.utils.parametrize import ParametrizationList

from initspec.backend import TargetError

_WRAPPERS = {
    "torch._dynamo.eval_frame.OptimizedModule": "_orig_mod",
    "torch.nn.parallel.data_parallel.DataParallel": "module",
    "torch.nn.parallel.distributed.DistributedDataParallel": "module",
    "torch.optim.swa_utils.AveragedModel": "module",
    "torch.distributed.fsdp.fully_sharded_data_parallel.FullyShardedDataParallel": (
        "_fsdp_wrapped_module"
    ),
    "torch.distributed.algorithms._checkpoint.checkpoint_wrapper.ActivationWrapper": (
        "_checkpoint_wrapped_module"
    ),
}
"""Classes that hold another module, and the attribute that does; by name, because their
modules take long to import."""
_SEVERAL = re.compile(r"\.original\d+$")
"""What parametrize adds to the path of a weight that it makes of several tensors."""
_RENAMING = {
    "torch.nn.utils.prune.BasePruningMethod": "_tensor_name",
    "torch.nn.utils.spectral_norm.SpectralNorm": "name",
}
"""Hooks that keep the parameter NAME as NAME_orig, and their attribute with NAME."""


def plain_name(model: torch.nn.Module, name: str) -> str:
    """Return the name that a parameter has in the model without wrappers.

    torch.compile, DataParallel, DistributedDataParallel, FullyShardedDataParallel, activation
    checkpointing and AveragedModel put a part into the names of parameters, and
    torch.nn.utils.parametrize and prune replace some: `_orig_mod.0.weight`, `module.0.weight` and
    `0.parametrizations.weight.original` are all `0.weight`. Where several tensors make a weight, as
    in weight_norm, they are `0.weight.original0` and `0.weight.original1`. What counts is the class
    of a module: one of yours that is called `module` keeps its name.

    Args:
        model: the model, wrapped or not, as a whole or in parts.
        name: a name of `model.named_parameters()` or `model.named_buffers()`.

    Raises:
        TargetError: the model has no tensor of that name.

    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(8, 4))
    >>> plain_name(torch.nn.DataParallel(model), "module.0.weight")
    '0.weight'
    """
    *owners, last = name.split(".")
    plain: list[str] = []
    module: Any = model
    for part in owners:
        if part and part == _of_class(module, _WRAPPERS):
            module = getattr(module, part)
            continue
        module = getattr(unwrapped(module), "_modules", {}).get(part)
        plain.append(part)
        if isinstance(module, ParametrizationList):
            del plain[-2]  # parametrizations.weight
    if last not in getattr(module, "_buffers", {}):  # a wrapper may have buffers of its own
        module = unwrapped(module)
    if module is None or not (last in module._parameters or last in module._buffers):
        raise TargetError(
            f"{name!r} is not in this {type(model).__name__}: pass a name of its "
            "named_parameters() or named_buffers()"
        )
    if last == "original" and isinstance(module, ParametrizationList):
        return ".".join(plain)
    return ".".join([*plain, parameter_name(module, last)])


def paths_of(model: torch.nn.Module, keys: Sequence[Any]) -> list[Any]:
    """Return the paths of a checkpoint's keys; see `initspec.backend.HasCheckpoints`."""
    buffers = {name for name, _ in model.named_buffers(remove_duplicate=False)}
    keys = [key for key in keys if not (isinstance(key, str) and key in buffers)]
    return [_path_of(model, key) if isinstance(key, str) else key for key in keys]


def _path_of(model: torch.nn.Module, key: str) -> str:
    try:
        path = plain_name(model, key)
    except (AttributeError, TargetError):
        return key  # a glob, or wrong
    return _SEVERAL.sub("", path) if "parametrizations" in key else path


def parameter_name(module: torch.nn.Module, name: str) -> str:
    """Return the name of a parameter in its module without the hooks that rename it."""
    for hook in module._forward_pre_hooks.values():
        attribute = _of_class(hook, _RENAMING)
        if attribute and name == f"{getattr(hook, attribute)}_orig":
            return str(getattr(hook, attribute))
    return name


def unwrapped(module: Any) -> Any:
    """Return what lies in all wrappers; some leave their part out of the names that they list."""
    while attribute := _of_class(module, _WRAPPERS):
        module = getattr(module, attribute)
    return module


def _of_class(instance: object, table: dict[str, str]) -> str:
    """Return what a table of class names says of a base class of `instance`, else an empty str."""
    names = (f"{base.__module__}.{base.__qualname__}" for base in type(instance).__mro__)
    return next((table[name] for name in names if name in table), "")
