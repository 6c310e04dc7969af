"""The compiled initializer of PyTorch: a callable that fills a tensor in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from initspec.backend import (
    OUT_IN,
    Axes,
    SharedNames,
    TargetError,
    check_call,
    check_name,
    resolve,
)
from initspec_torch.distributed import DTensorPrimitives, is_distributed
from initspec_torch.memory import filled
from initspec_torch.primitives import TorchPrimitives
from initspec_torch.seeded import fill
from initspec_torch.target import check_generator, check_target, warn_of_nothing, without_data
from initspec_torch.traced import fill_traced, is_traced
from initspec_torch.wrapped import check_whole, copy_home, own_memory

if TYPE_CHECKING:
    from initspec.backend import Spec

_USAGE = "init(torch.empty{})"
"""The call that works, where a shape is given."""


class TorchInitializer:
    """init(tensor, generator=None, *, name=None) -> tensor, filled in place outside autograd.

    The tensor may be a parameter, a view with any strides, and on any device; a meta or fake tensor
    is checked and left alone. Two calls give two draws. Without `generator` torch's default one for
    the tensor's device is used, so `torch.manual_seed` repeats a draw; with one, no global state is
    read or moved. With a seed the weight is that of the portable stream, on any device; of a
    DTensor each process draws its own part.
    """

    __name__ = "init"
    """Where torch.compile finds none, it traces `__repr__`, which it cannot, for torch.vmap."""

    def __init__(self, spec: Spec, axes: Axes | None, seed: int | None, name: str) -> None:
        self.spec = spec
        self.axes = axes
        self.seed = seed
        self.name = name
        self.names = SharedNames("torch")

    def __repr__(self) -> str:
        return f"TorchInitializer({str(self.spec)!r})"

    def __call__(
        self,
        tensor: torch.Tensor,
        generator: torch.Generator | None = None,
        *sizes: object,
        name: str | None = None,
    ) -> torch.Tensor:
        """Fill `tensor` and return it.

        Args:
            tensor: a float16, bfloat16, float32 or float64 tensor, its axes `out in kernel...`
                unless axes say otherwise.
            generator: where the random numbers come from, on the tensor's device.
            sizes: raise the error of a shape in place of the tensor.
            name: the parameter's name in the portable stream.

        Raises:
            TargetError: not a dense tensor that can be written to, or not a generator for it; one
                together with a seed.
            SeedError: `name` is not a str.
            CallError: a shape in place of the tensor, its sizes apart.
            AxesError, ShapeError, DtypeError: the tensor cannot be filled as asked.
        """
        if sizes:
            check_call(_USAGE, 2, tensor, generator, *sizes)
        if is_traced(tensor):
            return fill_traced(self, tensor, generator, name)
        return self.fill(tensor, generator, name)

    def fill(
        self, tensor: torch.Tensor, generator: torch.Generator | None, name: str | None
    ) -> torch.Tensor:
        """Fill a tensor that holds its elements; `__call__` also takes those of traced programs."""
        try:
            kind = check_target(tensor)
        except TargetError:
            check_call(_USAGE, 2, tensor, generator)
            raise
        if tensor.ndim == 1:  # most are not, and a call costs
            check_whole(tensor, self.spec.distribution.name() == "constant")
        if generator is not None:
            check_generator(generator, tensor)
            if self.seed is not None:
                raise TargetError(
                    f"generator together with seed={self.seed}: a seed is all that a portable draw "
                    "takes; leave one of them out"
                )
        name = self.name if name is None else check_name(name)
        resolved = resolve(self.spec, tensor.shape, self.axes, OUT_IN, kind)
        if without_data(tensor):
            return tensor
        if not resolved.layout.size:
            warn_of_nothing(tensor)
            return tensor
        memory = own_memory(tensor)
        if self.seed is not None:
            if self.spec.distribution.random:
                self.names.note(self.spec, self.seed, name, filled(tensor))
            with torch.no_grad():
                fill(memory, resolved, kind, self.seed, name)
        else:
            primitives = DTensorPrimitives if is_distributed(tensor) else TorchPrimitives
            with torch.no_grad():
                resolved.sample(primitives(resolved.layout, kind, memory, generator))
        if memory is not tensor:
            copy_home(tensor, memory)
        return tensor
