"""Rows that need NumPy alone: the portable stream by itself, and the memory of native draws."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from benchmarks.measure.memory import FAMILIES, SEEDED
from initspec import InitSpec
from initspec.dtypes import FLOATS, numpy_dtype
from initspec.stream.draw import fill

FLOAT32 = FLOATS["float32"]


def portable(shape, out, index=None, threads=None, axes=None, kind=FLOAT32):
    """Return a call that draws normals, or a block of them, into memory that has been touched."""
    resolved = InitSpec.normal().resolve(shape, axes)
    out.fill(0)
    return lambda: fill(resolved, kind, 7, "w", out, index, threads)


def test_shard(bench):
    """An eighth of the rows, as Shard(0) over eight processes, against the whole."""
    side = bench.size(4096)
    whole = np.empty((side, side), np.float32)
    rows = slice(side // 8, side // 4)
    eighth = portable(whole.shape, np.empty((side // 8, side), np.float32), (rows, slice(None)))
    bench.ratio("portable-shard", eighth, portable(whole.shape, whole))


def test_threads(bench):
    """Two threads against one."""
    side = bench.size(4096)
    one, two = (
        portable((side, side), np.empty((side, side), np.float32), threads=threads)
        for threads in (1, 2)
    )
    bench.ratio("portable-threads", two, one)


def test_transposed(bench, kernel):
    """The weight of a framework that puts inputs first, against its transpose."""
    side = bench.size(4096)
    turned, straight = (
        portable((side, side), np.empty((side, side), np.float32), axes=axes)
        for axes in ("in out", "out in")
    )
    bench.ratio(f"portable{kernel}-transposed", turned, straight)


def test_table(bench):
    """The embedding of GPT-2, each row a member of a stack, against the same as one matrix."""
    shape = (bench.size(50257), bench.size(768))
    rows, matrix = (
        portable(shape, np.empty(shape, np.float32), axes=axes) for axes in ("stack out", "out in")
    )
    bench.ratio("portable-table", rows, matrix)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_halves(bench, dtype):
    """16 bits against 32."""
    shape, kind = (bench.size(4096),) * 2, FLOATS[dtype]
    halves = portable(shape, np.empty(shape, numpy_dtype(kind)), kind=kind)
    bench.ratio(f"portable-{dtype}", halves, portable(shape, np.empty(shape, np.float32)))


def test_small(bench, kernel):
    """A draw of 16 x 16, the checks and the array included."""
    init, numbers = InitSpec.he_normal().to_numpy(seed=7), itertools.count()
    bench.microseconds(f"portable{kernel}-small", lambda: init((16, 16), name=f"w{next(numbers)}"))


def test_first(bench):
    """What the first draw of a process takes longer than the second: it is compiled."""
    bench.process("portable-first", "numpy", "benchmarks.measure.first", unit=10**6)


@pytest.mark.parametrize(("mark", "threads"), [("", None), ("-alone", 1)])
def test_linear(bench, mark, threads):
    """The portable draw from 2^16 to 2^28 elements, a factor of 4 at a time."""
    logs = range(16, bench.size(28, 20) + 1, 2)
    memory = np.empty(1 << logs[-1], np.float32)
    calls = {}
    for log in logs:
        shape = (1 << log // 2, 1 << log // 2)
        out = memory[: 1 << log].reshape(shape)
        calls[log] = (1 << log, portable(shape, out, threads=threads))
    label = "portable normal, one thread" if threads else "portable normal"
    bench.sweep(f"portable{mark}", label, calls, row=f"portable-linear{mark}")


@pytest.mark.parametrize("family", FAMILIES)
def test_native_memory(bench, family):
    """What a native draw allocates beyond NumPy's own, by tracemalloc."""
    bench.memory(f"native-memory-numpy-{family}", "numpy", family, bench.size(26, 16))


def test_portable_memory(bench):
    """What a portable draw allocates beyond the result, by tracemalloc."""
    bench.memory("portable-memory-numpy", "numpy", SEEDED, bench.size(28, 16), 1 << 20)
