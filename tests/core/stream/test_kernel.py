"""Machine code draws the bits that NumPy draws, everywhere; where there is none, NumPy does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initspec import InitSpec
from initspec.dtypes import FLOATS, float_type, numpy_dtype
from initspec.errors import BackendError, TargetError
from initspec.stream import kernel
from initspec.stream.draw import fill
from initspec.stream.inversion import DOUBLE, SINGLE

llvm = pytest.importorskip("llvmlite.binding", reason="machine code needs llvmlite")

LINES = [
    "normal(std=0.02)",
    "normal(std=1.5, mean=3.0)",
    "normal(std=1e-30)",
    "uniform(low=-1.0, high=1.0)",
    "uniform(low=0.1, high=0.3)",
    "uniform(low=1e-25, high=3e-25)",
    "truncated_normal(std=0.02)",
    "truncated_normal(std=0.3, mean=1.0, lower=0.5, upper=4.0, corrected=False)",
    "sparse(sparsity=0.6)",
    "orthogonal",
]
LAYOUTS = {
    "out in": (37, 53),
    "in out": (61, 70),
    "stack out": (90, 31),
    "kernel kernel in out": (3, 3, 17, 67),
    "(stack=3 out) in kernel": (3 * 9, 13, 5),
    "kernel kernel stack out": (3, 3, 70, 2),
    "in (stack out=40+30)": (19, 70),
}


@pytest.fixture(autouse=True)
def _machine_code(monkeypatch):
    """Machine code or an error: none of these tests is passed by NumPy alone."""
    monkeypatch.setenv(kernel.KERNEL, "llvm")


def drawn(name, resolved, kind, seed, parameter, out, index=None, threads=1):
    """Return the bytes of a draw by one kernel."""
    os.environ[kernel.KERNEL] = name
    fill(resolved, kind, seed, parameter, out, index, threads)
    return np.ascontiguousarray(out).tobytes()


@settings(max_examples=150, deadline=None)
@given(
    line=st.sampled_from(LINES),
    axes=st.sampled_from([*LAYOUTS]),
    dtype=st.sampled_from([*FLOATS]),
    seed=st.integers(0, 2**64 - 1),
    parameter=st.sampled_from(["", "w", "w[3]", "h.0.attn", "가중치"]),
    data=st.data(),
)
def test_bits_are_equal(line, axes, dtype, seed, parameter, data):
    """Specs, layouts, dtypes, seeds, names, blocks and memory of any order."""
    spec, kind, shape = InitSpec.parse(line), float_type(dtype), LAYOUTS[axes]
    if dtype == "float16" and "e-" in line.partition("(")[2]:
        kind = float_type("float32")
    resolved = spec.resolve(shape, axes)
    index = tuple(
        slice(*sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))) for n in shape
    )
    block = tuple(part.stop - part.start for part in index)
    order = data.draw(st.sampled_from("CF"))
    gap = data.draw(st.integers(0, 2))  # the block may be a view of wider memory
    both = []
    for name in ("numpy", "llvm"):
        memory = np.zeros(tuple(n + gap for n in block), numpy_dtype(kind), order)
        out = memory[tuple(slice(0, n) for n in block)]
        both.append(drawn(name, resolved, kind, seed, parameter, out, index))
        rest = memory.copy()
        rest[tuple(slice(0, n) for n in block)] = 0
        assert not rest.any()  # nothing is written beside the block
    assert both[0] == both[1]


@pytest.mark.parametrize("axes", ["out in", "in out"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "float16"])
def test_large_weights_on_several_threads(axes, dtype):
    """Tiles of several threads, cut anywhere, have the bits of NumPy on one thread."""
    resolved, kind = InitSpec.he_normal().resolve((1100, 900), axes), float_type(dtype)
    hashes = {
        drawn(name, resolved, kind, 7, "w", np.empty((1100, 900), numpy_dtype(kind)), None, threads)
        for name, threads in (("numpy", 1), ("llvm", 1), ("llvm", 2), ("llvm", 3))
    }
    assert len(hashes) == 1


def test_memory_at_odd_addresses():
    """An array that starts within an element is left to NumPy."""
    resolved, kind = InitSpec.normal().resolve((20, 30), "out in"), FLOATS["float32"]
    memory = np.zeros(20 * 30 * 4 + 1, np.uint8)
    out = memory[1:].view(np.float32).reshape(20, 30)
    expected = drawn("numpy", resolved, kind, 1, "w", np.empty((20, 30), np.float32))
    assert drawn("llvm", resolved, kind, 1, "w", out) == expected


@pytest.mark.parametrize("name", ["llvm", "numpy"])
def test_read_only_memory_is_refused(name, monkeypatch):
    """Machine code asks nobody: into a file that is mapped for reading it would end the process."""
    monkeypatch.setenv(kernel.KERNEL, name)
    for line in ("normal", "log_uniform(low=0.1, high=1.0)", "orthogonal", "zeros", "ramp(0, 1)"):
        out = np.full((4, 4), -7, np.float32)
        out.setflags(write=False)
        axes = "out out" if line.startswith("ramp") else "out in"
        with pytest.raises(TargetError, match=r"out is read-only: pass memory that can be written"):
            fill(InitSpec.parse(line).resolve((4, 4), axes), FLOATS["float32"], 1, "w", out)
        assert (out == -7).all()


@pytest.mark.parametrize("axes", ["out in kernel", "in out kernel"])
def test_memory_in_another_order_takes_little_more(axes):
    """Where the runs of a weight are short, what says where they lie stays small."""
    memory = np.empty((256, 3, 256), np.float32).transpose(0, 2, 1)
    resolved = InitSpec.normal().resolve(memory.shape, axes)
    tracemalloc.start()
    try:
        fill(resolved, FLOATS["float32"], 1, "w", memory, None, 1)
        assert tracemalloc.get_traced_memory()[1] < memory.nbytes / 2
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("triple", ["x86_64-linux-gnu", "aarch64-linux-gnu"])
@pytest.mark.parametrize("width", [SINGLE, DOUBLE], ids=["single", "double"])
def test_no_product_is_fused_with_a_sum(triple, width):
    """Of the newest processors, which have an instruction for both: it rounds once, not twice."""
    from initspec.stream.machine_code import optimized

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    try:
        target = llvm.Target.from_triple(triple)
    except RuntimeError:
        pytest.skip(f"this llvmlite does not write code for {triple}")
    features = "+fma,+avx512f" if triple.startswith("x86") else "+sve2"
    machine = target.create_target_machine(features=features, opt=3)
    for by_cell in (True, False):
        for scattered in (True, False):
            dtype = "float64" if width is DOUBLE else "float32"
            module = optimized(machine, width, dtype, by_cell, scattered)
            text = machine.emit_assembly(module)
            assert re.search(r"\bv?f?mul[sp]?[sd]?\b|\bfmul\b", text)  # it is code of this kind
            assert not re.search(r"\b(vfn?m(add|sub)\w*|fn?m(add|sub|la|ls|ad)\w*)\b", text)


def test_code_with_other_bits_is_not_used(monkeypatch):
    """What draws one bit differently is found before it is used."""
    from initspec.stream import machine_code

    right = machine_code.machine_code

    def wrong(*kind):
        code = right(*kind)
        return lambda out, *rest: code(out, *rest[:9], rest[9] ^ 1, *rest[10:])  # another key

    monkeypatch.setattr(machine_code, "machine_code", wrong)
    kernel._chosen.cache_clear()
    kernel._made.cache_clear()
    try:
        with pytest.raises(BackendError, match="its machine code draws other bits"):
            InitSpec.normal().to_numpy(seed=1)((4, 4))
        monkeypatch.delenv(kernel.KERNEL)
        assert kernel.why_numpy() == "its machine code draws other bits"
        InitSpec.normal().to_numpy(seed=1)((4, 4))
    finally:
        kernel._chosen.cache_clear()
        kernel._made.cache_clear()


@pytest.mark.parametrize("broken", [ImportError("no module"), OSError("a library is missing")])
def test_without_llvmlite_numpy_draws(monkeypatch, broken):
    """By itself without a word; an error where machine code is asked for."""
    hidden = {"initspec.stream.machine_code": None} if isinstance(broken, ImportError) else {}
    for name, module in hidden.items():
        monkeypatch.setitem(sys.modules, name, module)
    if not hidden:
        monkeypatch.setattr(llvm, "create_mcjit_compiler", lambda *_: (_ for _ in ()).throw(broken))
    kernel._chosen.cache_clear()
    kernel._made.cache_clear()
    try:
        with pytest.raises(BackendError, match=r"llvmlite .*; or unset INITSPEC_KERNEL"):
            InitSpec.normal().to_numpy(seed=1)((4, 4))
        monkeypatch.delenv(kernel.KERNEL)
        assert "llvmlite" in kernel.why_numpy()
        assert InitSpec.normal().to_numpy(seed=1)((4, 4)).any()
    finally:
        kernel._chosen.cache_clear()
        kernel._made.cache_clear()


def test_another_kernel_is_refused(monkeypatch):
    """An unknown name is an error, and nothing is written."""
    monkeypatch.setenv(kernel.KERNEL, "nonsense")
    out = np.zeros((4, 4), np.float32)
    resolved = InitSpec.normal().resolve((4, 4), "out in")
    with pytest.raises(TargetError, match="INITSPEC_KERNEL='nonsense': set it to llvm or numpy"):
        fill(resolved, FLOATS["float32"], 1, "w", out)
    assert not out.any()
    with pytest.raises(TargetError, match="nonsense"):
        kernel.why_numpy()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_draws_the_same():
    """After threads have drawn, a child draws the same bits."""
    code = """if True:
        import os, hashlib, warnings
        import numpy as np
        from initspec import InitSpec
        warnings.simplefilter("ignore")
        draw = InitSpec.normal().to_numpy(seed=1, name="w")
        digest = lambda: hashlib.sha256(draw((700, 700)).tobytes()).hexdigest()
        first = digest()
        child = os.fork()
        if not child:
            os._exit(0 if digest() == first else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        print("equal")
    """
    result = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert result.stdout == "equal\n", result.stderr
