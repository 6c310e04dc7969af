"""Portable draws: the weight of a resolved spec, or a block of it, from a seed and a name.

The bits are the same on every machine, for any number of threads and any division into blocks,
except for the orthogonal families, whose last bits depend on LAPACK. `docs/portable-stream.md` is
the standard.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec.axes.layout import Layout
from initspec.distributions.primitives import Entries, Primitives, Repetition
from initspec.dtypes import FloatType, numpy_dtype
from initspec.errors import ShapeError, TargetError
from initspec.spec.resolve import Resolved
from initspec.stream.elementwise import Variates, normal
from initspec.stream.inversion import DOUBLE, SINGLE, Sampler, TruncatedNormal, Uniform
from initspec.stream.kernel import is_compiled
from initspec.stream.key import VALUES, ZEROS, check_name, check_seed
from initspec.stream.logical import Logical, Transposed
from initspec.stream.mapped import Mapped, Step
from initspec.stream.parts import parts
from initspec.stream.structured import Computed, Eye, Haar, Kept, Repeated, Tap
from initspec.stream.threads import share, threads_of, work, worker
from initspec.stream.tiles import Range, tiles
from initspec.stream.words import Stream

_LEAST = 1 << 16  # fewer elements are not worth a thread: short NumPy calls wait for the GIL
_LEAST_OF_CODE = 1 << 18  # machine code draws as many in the time in which a thread starts to
_SHORT = 1 << 12
"""Runs of fewer elements NumPy draws on one thread: of its generator they take so many calls that
the threads would wait for Python's lock most of the time, and take longer together than one."""
_LARGEST = 1 << 62


def draw(
    resolved: Resolved,
    kind: FloatType,
    seed: int,
    name: str,
    index: tuple[slice, ...] | None = None,
) -> NDArray[Any]:
    """Return a new array: the weight, or the block `index` of it; see `fill`."""
    ranges = ranges_of(resolved.layout.shape, index)
    out = np.empty([stop - start for start, stop in ranges], numpy_dtype(kind))
    fill(resolved, kind, seed, name, out, index)
    return out


def fill(
    resolved: Resolved,
    kind: FloatType,
    seed: int,
    name: str,
    out: NDArray[Any],
    index: tuple[slice, ...] | None = None,
    threads: int | None = None,
) -> None:
    """Write the weight, or a block of it, into memory.

    Args:
        resolved: the spec resolved on the whole weight.
        kind: the weight's dtype.
        seed: 0 to 2^64 - 1.
        name: the parameter's name.
        out: the memory to write: the block's shape, in the weight's own axes, of dtype `kind`
            (bfloat16 from ml_dtypes); any strides.
        index: a slice for each axis, step 1, within the shape; None for the whole weight.
        threads: the number of threads; None takes INITSPEC_THREADS, else a processor
            each, up to 4.

    Raises:
        SeedError: the seed is not an integer from 0 to 2^64 - 1, or the name not a str.
        TargetError: the index does not lie within the shape, or `out` does not fit it.
        ShapeError: the weight has more than 2^62 elements.
    """
    seed, name = check_seed(seed), check_name(name)
    layout = resolved.layout
    ranges = ranges_of(layout.shape, index)
    shape = tuple(stop - start for start, stop in ranges)
    if out.shape != shape or out.dtype != numpy_dtype(kind):
        raise TargetError(
            f"out is {out.dtype} of the shape {out.shape}: pass {kind.name} of the shape {shape}"
        )
    check_writeable(out)
    if layout.size > _LARGEST:
        raise ShapeError(
            f"the shape {layout.shape} has more than 2^62 elements: pass a smaller one"
        )
    count = threads_of(threads)
    if not out.size:
        return
    blocks = parts(resolved, ranges, out) if resolved.parts else [(resolved, ranges, out)]
    for part, block, memory in blocks:
        part.distribution.sample(
            part, _Portable(part.layout, kind, seed, name, memory, block, count)
        )


def check_writeable(out: NDArray[Any]) -> None:
    """Raise TargetError for memory that is read-only: machine code would write to it even so."""
    if not out.flags.writeable:
        raise TargetError("out is read-only: pass memory that can be written, such as out.copy()")


def compute(
    entries: Entries,
    layout: Layout,
    kind: FloatType,
    out: NDArray[Any] | None = None,
    index: tuple[slice, ...] | None = None,
) -> NDArray[Any]:
    """Return the weight whose entries are a function of their places, or a block of it.

    Args:
        entries: see `initspec.distributions.primitives.Entries`.
        layout: the whole weight's.
        kind: the weight's dtype.
        out: the memory to write, as for `fill`; None makes a new array.
        index: a slice for each axis; None for the whole weight.
    """
    ranges = ranges_of(layout.shape, index)
    if out is None:
        out = np.empty([stop - start for start, stop in ranges], numpy_dtype(kind))
    if out.size:
        _Portable(layout, kind, 0, "", out, ranges, threads_of(None)).computed(entries)
    return out


def ranges_of(shape: tuple[int, ...], index: tuple[slice, ...] | None) -> tuple[Range, ...]:
    """Return the first and the end along each axis.

    Raises:
        TargetError: a slice is missing, stepped, negative or out of range.
    """
    if index is None:
        return tuple((0, size) for size in shape)
    if not isinstance(index, tuple) or len(index) != len(shape):
        raise TargetError(
            f"index={index!r} of the shape {shape}: pass a tuple of {len(shape)} slices, one for "
            "each axis, such as (slice(0, 4), slice(None))"
        )
    return tuple(
        _range(i, part, size) for i, (part, size) in enumerate(zip(index, shape, strict=True))
    )


