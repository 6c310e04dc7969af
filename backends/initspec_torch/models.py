"""The parameters of a torch model, and how they are filled."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize

from initspec.backend import (
    Axes,
    Filling,
    InitSpecWarning,
    Parameter,
    Place,
    TargetError,
    norm_role,
    read_layers,
    resolve,
)
from initspec_torch.distributed import is_distributed, local_block
from initspec_torch.initializer import TorchInitializer
from initspec_torch.paths import parameter_name, unwrapped
from initspec_torch.seeded import fill
from initspec_torch.target import check_target

Index = tuple[slice, ...]
Parents = tuple[tuple[torch.nn.Module, tuple[str, ...]], ...]
"""The modules around one, the outermost first, each with the parts of its path."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a weight stands in a model.

    Attributes:
        owner: the module that has it.
        name: its name there.
        parts: the parts of its path from the model, without wrappers.
        parents: the modules around the owner.
    """

    owner: torch.nn.Module
    name: str
    parts: tuple[str, ...]
    parents: Parents = ()

    @property
    def path(self) -> str:
        """Its path from the model."""
        return ".".join(self.parts)

    @property
    def parametrized(self) -> bool:
        """Whether torch.nn.utils.parametrize computes it."""
        return parametrize.is_parametrized(self.owner, self.name)

    @property
    def tensor(self) -> torch.Tensor:
        """The weight: what a parametrization computes, where there is one."""
        tensor: torch.Tensor = getattr(self.owner, self.name)
        return tensor

    @property
    def stored(self) -> torch.Tensor:
        """The parameter itself; of a parametrization the first."""
        if self.parametrized:
            return next(self.parametrization.parameters(recurse=False))
        return self.tensor

    @property
    def parametrization(self) -> torch.nn.Module:
        """What computes it, where something does."""
        module: torch.nn.Module = self.owner.parametrizations[self.name]
        return module


def slots(model: torch.nn.Module) -> Iterator[Slot]:
    """Yield every place of a weight, in the order of the model; a tied weight has several."""
    yield from _slots(unwrapped(model), (), ())


def _slots(module: torch.nn.Module, parts: tuple[str, ...], parents: Parents) -> Iterator[Slot]:
    names = [name for name, value in module._parameters.items() if value is not None]
    computed = parametrize.is_parametrized(module)
    if computed:
        names += list(module.parametrizations)
    for name in names:
        yield Slot(module, name, (*parts, parameter_name(module, name)), parents)
    around = (*parents, (module, parts))
    for name, child in module._modules.items():
        if child is None or (computed and name == "parametrizations"):
            continue
        inner = unwrapped(child)
        if all(inner is not outer for outer, _ in around):  # one may hold itself
            yield from _slots(inner, (*parts, name), around)


def parameters(model: torch.nn.Module) -> tuple[Parameter, ...]:
    """Return the parameters of a model; see `initspec.backend.HasModels`."""
    shapes: dict[int, dict[str, tuple[int, ...]]] = {}
    return tuple(_parameter(group, shapes) for group in _tied(model))


def _tied(model: torch.nn.Module) -> list[list[Slot]]:
    """Return the slots of a model, those of one weight together."""
    groups: dict[object, list[Slot]] = {}
    for slot in slots(model):
        if is_lazy(slot.stored):
            raise TargetError(
                f"{slot.path} has no shape yet: run one forward pass through the lazy module (a "
                "dry run on an example input), then initialize"
            )
        groups.setdefault(_elements(slot.stored), []).append(slot)
    return list(groups.values())


def _elements(tensor: torch.Tensor) -> object:
    """Return what two tensors have in common that are of the same elements."""
    plain = type(tensor) in (torch.Tensor, torch.nn.Parameter)
    if not plain or tensor.is_meta or not tensor.numel():
        return id(tensor)
    return tensor.device, tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype


Shapes = dict[int, dict[str, tuple[int, ...]]]


def _parameter(group: Sequence[Slot], shapes: Shapes) -> Parameter:
    tensor = group[0].tensor
    places = tuple(_place(slot, shapes) for slot in group)
    scale = any(place.role == "scale" for place in places)
    rows = (getattr(slot.owner, "padding_idx", None) for slot in group)
    return Parameter(
        places,
        tuple(tensor.shape),
        str(tensor.dtype).removeprefix("torch."),
        frozen=not group[0].stored.requires_grad,
        zeros=scale and not tensor.is_meta and not bool(tensor.any()),
        padding=next((row for row in rows if row is not None), None),
    )


def _place(slot: Slot, shapes: Shapes) -> Place:
    """Return what the nearest module around a weight that the table has makes of it."""
    table = read_layers("initspec_torch")
    classes = class_names(slot.owner)
    around = (*slot.parents, (slot.owner, slot.parts[:-1]))
    for module, prefix in reversed(around):
        layer = table.find(type(module).__mro__)
        path = ".".join(slot.parts[len(prefix) :])
        row = layer.find(path) if layer else None
        if layer is None or row is None:
            continue
        if id(module) not in shapes:
            shapes[id(module)] = {
                inner.path: tuple(inner.tensor.shape) for inner in _slots(module, (), ())
            }
        settings = {name: getattr(module, name) for name in layer.settings}
        return Place(slot.path, classes, row.role, layer.axes(path, shapes[id(module)], settings))
    role = norm_role(classes[0], slot.parts[-1], tuple(slot.tensor.shape))
    return Place(slot.path, classes, role, Axes("out") if role != "other" else None)


def class_names(module: torch.nn.Module) -> tuple[str, ...]:
    """Return the names of a module's class and its bases."""
    return tuple(cls.__name__ for cls in type(module).__mro__ if cls is not object)


