"""Fill the parameters of a torch model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from initspec.backend import Block, Filling, InitSpecWarning, TargetError, common_block, resolve
from initspec_torch.distributed import check_parts, is_distributed, local_block
from initspec_torch.initializer import TorchInitializer
from initspec_torch.models import Slot, check_named, tied_slots
from initspec_torch.overlaps import check_apart
from initspec_torch.seeded import fill
from initspec_torch.target import check_target
from initspec_torch.wrapped import PLAIN, check_whole

if TYPE_CHECKING:
    from initspec.backend import Spec


def write(
    model: torch.nn.Module, fillings: Sequence[Filling], seed: int | None, device: Any
) -> torch.nn.Module:
    """Fill parameters of a model; see `initspec.backend.HasModels`."""
    _check_device(device)
    fill_slots({group[0].path: group for group in tied_slots(model)}, fillings, seed, device)
    if device is not None:
        _warn_of_meta(model)
    return model


def fill_slots(
    groups: Mapping[str, Sequence[Slot]],
    fillings: Sequence[Filling],
    seed: int | None,
    device: Any = None,
) -> None:
    """Fill weights, after all of them have been checked.

    Args:
        groups: the slots of each weight of a model, by its first path.
        fillings: what to fill.
        seed: see `write`.
        device: see `write`.
    """
    chosen = [(filling, groups[filling.parameter.path]) for filling in fillings]
    for filling, group in chosen:
        _check(filling, group[0], seed, device)
    check_apart([group[0] for _, group in chosen])
    for filling, group in chosen:
        _fill(filling, group, seed, device)


def _check_device(device: Any) -> None:
    """Raise TargetError where no parameter can be made on a device."""
    if device is None:
        return
    try:
        where = torch.empty(0, device=device)
    except Exception as error:  # torch raises several kinds
        raise TargetError(f"device={device!r}: torch makes no tensor there: {error}") from error
    if where.is_meta:
        raise TargetError(f"device={device!r} has no memory: pass device='cpu' or another")


def _check(filling: Filling, slot: Slot, seed: int | None, device: Any) -> None:
    """Raise an error, with the path, where a weight cannot be filled."""
    path, tensor = filling.parameter.path, slot.stored
    if tensor.is_meta and slot.parametrized and list(slot.parametrization.buffers()):
        raise TargetError(
            f"{path} is on the meta device, and its parametrization has buffers there, which no "
            "recipe fills: apply it after the model is initialized"
        )
    if tensor.is_meta and device is None:
        raise TargetError(
            f"{path} is on the meta device, where nothing can be drawn: pass device='cpu' or "
            "another, and each parameter is made there"
        )
    specs = [filling.spec, *(spec for _, spec in filling.parts)]
    constant = all(_constant(spec) is not None for spec in specs)

    def check(tensor: torch.Tensor) -> None:
        check_target(tensor)
        check_whole(tensor, constant)
        if is_distributed(tensor):
            for spec in specs:
                check_parts(tensor, spec, filling.axes, seed)

    check_named(slot, check)
    if slot.parametrized:
        _check_setter(path, slot)


def _check_setter(path: str, slot: Slot) -> None:
    """Raise TargetError where a parametrization does not take a weight."""
    steps = list(slot.parametrization.children())
    lacking = [type(step).__name__ for step in steps if not hasattr(step, "right_inverse")]
    if lacking:
        raise TargetError(
            f"{path} is computed by {', '.join(lacking)}, which has no right_inverse: write "
            "one, or initialize before it is applied"
        )
    if slot.stored.is_meta:
        return
    try:
        with torch.no_grad():
            weight = slot.tensor
            for step in reversed(steps):
                weight = step.right_inverse(weight)
    except Exception as error:  # code of the parametrization
        raise TargetError(
            f"{path}: the right_inverse of its parametrization raises {type(error).__name__}: "
            f"{error}; initialize before it is applied"
        ) from error


def _fill(filling: Filling, group: Sequence[Slot], seed: int | None, device: Any) -> None:
    slot = group[0]
    if slot.stored.is_meta:
        _materialize(group, device)
    if not slot.parametrized:
        _draw(slot.stored, filling, seed)
        return
    drawn = torch.empty_like(slot.tensor)
    _draw(drawn, filling, seed)
    with torch.no_grad():
        setattr(slot.owner, slot.name, drawn)
        rounding = max(1e-4, 4 * torch.finfo(drawn.dtype).eps)
        if not torch.allclose(slot.tensor, drawn, rtol=rounding, atol=1e-6):
            warnings.warn(
                f"{filling.parameter.path}: its parametrization returns another weight than was "
                "drawn; initialize before it is applied, or leave it out",
                InitSpecWarning,
                stacklevel=6,
            )


def _materialize(group: Sequence[Slot], device: Any) -> None:
    """Give every owner of a weight one parameter on a device, in place of that on meta."""
    slot = group[0]
    owners = [(place.owner, place.name) for place in group]
    if slot.parametrized:
        owners = [(slot.parametrization, name) for name in slot.parametrization._parameters]
    made: dict[int, torch.nn.Parameter] = {}
    for owner, name in owners:
        meta = owner._parameters[name]
        assert meta is not None
        if id(meta) not in made:
            empty = torch.empty_like(meta, device=device)
            made[id(meta)] = torch.nn.Parameter(empty, meta.requires_grad)
        owner._parameters[name] = made[id(meta)]


def _draw(tensor: torch.Tensor, filling: Filling, seed: int | None) -> None:
    """Draw the whole of a weight, then the parts of it that differ."""
    value = _constant(filling.spec)
    if value in (0, 1) and type(tensor) in PLAIN:  # exact in any dtype: nothing to draw or round
        with torch.no_grad():
            tensor.fill_(value)
    else:
        whole = TorchInitializer(filling.spec, filling.axes, seed, filling.name)
        whole.fill(tensor, None, None)
    for index, spec in filling.parts:
        _draw_part(tensor, index, TorchInitializer(spec, filling.axes, seed, filling.name))


def _constant(spec: Spec) -> float | None:
    """Return the value of a constant; None of another spec."""
    return getattr(spec.distribution, "value", None)


def _draw_part(tensor: torch.Tensor, index: Block, init: TorchInitializer) -> None:
    """Draw a block of the whole weight under another spec."""
    local, block = local_block(tensor) if is_distributed(tensor) else (tensor, None)
    home, part = (index, index) if block is None else common_block(index, block)
    with torch.no_grad():
        if init.seed is not None:
            if home is None:
                return
            kind = check_target(tensor)
            resolved = resolve(init.spec, tensor.shape, init.axes, kind=kind)
            fill(local[home], resolved, kind, init.seed, init.name, part)
            return
        # By every process, so that the random states of all stay equal.
        drawn = init.fill(torch.empty_like(tensor), None, None)
        source = local_block(drawn)[0] if is_distributed(drawn) else drawn
        if home is not None:
            local[home].copy_(source[home])


def _warn_of_meta(model: torch.nn.Module) -> None:
    """Warn of what is still on the meta device: buffers, and parameters that are left alone."""
    tensors = [*model.named_parameters(), *model.named_buffers()]
    left = [name for name, tensor in tensors if tensor.is_meta]
    if left:
        more = f" and {len(left) - 5} more" if len(left) > 5 else ""
        warnings.warn(
            f"still on the meta device: {', '.join(left[:5])}{more}; no recipe fills buffers: "
            "make them as the model's constructor does",
            InitSpecWarning,
            stacklevel=4,
        )