def _range(axis: int, part: object, size: int) -> Range:
    remedy = f"pass slice(start, stop) with 0 <= start <= stop <= {size}"
    if not isinstance(part, slice):
        raise TargetError(f"index {part!r} of axis {axis}: {remedy}")
    try:
        start = 0 if part.start is None else part.start.__index__()
        stop = size if part.stop is None else part.stop.__index__()
        step = 1 if part.step is None else part.step.__index__()
    except AttributeError:
        raise TargetError(f"index {part!r} of axis {axis} holds no integers: {remedy}") from None
    if step != 1:
        raise TargetError(f"index {part!r} of axis {axis} has a step: {remedy}, and no step")
    if not 0 <= start <= stop <= size:
        raise TargetError(f"index {part!r} lies outside axis {axis} of size {size}: {remedy}")
    return start, stop


class _Portable:
    """`initspec.distributions.primitives.Primitives` on the portable stream, into given memory."""

    def __init__(
        self,
        layout: Layout,
        kind: FloatType,
        seed: int,
        name: str,
        out: NDArray[Any],
        ranges: tuple[Range, ...],
        threads: int,
    ) -> None:
        self._layout, self._kind, self._out, self._ranges = layout, kind, out, ranges
        self._seed, self._name, self._threads = seed, name, threads
        self._width = DOUBLE if kind.name == "float64" else SINGLE
        self._steps: tuple[Step, ...] = ()

    def mapped(self, through: str, low: float, high: float) -> _Portable:
        operations = copy.copy(self)
        operations._steps = (Step(through, low, high), *self._steps)
        return operations

    def full(self, value: float) -> None:
        self._out[...] = self._width.real(value)

    def normal(self, mean: float, std: float) -> Any:
        return self.weight(self._variates(normal(mean, std, self._width)))

    def uniform(self, low: float, high: float) -> Any:
        return self.weight(self._variates(Uniform(low, high, self._width)))

    def truncated_normal(self, mean: float, std: float, lower: float, upper: float) -> Any:
        return self.weight(self._variates(TruncatedNormal(mean, std, lower, upper, self._width)))

    def computed(self, entries: Entries) -> Any:
        return self.weight(Computed(entries))

    def haar(self, stack: int, rows: int, columns: int) -> Logical:
        return Haar(self._stream(), rows, columns)

    def eye(self, stack: int, rows: int, columns: int) -> Logical:
        return Eye()

    def normals(self, stack: int, rows: int, columns: int, std: float) -> Logical:
        return self._variates(normal(0.0, std, self._width), columns)

    def sparse(self, stack: int, rows: int, columns: int, kept: int, std: float) -> Logical:
        values = self._variates(normal(0.0, std, self._width), columns)
        return Kept(values, self._stream(ZEROS), kept, self._kind.smallest)

    def repeated(self, repetition: Repetition, sample: Callable[[Primitives], Any]) -> None:
        drawn = _Lazy(repetition.layout, self._kind, self._seed, self._name, self._out, (), 1)
        self.weight(Repeated(sample(drawn), repetition))

    def transpose(self, matrix: Logical) -> Logical:
        return Transposed(matrix)

    def at(self, matrix: Logical, tap: int, taps: int) -> Logical:
        return Tap(matrix, tap, taps)

    def weight(self, logical: Logical) -> Any:
        size, layout = self._out.size, self._layout
        fast = type(logical) is Variates and is_compiled(logical.sampler, self._out)
        least = _LEAST_OF_CODE if fast else _LEAST
        threads = 1 if logical.serial or size < 2 * least else self._threads
        whole = size == layout.size and (threads == 1 if fast else size < 2 * _LEAST)
        in_place = layout.in_order and self._out.flags.c_contiguous
        if isinstance(logical, Variates) and whole and (in_place or not fast):
            with worker() as lent:
                logical.write_whole(lent, layout, self._out)
            return
        # In its own place machine code needs no memory, so that one thread needs one tile.
        most = max(_LEAST, -(-size // (2 * threads)))
        most = size if fast and threads == 1 and in_place else min(most, logical.largest)
        cut = tiles(layout, self._ranges, self._out, most, logical.whole, one_member=logical.alone)
        if threads == 1:
            work(logical, cut)
            return
        first = next(cut)
        cut = itertools.chain((first,), cut)
        if first.runs()[-1] < _SHORT and not fast:
            work(logical, cut)
        else:
            share(logical, cut, threads)

    def _stream(self, purpose: int = VALUES) -> Stream:
        return Stream(self._seed, self._name, "stack" in self._layout.roles, purpose)

    def _variates(self, sampler: Sampler, entries: int = 0) -> Variates:
        columns = self._layout.columns
        if self._steps:
            return Mapped(self._stream(), sampler, columns, entries, self._steps)
        return Variates(self._stream(), sampler, columns, entries)


class _Lazy(_Portable):
    """The same for a weight that another repeats: nothing is written."""

    def weight(self, logical: Logical) -> Logical:
        return logical
