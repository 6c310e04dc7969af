"""The parameters of a torch model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize

from initspec.backend import (
    Axes,
    AxesError,
    Layer,
    LayerParameter,
    Parameter,
    Place,
    TargetError,
    is_mixer,
    norm_role,
    read_layers,
)
from initspec_torch.experts import experts_row
from initspec_torch.paths import parameter_name, unwrapped
from initspec_torch.target import without_data
from initspec_torch.wrapped import check_whole

Parents = tuple[tuple[torch.nn.Module, tuple[str, ...]], ...]
"""The modules around one, the outermost first, each with the parts of its path."""

_DERIVING = ("torch.nn.utils.parametrize", "torch.distributed.")
"""Modules that make a class for a module that they change."""


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
        return self.name not in self.owner._parameters

    @property
    def tensor(self) -> torch.Tensor:
        """The weight: what a parametrization computes, where there is one.

        It is computed as in evaluation: spectral_norm moves its buffers each time in training.
        """
        stored = self.owner._parameters.get(self.name)
        if stored is not None:
            return stored
        training = [module for module in self.parametrization.modules() if module.training]
        for module in training:
            module.training = False
        try:
            tensor: torch.Tensor = getattr(self.owner, self.name)
        finally:
            for module in training:
                module.training = True
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
    around = (*parents, (module, parts))
    computed = parametrize.is_parametrized(module)
    if computed:
        names += list(module.parametrizations)
        for name, steps in module.parametrizations.items():  # first: they make the weight
            for number, step in steps.named_children():
                yield from _slots(step, (*parts, name, number), around)
    for name in names:
        yield Slot(module, name, (*parts, parameter_name(module, name)), parents)
    for name, child in module._modules.items():
        if child is None or (computed and name == "parametrizations"):
            continue
        inner = unwrapped(child)
        if all(inner is not outer for outer, _ in around):  # one may hold itself
            yield from _slots(inner, (*parts, name), around)


def parameters(model: torch.nn.Module) -> tuple[Parameter, ...]:
    """Return the parameters of a model; see `initspec.backend.HasModels`."""
    layers = Layers()
    groups = tied_slots(model)
    try:
        return (*(_parameter(group, layers) for group in groups), *_packed(model))
    except AxesError:
        for group in groups:  # what FullyShardedDataParallel holds has lost its axes
            check_named(group[0], partial(check_whole, constant=False))
        raise


def check_named(slot: Slot, check: Callable[[torch.Tensor], object]) -> None:
    """Check the parameter itself; an error has its path."""
    try:
        check(slot.stored)
    except Exception as error:
        raise type(error)(f"{slot.path}: {error}") from None


def tied_slots(model: torch.nn.Module) -> list[list[Slot]]:
    """Return the slots of a model, those of one weight together."""
    groups: dict[object, list[Slot]] = {}
    _check_not_scripted(model)
    for slot in slots(model):
        stored = slot.stored
        if is_lazy(stored):
            raise TargetError(
                f"{slot.path} has no shape yet: run one forward pass through the lazy module (a "
                "dry run on an example input), then initialize"
            )
        check_named(slot, partial(check_whole, constant=True))
        groups.setdefault(elements(stored), []).append(slot)
    return list(groups.values())


def packed(model: torch.nn.Module) -> Iterator[tuple[str, torch.nn.Module, torch.Tensor]]:
    """Yield the weights that modules of torch.ao.nn have packed, by path, each with its module.

    They are not parameters; where they are listed, what fills a model does not miss them.
    """
    for name, module in unwrapped(model).named_modules():
        if not type(module).__module__.startswith("torch.ao.nn."):
            continue
        if hasattr(module, "get_weight"):  # of the recurrent ones
            weights = module.get_weight()
        elif hasattr(module, "_packed_params") and hasattr(module, "weight"):
            weights = {"weight": module.weight()}
        else:
            continue
        for key, tensor in weights.items():
            yield f"{name}.{key}" if name else key, module, tensor


def _packed(model: torch.nn.Module) -> Iterator[Parameter]:
    for path, module, tensor in packed(model):
        shape, dtype = tuple(tensor.shape), str(tensor.dtype).removeprefix("torch.")
        yield Parameter((Place(path, class_names(module)),), shape, dtype, frozen=True)


def _check_not_scripted(model: torch.nn.Module) -> None:
    """Raise TargetError where a module of torch.jit has parameters; it hides its class."""
    for name, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule) and any(True for _ in module.parameters()):
            raise TargetError(
                f"{name or 'the model'} was compiled by torch.jit, which hides the class "
                "of its layers: pass the model as it was before; initialize it first, script or "
                "trace it after"
            )


def elements(tensor: torch.Tensor) -> object:
    """Return what two tensors have in common that are of the same elements."""
    plain = type(tensor) in (torch.Tensor, torch.nn.Parameter)
    if not plain or tensor.is_meta or not tensor.numel():
        return id(tensor)
    return tensor.device, tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype


def _parameter(group: Sequence[Slot], layers: Layers) -> Parameter:
    tensor = group[0].tensor
    places = tuple(map(layers.place, group))
    if places[0].axes is not None and getattr(tensor, "_fsdp_flattened", False):
        places[0].axes.layout(tuple(tensor.shape))
    scale = any(place.role == "scale" for place in places)
    rows = (
        slot.owner.padding_idx
        for slot, place in zip(group, places, strict=True)
        if place.role == "embedding" and hasattr(slot.owner, "padding_idx")
    )
    return Parameter(
        places,
        tuple(tensor.shape),
        str(tensor.dtype).removeprefix("torch."),
        frozen=not group[0].stored.requires_grad,
        zeros=scale and not without_data(tensor) and not bool(tensor.any()),
        padding=next((row for row in rows if row is not None), None),
        computed=group[0].parametrized,
    )


class Layers:
    """What the layer table makes of the weights of a model; it is asked once for each class."""

    def __init__(self) -> None:
        self._table = read_layers("initspec_torch")
        self._rows: dict[type, Layer | None] = {}
        self._mixers: dict[int, bool] = {}
        self._shapes: dict[int, dict[str, tuple[int, ...]]] = {}

    def place(self, slot: Slot) -> Place:
        """Return what the nearest module around a weight that the table has makes of it."""
        classes = class_names(slot.owner)
        around = (*slot.parents, (slot.owner, slot.parts[:-1]))
        if any(self._is_mixer(module) for module, _ in around):
            return Place(slot.path, classes)
        rows = list(self._rows_of(slot, around))
        if rows:
            outermost, (module, layer, row, path) = rows[0][0], rows[-1]
            settings = {name: getattr(module, name) for name in layer.settings}
            try:
                axes = layer.axes(path, self._shapes_of(module), settings)
            except AxesError as error:
                raise AxesError(
                    f"{slot.path}: {error}; for a class whose weights have other axes than those "
                    f"of its base, call register_layer({type(module).__name__}, ...)"
                ) from None
            classes = tuple(dict.fromkeys((*class_names(outermost), *classes)))
            return Place(slot.path, classes, row.role, axes)
        role = norm_role(classes[0], slot.parts[-1], tuple(slot.tensor.shape))
        return Place(slot.path, classes, role, Axes("out") if role != "other" else None)

    def _rows_of(
        self, slot: Slot, around: Parents
    ) -> Iterator[tuple[torch.nn.Module, Layer, LayerParameter, str]]:
        """Yield the modules around a weight whose rows have it, the outermost first."""
        for module, prefix in around:
            layer = self._of(module)
            if layer is not None:
                path = ".".join(slot.parts[len(prefix) :])
                row = layer.find(path)
                if row is not None:
                    yield module, layer, row, path

    def _is_mixer(self, module: torch.nn.Module) -> bool:
        if id(module) not in self._mixers:
            self._mixers[id(module)] = is_mixer(module._parameters)
        return self._mixers[id(module)]

    def _of(self, module: torch.nn.Module) -> Layer | None:
        kind = type(module)
        if kind not in self._rows:
            self._rows[kind] = self._table.find(kind.__mro__) or experts_row(module)
        return self._rows[kind]

    def _shapes_of(self, module: torch.nn.Module) -> dict[str, tuple[int, ...]]:
        if id(module) not in self._shapes:
            self._shapes[id(module)] = {
                inner.path: tuple(inner.tensor.shape) for inner in _slots(module, (), ())
            }
        return self._shapes[id(module)]


def class_names(module: torch.nn.Module) -> tuple[str, ...]:
    """Return the names of a module's class and its bases, without those that torch derives.

    `parametrize` and `fully_shard` give a module a class of their own, such as FSDPLinear.
    """
    classes = [cls for cls in type(module).__mro__ if cls is not object]
    return tuple(cls.__name__ for cls in classes if not cls.__module__.startswith(_DERIVING))
