"""The portable draw as machine code: the words, numbers and values of a block in one pass.

The operations on each number are those of `initspec.stream.inversion`, in its order, and LLVM fuses
no product with a sum unless it is told to: so the bits are the same.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

from initspec.stream.instructions import BIT, BYTE, INT, POINTER, Code, whole
from initspec.stream.inversion import SINGLE, Width

COUNTERS = 128
"""The counters of a block, of four words each: its words and values stay in the first cache."""
STRIP = 64
"""The runs that are drawn side by side where they lie across memory: four lines of the cache."""

_HALVES = ("f16c", "neon")
"""The features of processors that round to float16: those of x86-64 and of AArch64."""

_engines: list[Any] = []
"""What owns the machine code."""


def machine_code(
    width: Width, dtype: str, by_cell: bool, scattered: bool
) -> Callable[..., None] | None:
    """Return the function that draws, `_Draw`; None where this processor does not round so.

    Args:
        width: the arithmetic.
        dtype: what the values are rounded to.
        by_cell: whether each cell has a line of its own, or all of them one slope.
        scattered: whether the elements have any places, not one beside the other.

    Raises:
        RuntimeError: LLVM cannot make it.
    """
    features = llvm.get_host_cpu_features()
    # Without an instruction LLVM calls a function that is not there.
    if dtype == "float16" and not any(features.get(name) for name in _HALVES):
        return None
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    machine = target.create_target_machine(llvm.get_host_cpu_name(), features.flatten(), opt=3)
    engine = llvm.create_mcjit_compiler(
        optimized(machine, width, dtype, by_cell, scattered), machine
    )
    engine.finalize_object()
    _engines.append(engine)
    real = ctypes.c_float if width is SINGLE else ctypes.c_double
    word, place, flag = ctypes.c_uint64, ctypes.c_void_p, ctypes.c_bool
    where = (place, word, word, place, place, place)
    types = (*where, *(word,) * 5, place, place, *(real,) * 4, flag, *(place, flag) * scattered)
    return ctypes.CFUNCTYPE(None, *types)(engine.get_function_address("draw"))


def optimized(machine: Any, width: Width, dtype: str, by_cell: bool, scattered: bool) -> Any:
    """Return the function for a processor, as a module of LLVM."""
    module = llvm.parse_assembly(str(_Draw(width, dtype, by_cell, scattered).module))
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    passes = llvm.create_pass_builder(machine, options)
    passes.getModulePassManager().run(module, passes)
    return module


class _Draw:
    """The function in LLVM's language.

    It fills `runs` runs of `length`: run i has the numbers from starts[i] on, of members[i].
    `at_zero` and `slope` are tables by cell; else slope[0] is the slope. `mean` and `lower` are 0
    where nothing is added or multiplied. Run i lies rows[i] bytes from `out`, its elements side by
    side; scattered, its element c lies columns[c] bytes further, and `consecutive` says that the
    first elements of all runs lie side by side.
    """

    def __init__(self, width: Width, dtype: str, by_cell: bool, scattered: bool) -> None:
        self.dtype, self.single = dtype, width is SINGLE
        self.part, self.shift = ir.IntType(width.bits), int(width.shift)
        self.real = ir.FloatType() if self.single else ir.DoubleType()
        halves = ir.HalfType() if dtype == "float16" else ir.IntType(16)
        self.element = halves if dtype in ("float16", "bfloat16") else self.real
        self.size = {"float32": 4, "float64": 8}.get(dtype, 2)
        self.of_counter = 4 * (64 // width.bits)  # numbers of the words of one counter
        self.module = ir.Module()
        where = [POINTER, INT, INT, POINTER, POINTER, POINTER]
        types = [*where, *[INT] * 5, POINTER, POINTER, *[self.real] * 4, BIT]
        kind = ir.FunctionType(ir.VoidType(), types + [POINTER, BIT] * scattered)
        function = ir.Function(self.module, kind, "draw")
        for argument in function.args:
            if argument.type == POINTER:
                argument.add_attribute("noalias")
        self.out, self.runs, self.length, self.members, self.starts, self.rows = function.args[:6]
        self.first, self.low, self.high, *self.key = function.args[6:11]
        self.at_zero, self.slope, self.mean, self.bottom, self.top = function.args[11:16]
        self.lower, self.leaves, *places = function.args[16:]
        self.code = Code(function.append_basic_block())
        self.words = self.code.alloca(INT, whole(4 * (COUNTERS + 1)))
        none = ir.Constant(self.real, 0.0)
        self.added = self.code.fcmp_ordered("!=", self.mean, none)
        self.multiplied = self.code.fcmp_ordered("!=", self.lower, none)
        self.common = None if by_cell else self.code.load(self.slope, typ=self.real)
        if scattered:
            self._scattered(*places)
        else:
            self._straight()
        self.code.ret_void()

    def _straight(self) -> None:
        code = self.code
        block = COUNTERS * self.of_counter
        with code.loop(self.runs) as run:
            row = code.at(self.out, code.element(self.rows, run, INT), BYTE)
            with code.steps(self.length, block) as (done, count):
                place = code.at(row, done, self.element)
                self._draw(run, done, count, place)

    def _scattered(self, columns: Any, consecutive: Any) -> None:
        """Draw a block of each run of a strip, then write it column by column."""
        code = self.code
        block = COUNTERS * self.of_counter // 4  # of all runs together no more than fits the cache
        # A row more than that, so that the rows do not share the places of the cache.
        row = block + 128 // self.size
        drawn = code.alloca(self.element, whole(STRIP * row))

        def value(c: Any, r: Any) -> Any:
            return code.element(drawn, code.add(code.mul(r, whole(row)), c), self.element)

        with code.steps(self.runs, STRIP) as (run, height), code.steps(self.length, block) as step:
            done, count = step
            with code.loop(height) as r:
                place = code.at(drawn, code.mul(r, whole(row)), self.element)
                self._draw(code.add(run, r), done, count, place)
            full = code.icmp_unsigned("==", height, whole(STRIP))
            with code.if_else(code.and_(consecutive, full)) as (then, otherwise):
                with then:
                    first = code.at(self.out, code.element(self.rows, run, INT), BYTE)
                    with code.loop(count) as c:
                        column = code.element(columns, code.add(done, c), INT)
                        with code.loop(whole(STRIP)) as r:
                            place = code.at(code.at(first, column, BYTE), r, self.element)
                            code.store(value(c, r), place)
                with otherwise, code.loop(height) as r:
                    start = code.at(self.out, code.element(self.rows, code.add(run, r), INT), BYTE)
                    with code.loop(count) as c:
                        column = code.element(columns, code.add(done, c), INT)
                        code.store(value(c, r), code.at(start, column, BYTE))

    def _draw(self, run: Any, done: Any, count: Any, place: Any) -> None:
        """Write `count` elements of a run from its element `done` on."""
        code, each = self.code, whole(self.of_counter)
        member = code.add(code.element(self.members, run, INT), self.first)
        number = code.add(code.element(self.starts, run, INT), done)
        block, skip = code.udiv(number, each), code.urem(number, each)
        end = code.add(code.add(skip, count), whole(self.of_counter - 1))
        with code.loop(code.udiv(end, each)) as i:
            counter = code.add(block, i), member, self.low, self.high
            for lane, word in enumerate(code.philox(counter, self.key)):
                at = code.add(code.mul(i, whole(4)), whole(lane))
                code.store(word, code.at(self.words, at, INT))
        with code.loop(count) as i:
            value = self._value(code.element(self.words, code.add(skip, i), self.part))
            code.store(code.rounded(value, self.dtype), code.at(place, i, self.element))

    def _value(self, bits: Any) -> Any:
        code = self.code
        x = code.sitofp(code.or_(bits, ir.Constant(self.part, 1)), self.real)
        if self.common is None:
            cell = code.lshr(code.bitcast(x, self.part), ir.Constant(self.part, self.shift))
            cell = code.zext(cell, INT) if self.single else cell
            line = code.fmul(code.element(self.slope, cell, self.real), x)
            w = code.fadd(line, code.element(self.at_zero, cell, self.real))
        else:
            w = code.fmul(x, self.common)
        w = code.select(self.added, code.fadd(w, self.mean), w)
        above = code.select(code.fcmp_ordered(">", w, self.bottom), w, self.bottom)
        within = code.select(code.fcmp_ordered("<", above, self.top), above, self.top)
        w = code.select(self.leaves, within, w)
        return code.select(self.multiplied, code.fmul(w, self.lower), w)
