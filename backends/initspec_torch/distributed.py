"""DTensors: tensors whose elements lie on several processes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray

from initspec.backend import (
    Axes,
    Entries,
    Part,
    Repetition,
    TargetError,
    UnequalLayout,
    compute,
    float_type,
    resolve,
)
from initspec_torch.host import write
from initspec_torch.mapped import Fill, passed
from initspec_torch.primitives import TorchPrimitives
from initspec_torch.truncated import NEVER, truncated_normal

if TYPE_CHECKING:
    from initspec.backend import Spec


def is_distributed(tensor: torch.Tensor) -> bool:
    """Say whether `tensor` is a DTensor, without importing torch.distributed for it."""
    module = sys.modules.get("torch.distributed.tensor")
    return module is not None and isinstance(tensor, module.DTensor)


def check_distributed(tensor: Any) -> None:
    """Raise TargetError for a DTensor whose local values are not the weights themselves."""
    if any(placement.is_partial() for placement in tensor.placements):
        raise TargetError(
            f"a DTensor with placements {tensor.placements}: a partial one holds summands, not "
            "weights; redistribute it to Shard or Replicate first"
        )


def local_block(tensor: Any) -> tuple[torch.Tensor, tuple[slice, ...]]:
    """Return this process' part of a DTensor, and which block of the whole it is.

    Raises:
        TargetError: the part is no block.
    """
    # The one place with the order of nested shards (FSDP over tensor parallel); distributed
    # checkpoints rest on it too.
    from torch.distributed.tensor._utils import compute_local_shape_and_global_offset

    shape, offset = compute_local_shape_and_global_offset(
        tensor.shape, tensor.device_mesh, tensor.placements
    )
    # An empty part of an uneven shard may have an offset beyond the end.
    starts = [min(start, size) for start, size in zip(offset, tensor.shape, strict=True)]
    index = tuple(slice(start, start + size) for start, size in zip(starts, shape, strict=True))
    _check_block(tensor, index)
    return tensor.to_local(), index


def check_parts(tensor: Any, spec: Spec, axes: Axes, seed: int | None) -> None:
    """Raise TargetError where no process could draw its part of a DTensor."""
    if seed is not None or spec.distribution.computed:
        local_block(tensor)
        if seed is not None:
            return
    kind = float_type(tensor.dtype)
    resolved = resolve(spec, tensor.shape, axes, kind=kind)
    primitives = DTensorPrimitives(resolved.layout, kind, tensor, None)
    matrices = bool(spec.distribution.needs_axes) and not spec.distribution.computed
    if matrices or isinstance(resolved.layout, UnequalLayout):
        primitives._needs_seed()
    if spec.distribution.random:
        primitives._check_generators()


def _check_block(tensor: Any, index: tuple[slice, ...]) -> None:
    """Raise TargetError where this process' part is not the block `index` of the whole.

    FSDP over tensor parallel shards one axis twice, the inner mesh axis first, which torch writes
    as a strided shard: the axis is cut into `split_factor` pieces, and each piece over the mesh
    axis. Together with the inner shard that makes a block; other strided shards need not.
    """
    mesh, placements = tensor.device_mesh, tensor.placements
    for axis in {placement.dim for placement in placements if hasattr(placement, "split_factor")}:
        numbers = np.arange(tensor.shape[axis])
        for placement, place, parts in zip(
            placements, mesh.get_coordinate(), mesh.shape, strict=True
        ):
            if getattr(placement, "dim", None) == axis:
                pieces = getattr(placement, "split_factor", 1)
                numbers = np.concatenate(
                    [_part(_part(numbers, i, pieces), place, parts) for i in range(pieces)]
                )
        if not np.array_equal(numbers, np.arange(index[axis].start, index[axis].stop)):
            raise TargetError(
                f"a DTensor with placements {placements}, of which this process has no block of "
                "neighbours; redistribute it to Shard or Replicate first"
            )


def _part(numbers: NDArray[np.int64], place: int, parts: int) -> NDArray[np.int64]:
    """Return one of the parts that torch.chunk makes, which may be empty."""
    size = -(-len(numbers) // parts)
    return numbers[place * size : (place + 1) * size]


class DTensorPrimitives(TorchPrimitives):
    """The elementwise families on a DTensor, by torch's own sharded in-place draws.

    Where all processes have one seed, torch gives replicas equal numbers and shards their own, on
    devices whose generator it can move by an offset. The CPU's it cannot: there shards are equal,
    and replicas differ where seeds do (https://github.com/pytorch/pytorch/issues/168058). The
    other families need the whole matrix on every process, which only a draw that each process
    can repeat gives.
    """

    def normal(self, mean: float, std: float) -> torch.Tensor:
        self._check_generators()
        return super().normal(mean, std)

    def uniform(self, low: float, high: float) -> torch.Tensor:
        self._check_generators()
        return super().uniform(low, high)

    def _fill(self, fill: Fill, serial: bool = False) -> torch.Tensor:
        if self._steps:
            fill = passed(fill, self._steps)
        # Whole, because a flat view of a shard is no view of the tensor.
        if self._target.dtype == self._working:
            fill(self._target)
            return self._target
        values = torch.empty_like(self._target, dtype=self._working)
        fill(values)
        return self._target.copy_(values)

    def truncated_normal(self, mean: float, std: float, lower: float, upper: float) -> torch.Tensor:
        self._check_generators()
        return self._fill(
            truncated_normal(mean, std, lower, upper, self._working, self._generator, NEVER)
        )

    def computed(self, entries: Entries) -> torch.Tensor:
        local, index = local_block(self._target)
        layout, kind = self._layout, self._kind
        write(local, kind, lambda out: compute(entries, layout, kind, out, index))
        return self._target

    def sparse(self, stack: int, rows: int, columns: int, kept: int, std: float) -> NoReturn:
        self._needs_seed()

    def haar(self, stack: int, rows: int, columns: int) -> NoReturn:
        self._needs_seed()

    def eye(self, stack: int, rows: int, columns: int) -> NoReturn:
        self._needs_seed()

    def repeated(self, repetition: Repetition, sample: Any) -> NoReturn:
        self._needs_seed()

    def part(self, part: Part) -> NoReturn:
        self._needs_seed()

    def _check_generators(self) -> None:
        """Raise TargetError where torch would draw the same for two shards."""
        mesh = self._target.device_mesh
        offsets = hasattr(torch.get_device_module(mesh.device_type), "set_rng_state")
        if mesh.size() > 1 and not offsets:
            raise TargetError(
                f"a DTensor on a mesh of {mesh.size()} {mesh.device_type} processes, whose "
                "generators torch does not keep apart: draw with `seed`, so that each process "
                "draws its own part of one weight; or initialize a plain tensor and hand it to "
                "distribute_tensor"
            )

    def _needs_seed(self) -> NoReturn:
        raise TargetError(
            f"a DTensor of shape {tuple(self._target.shape)}, and a weight that is drawn by "
            "whole matrices: it needs `seed`, so that every process draws the same; or initialize "
            "a plain tensor and hand it to distribute_tensor"
        )
