"""From random bits to values: W = M + V + D * x, a line in each cell of the quantile function.

x is a signed number made of the bits, and every operation on it is one that IEEE-754 rounds
correctly, rounded by itself: an integer or, a conversion, a table, a product, a sum. The bits of W
are then the same on every machine. `docs/portable-stream.md`, section 4, is the standard.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from initspec.stream.quantile import CELL_BITS, cells

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Width:
    """The arithmetic that a dtype is drawn in.

    Attributes:
        bits: how many random bits an element takes.
        real: the floating type.
        signed: the integers that become x.
        unsigned: the bits, and the pattern of x.
        mantissa: the stored bits of its mantissa.
        lift: what tiny weights are drawn larger by, an exponent of 2.
    """

    bits: int
    real: type[np.floating]
    signed: type[np.signedinteger]
    unsigned: type[np.unsignedinteger]
    mantissa: int
    lift: int

    @cached_property
    def one(self) -> np.signedinteger:
        """The bit that makes an integer odd."""
        return self.signed(1)

    @cached_property
    def shift(self) -> np.unsignedinteger:
        """How far the pattern of x is shifted to give its cell."""
        return self.unsigned(self.mantissa - CELL_BITS)

    @property
    def sign(self) -> int:
        """How many cells lie between x and -x."""
        return 1 << (self.bits - 1 - int(self.shift))

    @property
    def first(self) -> int:
        """The cell of x = 1."""
        bias = (1 << (self.bits - self.mantissa - 2)) - 1
        return bias << CELL_BITS


SINGLE = Width(32, np.float32, np.int32, np.uint32, 23, 64)
DOUBLE = Width(64, np.float64, np.int64, np.uint64, 52, 512)


class Scratch:
    """Buffers for the elements of one block, used over and over."""

    def __init__(self, size: int) -> None:
        self._x = np.empty(size, np.float64)
        self._cell = np.empty(size, np.intp)
        self._value = np.empty(size, np.float64)
        self._views: tuple[Any, ...] = (None,)

    def views(self, size: int, width: Width) -> tuple[Floats, NDArray[Any], NDArray[np.intp]]:
        """Return `size` elements for x, the same as patterns, and as many for numbers of cells.

        Those of the last call serve again: a weight has many blocks of one size.
        """
        if self._views[0] != (size, width):
            x = self._x.view(width.real)[:size]
            self._views = (size, width), x, x.view(width.unsigned), self._cell[:size]
        return self._views[1:]

    def value(self, out: Floats) -> Floats:
        """Return `out` as one axis where it is contiguous, else as many elements of a buffer."""
        if out.flags.c_contiguous:
            return out.reshape(-1)
        return self._value.view(out.dtype)[: out.size]


@dataclass(frozen=True, eq=False)
class Lines:
    """W = (at_zero[cell] + slope[cell] * x + mean), clipped, * lower, in the floating type.

    Attributes:
        mean: what is added last, so that the others keep their digits; nothing where it is 0.
        at_zero: the value of each cell's line at 0; None where there are no cells.
        slope: the slope of each cell's line; one slope where there are no cells.
        low: the lower end.
        high: the upper end.
        lower: what a tiny weight, drawn larger, is multiplied with; None for others.
        leaves: whether some x leaves the ends without clipping.
    """

    mean: Any
    at_zero: Floats | None
    slope: Floats
    low: Any
    high: Any
    lower: Any
    leaves: bool


class Sampler(Protocol):
    """A map from random bits to values."""

    @property
    def width(self) -> Width:
        """The arithmetic it is made in."""

    @property
    def lines(self) -> Lines:
        """The numbers of the map."""

    def __call__(self, bits: NDArray[Any], out: Floats, scratch: Scratch) -> None:
        """Fill `out`, of any shape and strides, from as many bits; the bits are overwritten."""


def _number(bits: NDArray[Any], width: Width, x: Floats) -> None:
    """Make x of bits: a signed integer, made odd, rounded to nearest even."""
    signed = bits.view(width.signed)
    np.bitwise_or(signed, width.one, out=signed)
    np.copyto(x, signed, casting="same_kind")


def _lift(width: Width, reach: float) -> int:
    """Return the power of 2 by which to draw larger, so that D does not underflow."""
    return width.lift if reach < 2.0 ** -(width.lift // 2) else 0


def evaluate(lines: Lines, width: Width, bits: NDArray[Any], out: Floats, scratch: Scratch) -> None:
    """Fill `out`, of any shape and strides, from as many bits; the bits are overwritten."""
    x, pattern, cell = scratch.views(bits.size, width)
    _number(bits, width, x)
    if lines.at_zero is None:
        np.multiply(x.reshape(out.shape), lines.slope, out=out)
    else:
        np.right_shift(pattern, width.shift, out=bits)
        np.copyto(cell, bits, casting="unsafe")  # below 2^21: no sign to lose
        at_zero = bits.view(width.real)  # the bits are spent
        # "wrap", because "raise" copies; no cell lies outside.
        lines.at_zero.take(cell, out=at_zero, mode="wrap")
        value = scratch.value(out)
        lines.slope.take(cell, out=value, mode="wrap")
        np.multiply(value, x, out=value)
        np.add(value.reshape(out.shape), at_zero.reshape(out.shape), out=out)
    if lines.mean:
        np.add(out, lines.mean, out=out)
    if lines.leaves:
        np.clip(out, lines.low, lines.high, out=out)
    if lines.lower is not None:
        np.multiply(out, lines.lower, out=out)


@dataclass(frozen=True)
class Uniform:
    """W = M + D * x, never outside [low, high] as the floating type has them."""

    low: float
    high: float
    width: Width

    @cached_property
    def lines(self) -> Lines:
        real, lift = self.width.real, _lift(self.width, max(abs(self.low), abs(self.high)))
        bottom, top = math.ldexp(self.low, lift), math.ldexp(self.high, lift)
        middle = real(bottom / 2 + top / 2)
        slope = real(math.ldexp(top / 2 - bottom / 2, 1 - self.width.bits))
        low, high = real(bottom), real(top)
        # Products and sums are rounded monotonically, so the ends say whether any x leaves.
        end = slope * real(2.0 ** (self.width.bits - 1))
        leaves = bool(middle - end < low or middle + end > high)
        lower = real(2.0**-lift) if lift else None
        return Lines(middle, None, np.array(slope), low, high, lower, leaves)

    def __call__(self, bits: NDArray[Any], out: Floats, scratch: Scratch) -> None:
        evaluate(self.lines, self.width, bits, out, scratch)


@dataclass(frozen=True)
class TruncatedNormal:
    """W = M + (V[cell] + D[cell] * x): mean + s * Y, Y ~ N(0, 1) conditioned on [lower, upper].

    The mean comes last: V rounded to the spacing of a mean that is large beside s would put the
    whole cell off by up to half of it.
    """

    mean: float
    s: float
    lower: float
    upper: float
    width: Width

    def __call__(self, bits: NDArray[Any], out: Floats, scratch: Scratch) -> None:
        evaluate(self.lines, self.width, bits, out, scratch)

    @property
    def lines(self) -> Lines:
        return _lines(self)


@lru_cache(maxsize=64)
def _lines(sampler: TruncatedNormal) -> Lines:
    width, real = sampler.width, sampler.width.real
    table = cells(sampler.lower, sampler.upper, width.bits)
    lift = _lift(width, abs(sampler.mean) + 16 * sampler.s)
    mean, s = math.ldexp(sampler.mean, lift), math.ldexp(sampler.s, lift)
    slope = (s * table.slope).astype(real)
    # The line is held at the middle of its cell, where the rounding of D does least.
    at_zero = (s * table.value - slope.astype(np.float64) * table.middle).astype(real)
    centre = real(mean)
    low, high = (real(mean + s * bound) for bound in (sampler.lower, sampler.upper))
    leaves = False
    if low > -np.inf or high < np.inf:
        # On a cell W is monotone, so its ends say whether any x leaves.
        ends = slope[..., None] * table.edges.astype(real) + at_zero[..., None] + centre
        leaves = bool((ends < low).any() or (ends > high).any())
    lower = real(2.0**-lift) if lift else None
    placed = _placed(at_zero, width), _placed(slope, width)
    return Lines(centre, *placed, low, high, lower, leaves)


def _placed(rows: Floats, width: Width) -> Floats:
    """Return [2, cells] where the pattern of x points; what lies between is never touched."""
    table = np.zeros(2 * width.sign, width.real)
    for sign, row in enumerate(rows):
        start = sign * width.sign + width.first
        table[start : start + len(row)] = row
    return table
