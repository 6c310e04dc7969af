"""What a function of machine code is written with: LLVM's instructions, loops and arrays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from initspec.stream.philox import MULTIPLIERS, ROUNDS, WEYL

INT, BYTE, BIT, POINTER = ir.IntType(64), ir.IntType(8), ir.IntType(1), ir.PointerType()
_WIDE = ir.IntType(128)


def whole(value: int) -> ir.Constant:
    """Return a number of 64 bits."""
    return ir.Constant(INT, value)


class Code(ir.IRBuilder):  # type: ignore[misc]
    """The instructions of a function, one after the other."""

    def variable(self, value: Any) -> Any:
        """Return the place of a value that changes."""
        with self.goto_entry_block():
            place = self.alloca(value.type)
        self.store(value, place)
        return place

    def at(self, array: Any, index: Any, kind: Any) -> Any:
        """Return the place of an element."""
        return self.gep(array, [index], source_etype=kind)

    def element(self, array: Any, index: Any, kind: Any) -> Any:
        """Return the value of an element."""
        return self.load(self.at(array, index, kind), typ=kind)

    def least(self, a: Any, b: Any) -> Any:
        """Return the smaller of two numbers."""
        return self.select(self.icmp_unsigned("<", a, b), a, b)

    def philox(self, counter: tuple[Any, ...], key: tuple[Any, Any]) -> tuple[Any, ...]:
        """Return the four words of a counter, as `initspec.stream.philox` does."""
        a, b, c, d = counter
        k0, k1 = key
        for _ in range(ROUNDS):
            high0, low0 = self.product(a, MULTIPLIERS[0])
            high1, low1 = self.product(c, MULTIPLIERS[1])
            a, b = self.xor(self.xor(high1, b), k0), low1
            c, d = self.xor(self.xor(high0, d), k1), low0
            k0, k1 = self.add(k0, whole(WEYL[0])), self.add(k1, whole(WEYL[1]))
        return a, b, c, d

    def product(self, word: Any, constant: int) -> tuple[Any, Any]:
        """Return the upper and the lower half of a product of 128 bits."""
        wide = self.mul(self.zext(word, _WIDE), ir.Constant(_WIDE, constant))
        return self.trunc(self.lshr(wide, ir.Constant(_WIDE, 64)), INT), self.trunc(wide, INT)

    def rounded(self, w: Any, dtype: str) -> Any:
        """Return a value, or the bits of one of 16 bits, rounded to nearest, ties to even."""
        if dtype == "float16":
            return self.fptrunc(w, ir.HalfType())
        if dtype != "bfloat16":
            return w
        part = ir.IntType(32)
        bits = self.bitcast(w, part)
        last = self.and_(self.lshr(bits, ir.Constant(part, 16)), ir.Constant(part, 1))
        up = self.add(bits, self.add(last, ir.Constant(part, 0x7FFF)))
        return self.trunc(self.lshr(up, ir.Constant(part, 16)), ir.IntType(16))

    @contextmanager
    def loop(self, stop: Any) -> Iterator[Any]:
        """Repeat what follows for 0, 1, ... stop - 1."""
        place = self.variable(whole(0))
        with self.repeat() as leave:
            index = self.load(place, typ=INT)
            leave(self.icmp_unsigned(">=", index, stop))
            yield index
            self.store(self.add(index, whole(1)), place)

    @contextmanager
    def steps(self, stop: Any, most: int) -> Iterator[tuple[Any, Any]]:
        """Repeat what follows for parts of 0, ... stop - 1: the start and the size of each."""
        place = self.variable(whole(0))
        with self.repeat() as leave:
            start = self.load(place, typ=INT)
            leave(self.icmp_unsigned(">=", start, stop))
            size = self.least(whole(most), self.sub(stop, start))
            yield start, size
            self.store(self.add(start, size), place)

    @contextmanager
    def repeat(self) -> Iterator[Any]:
        """Repeat what follows until it leaves."""
        again, end = self.append_basic_block(), self.append_basic_block()
        self.branch(again)
        self.position_at_end(again)

        def leave(condition: Any) -> None:
            rest = self.append_basic_block()
            self.cbranch(condition, end, rest)
            self.position_at_end(rest)

        yield leave
        self.branch(again)
        self.position_at_end(end)
