"""The drawing operations of PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy

import torch

from initspec.backend import (
    Entries,
    FloatType,
    Layout,
    Part,
    Primitives,
    Repetition,
    UnequalLayout,
    compute,
)
from initspec_torch.blocks import LARGE, SERIAL, at_once, blocks, in_memory_order, normal_, zeros
from initspec_torch.haar import haar
from initspec_torch.host import write
from initspec_torch.mapped import Fill, passed, step
from initspec_torch.ranges import uniform_ends
from initspec_torch.subsets import subsets
from initspec_torch.truncated import LEAST_REDRAWN, truncated_normal


class TorchPrimitives:
    """`Primitives` on one tensor, which every weight is written to.

    Draws are made in float32, or in float64 for a float64 weight, and cast once: torch's own
    half-precision draws take their random bits from the result's few. Normal draws on CUDA do not.
    """

    def __init__(
        self,
        layout: Layout,
        kind: FloatType,
        target: torch.Tensor,
        generator: torch.Generator | None,
    ) -> None:
        self._layout = layout
        self._kind = kind
        self._target = target
        self._generator = generator
        self._working = torch.float64 if kind.name == "float64" else torch.float32
        self._steps: tuple[Fill, ...] = ()

    def full(self, value: float) -> torch.Tensor:
        return self._target.fill_(value)

    def normal(self, mean: float, std: float) -> torch.Tensor:
        if self._target.is_cuda and not self._steps:  # drawn in float32 there, and rounded once
            return self._target.normal_(mean, std, generator=self._generator)
        return self._fill(lambda x: normal_(x, mean, std, self._generator), serial=True)

    def uniform(self, low: float, high: float) -> torch.Tensor:
        start, end = uniform_ends(low, high, self._working)
        return self._fill(lambda x: x.uniform_(start, end, generator=self._generator), serial=True)

    def truncated_normal(self, mean: float, std: float, lower: float, upper: float) -> torch.Tensor:
        redrawn = LEAST_REDRAWN.get(self._target.device.type, LEAST_REDRAWN["cpu"])
        return self._fill(
            truncated_normal(mean, std, lower, upper, self._working, self._generator, redrawn)
        )

    def computed(self, entries: Entries) -> torch.Tensor:
        layout, kind = self._layout, self._kind
        write(self._target, kind, lambda out: compute(entries, layout, kind, out))
        return self._target

    def haar(self, stack: int, rows: int, columns: int) -> torch.Tensor:
        shape = (stack, rows, columns)
        return haar(shape, self._working, self._target.device, self._generator)

    def eye(self, stack: int, rows: int, columns: int) -> torch.Tensor:
        matrix = torch.eye(rows, columns, dtype=self._working, device=self._target.device)
        return matrix.expand(stack, rows, columns)

    def normals(self, stack: int, rows: int, columns: int, std: float) -> torch.Tensor:
        shape, device = (stack, rows, columns), self._target.device
        values = torch.empty(shape, dtype=self._working, device=device)
        normal_(values.view(-1), 0.0, std, self._generator)
        return values

    def sparse(self, stack: int, rows: int, columns: int, kept: int, std: float) -> torch.Tensor:
        device, generator = self._target.device, self._generator
        matrix = zeros(stack * rows, columns, self._working, device)
        for part in matrix.split(max(1, at_once(SERIAL, device) // max(1, kept))):
            chosen = subsets(len(part), columns, kept, device, generator)
            values = part.new_empty(len(part) * kept).normal_(0.0, std, generator=generator)
            values = values.abs().clamp_(min=self._kind.smallest).copysign_(values)
            part.masked_scatter_(chosen, values)
        return matrix.view(stack, rows, columns)

    def repeated(
        self, repetition: Repetition, sample: Callable[[Primitives], torch.Tensor]
    ) -> torch.Tensor:
        layout, place = repetition.layout, repetition.place
        target = torch.empty(layout.shape, dtype=self._target.dtype, device=self._target.device)
        sample(TorchPrimitives(layout, self._kind, target, self._generator))
        sizes = [layout.stack, layout.out, layout.columns]
        each = target.view(sizes).unsqueeze(place)
        sizes.insert(place, repetition.times)
        return self.weight(each.expand(sizes))

    def transpose(self, matrix: torch.Tensor) -> torch.Tensor:
        return matrix.mT

    def at(self, matrix: torch.Tensor, tap: int, taps: int) -> torch.Tensor:
        kernel = matrix.new_zeros((*matrix.shape, taps))
        kernel[..., tap] = matrix
        return kernel.flatten(-2)

    def weight(self, logical: torch.Tensor) -> torch.Tensor:
        layout = self._layout
        if layout.in_order:
            return self._target.copy_(logical.reshape(layout.shape))
        # Splitting axes is a view of any tensor, joining them is not: so the target is split.
        home = logical.reshape(layout.ordered).permute(layout.inverse)
        self._target.view(layout.sizes).copy_(home)
        return self._target

    def part(self, part: Part) -> TorchPrimitives:
        layout = self._layout
        assert isinstance(layout, UnequalLayout)
        cut = self._target.view(layout.cut)
        target = cut.narrow(layout.axis, part.start, part.stop - part.start)
        return TorchPrimitives(part.layout, self._kind, target, self._generator)

    def join(self, parts: list[torch.Tensor]) -> torch.Tensor:
        return self._target

    def mapped(self, through: str, low: float, high: float) -> TorchPrimitives:
        primitives = copy(self)
        primitives._steps = (step(through, low, high, self._working), *self._steps)
        return primitives

    def _fill(self, fill: Fill, serial: bool = False) -> torch.Tensor:
        """Fill the target by `fill`, which takes contiguous tensors of the working dtype.

        `serial` is a fill of one operation, which torch runs on one thread: a cast keeps to it.
        """
        if self._steps:
            fill, serial = passed(fill, self._steps), False
        ordered = in_memory_order(self._target)
        direct = ordered.dtype == self._working and ordered.ndim == 1 and ordered.is_contiguous()
        if direct and serial:
            fill(ordered)
            return self._target
        size = at_once(SERIAL if serial else LARGE, ordered.device)
        if not direct:  # temporaries of float32 and float64 stay below a weight of 16 bits
            size = min(size, max(at_once(SERIAL, ordered.device), ordered.numel() // 8))
        scratch = None
        for block in blocks(ordered, size):
            if direct:
                fill(block)
                continue
            if scratch is None or scratch.numel() < block.numel():
                scratch = torch.empty(block.numel(), dtype=self._working, device=block.device)
            values = scratch[: block.numel()]
            fill(values)
            block.copy_(values.view(block.shape))
        return self._target
