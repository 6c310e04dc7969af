"""What makes the values of a draw: machine code where there is one, else NumPy; the bits are equal.

`INITSPEC_KERNEL` says which: "llvm" or "numpy".
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from initspec.dtypes import FLOATS, numpy_dtype
from initspec.errors import BackendError, TargetError
from initspec.stream.inversion import DOUBLE, SINGLE, Lines, Sampler, Scratch, Width, evaluate
from initspec.stream.tiles import Tile
from initspec.stream.words import Generator, Numbers, Stream

KERNEL = "INITSPEC_KERNEL"
"""The environment variable that says what draws; unset, machine code where there is one."""


def draw_tile(stream: Stream, sampler: Sampler, tile: Tile) -> bool:
    """Write a tile by machine code; return False, with nothing done, where there is none.

    Raises:
        TargetError: the environment variable has another value than these two.
        BackendError: it asks for machine code, and there is none.
    """
    target = tile.target
    members, starts, length = tile.runs()
    if target.flags.c_contiguous:
        return draw_runs(stream, sampler, members, starts, target.reshape(len(starts), length))
    # Where neighbours in memory are of different runs, a strip of runs is written at a time.
    wide = [axis for axis, size in enumerate(target.shape) if size > 1]
    nearest = min(wide, key=lambda axis: abs(target.strides[axis]))
    inputs = sum(len(tile.layout.role(role)) for role in ("stack", "out"))
    inner = min(max(tile.inner, nearest + 1 if nearest < inputs else inputs), target.ndim - 1)
    rows, columns = tile.places(inner)
    scattered = bool((np.diff(columns) != target.itemsize).any())
    code = _code(sampler, target, scattered)
    if code is None:
        return False
    consecutive = scattered and bool((np.diff(rows) == target.itemsize).all())
    where = (columns, consecutive) if scattered else ()
    _run(code, stream, sampler.lines, tile.runs(inner), target, rows, *where)
    return True


def draw_runs(
    stream: Stream, sampler: Sampler, members: Numbers, starts: Numbers, out: NDArray[Any]
) -> bool:
    """Fill [runs, length] by machine code; return False, with nothing done, where there is none.

    Args:
        stream: the random words.
        sampler: the map from bits to values.
        members: the stack member of each run.
        starts: the first number of each run.
        out: contiguous memory of a dtype to which the sampler's values are rounded.

    Raises:
        TargetError, BackendError: as `draw_tile`.
    """
    code = _code(sampler, out, scattered=False)
    if code is None:
        return False
    rows = np.arange(len(out)) * out.strides[0]
    _run(code, stream, sampler.lines, (members, starts, out.shape[1]), out, rows)
    return True


def is_compiled(sampler: Sampler, out: NDArray[Any]) -> bool:
    """Return whether machine code draws such values into such memory.

    Raises:
        TargetError, BackendError: as `draw_tile`.
    """
    return _code(sampler, out, scattered=False) is not None


def why_numpy() -> str | None:
    """Return why NumPy makes the values, None where machine code does.

    Raises:
        TargetError, BackendError: as `draw_runs`.
    """
    name = os.environ.get(KERNEL)
    if name == "numpy":
        return f"{KERNEL}=numpy"
    _chosen(name, SINGLE, np.dtype(np.float32), True, False)
    made = _made(SINGLE, "float32", True, False)
    return made if isinstance(made, str) else None


def _code(sampler: Sampler, out: NDArray[Any], scattered: bool) -> Callable[..., None] | None:
    if not out.flags.aligned:  # machine code expects every element at a multiple of its size
        return None
    straight = sampler.lines.at_zero is None
    return _chosen(os.environ.get(KERNEL), sampler.width, out.dtype, straight, scattered)


@cache
def _chosen(
    name: str | None, width: Width, dtype: np.dtype[Any], straight: bool, scattered: bool
) -> Callable[..., None] | None:
    if name == "numpy":
        return None
    if name not in (None, "llvm"):
        raise TargetError(f"{KERNEL}={name!r}: set it to llvm or numpy, or not at all")
    made = _made(width, dtype.name, straight, scattered)  # whose name NumPy makes anew each time
    if not isinstance(made, str):
        return made
    if name == "llvm" and "does not round" not in made:
        raise BackendError(f"{KERNEL}=llvm: {made}; or unset {KERNEL}")
    return None


@cache
def _made(width: Width, dtype: str, straight: bool, scattered: bool) -> Callable[..., None] | str:
    """Return machine code that draws the bits that NumPy does, or why there is none."""
    try:
        from initspec.stream.machine_code import machine_code

        code = machine_code(width, dtype, not straight, scattered)
    except ImportError:
        return "llvmlite is not installed; pip install 'initspec[fast]'"
    except Exception as error:  # whatever LLVM or an old version of it finds
        return f"llvmlite cannot be used: {type(error).__name__}: {error}"
    if code is None:
        return f"this processor does not round to {dtype}"
    right = _equal(code, width, dtype, straight, scattered)
    return code if right else "its machine code draws other bits"


def _run(
    code: Callable[..., None],
    stream: Stream,
    lines: Lines,
    runs: tuple[Numbers, Numbers, int],
    out: NDArray[Any],
    rows: Numbers,
    columns: Numbers | None = None,
    consecutive: bool = False,
) -> None:
    members, starts = (np.ascontiguousarray(numbers) for numbers in runs[:2])
    at_zero = 0 if lines.at_zero is None else _address(lines.at_zero)
    lower = 0.0 if lines.lower is None else lines.lower
    scattered = () if columns is None else (_address(columns), consecutive)
    code(
        *(_address(out), len(starts), runs[2], _address(members), _address(starts), _address(rows)),
        *(*stream.origin, at_zero, _address(lines.slope)),
        *(lines.mean, lines.low, lines.high, lower, lines.leaves, *scattered),
    )


def _address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])


def _equal(
    code: Callable[..., None], width: Width, dtype: str, straight: bool, scattered: bool
) -> bool:
    """Return whether machine code draws the bits that NumPy does, on lines of any numbers."""
    stream, members, starts = Stream(0, "kernel", True), np.arange(20), np.arange(20) * 51
    count = 1100  # more than a block of random words
    at_zero = np.arange(2 * width.sign, dtype=width.real) / width.real(width.sign)
    tiny = width.real(2.0 ** (1 - width.bits))
    mean, low, high, lower = map(width.real, (0.3, 0.4, 1.9, 2.0**-3))
    slope = np.array(tiny) if straight else (at_zero + mean) * tiny
    lines = Lines(mean, None if straight else at_zero, slope, low, high, lower, True)
    words = stream.words if width is DOUBLE else stream.halves
    bits = words(Generator(), members, starts, count).reshape(-1)
    values = np.empty((len(starts), count), width.real)
    evaluate(lines, width, bits, values, Scratch(values.size))
    expected = values.astype(numpy_dtype(FLOATS[dtype]))
    runs = members, starts, count

    def equal(order: Literal["C", "F"], *columns: Any) -> bool:
        drawn = np.zeros_like(expected, order=order)
        rows = np.arange(len(starts)) * drawn.strides[0]
        where = (np.arange(count) * drawn.strides[1], *columns) if columns else ()
        _run(code, stream, lines, runs, drawn, rows, *where)
        return drawn.tobytes() == expected.tobytes()

    return equal("F", True) and equal("F", False) and equal("C", False) if scattered else equal("C")