def write(
    model: torch.nn.Module, fillings: Sequence[Filling], seed: int | None, device: Any
) -> torch.nn.Module:
    """Fill parameters of a model; see `initspec.backend.HasModels`."""
    groups = {group[0].path: group for group in _tied(model)}
    chosen = [(filling, groups[filling.parameter.path]) for filling in fillings]
    for filling, group in chosen:
        _check(filling.parameter.path, group[0], device)
    for filling, group in chosen:
        _fill(filling, group, seed, device)
    if device is not None:
        _warn_of_meta(model)
    return model


def _check(path: str, slot: Slot, device: Any) -> None:
    """Raise TargetError where a weight cannot be filled."""
    tensor = slot.stored
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
    try:
        check_target(tensor)
    except Exception as error:
        raise type(error)(f"{path}: {error}") from None
    if slot.parametrized:
        steps = slot.parametrization.children()
        lacking = [type(step).__name__ for step in steps if not hasattr(step, "right_inverse")]
        if lacking:
            raise TargetError(
                f"{path} is computed by {', '.join(lacking)}, which has no right_inverse: write "
                "one, or initialize before it is applied"
            )


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
        if not torch.allclose(slot.tensor, drawn, rtol=1e-4, atol=1e-6):
            warnings.warn(
                f"{filling.parameter.path}: its parametrization returns another weight than was "
                "drawn; initialize before it is applied, or leave it out",
                InitSpecWarning,
                stacklevel=5,
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
    whole = TorchInitializer(filling.spec, filling.axes, seed, filling.name)
    whole.fill(tensor, None, None)
    for index, spec in filling.parts:
        _draw_part(tensor, index, TorchInitializer(spec, filling.axes, seed, filling.name))


def _draw_part(tensor: torch.Tensor, index: Index, init: TorchInitializer) -> None:
    """Draw a block of the whole weight under another spec."""
    local, block = local_block(tensor) if is_distributed(tensor) else (tensor, None)
    home, part = _common(index, block)
    if home is None:
        return
    with torch.no_grad():
        if init.seed is not None:
            kind = check_target(tensor)
            resolved = resolve(init.spec, tensor.shape, init.axes, kind=kind)
            fill(local[home], resolved, kind, init.seed, init.name, part)
            return
        drawn = init.fill(torch.empty_like(tensor), None, None)
        source = local_block(drawn)[0] if is_distributed(drawn) else drawn
        local[home].copy_(source[home])


def _common(index: Index, block: Index | None) -> tuple[Index | None, Index]:
    """Return where a part lies in a local block of the whole, and what of the whole that is."""
    if block is None:
        return index, index
    starts = [max(part.start, own.start) for part, own in zip(index, block, strict=True)]
    stops = [min(part.stop, own.stop) for part, own in zip(index, block, strict=True)]
    if any(start >= stop for start, stop in zip(starts, stops, strict=True)):
        return None, index
    bounds = list(zip(starts, stops, block, strict=True))
    home = tuple(slice(start - own.start, stop - own.start) for start, stop, own in bounds)
    return home, tuple(slice(start, stop) for start, stop, _ in bounds)


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
