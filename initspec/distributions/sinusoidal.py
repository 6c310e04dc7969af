"""Sinusoidal positions: a table of sines and cosines, a row for each position."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Annotated, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from initspec.axes import Axes
from initspec.axes.layout import Layout
from initspec.distributions.computed import Computed
from initspec.distributions.formula import Formula, RuleFormula
from initspec.distributions.papers import VASWANI
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Entries, Places
from initspec.distributions.rotary import Base, checked_base, frequencies
from initspec.distributions.rules import Rule
from initspec.distributions.short_calls import call
from initspec.errors import ShapeError, SpecError, shown
from initspec.numerics.law import Law
from initspec.numerics.validation import finite

Floats = NDArray[np.float64]

_TURN = 64
"""What a position is divided by: sines are evaluated of its multiple and of the rest."""


Count = Annotated[float, msgspec.Meta(ge=0, le=1 << 53, multiple_of=1)]
"""A whole number, which JSON may write as 1.0."""


class Sinusoidal(Computed, frozen=True, tag="sinusoidal"):
    """sin(p w_i) and cos(p w_i) at position p, the frequencies w_i falling from 1 to about 1/base.

    Vaswani et al. (2017), "Attention Is All You Need", section 3.5: w_i = base^(-2i/d), a sine in
    each even column and the cosine of its frequency in the next. The positions are the `stack` axes
    of the table, as of any embedding, and d is its `out`.

    Args:
        base: 10000 in the paper; above 1.
        halves: the sines of all frequencies first, then the cosines, as in tensor2tensor and most
            of transformers.
        endpoint: the last frequency is 1/base itself, w_i = base^(-i/(d/2 - 1)), as in
            tensor2tensor and Whisper.
        grid: the positions are those of a grid, row by row: the first half of the columns encodes
            the place in the row, the second half the row, as in MAE and DiT (whose codes have
            `halves` too). Two stack axes are its height and width; one is that of a square.
        extra_tokens: rows of zeros before the first position, such as one for a class token.
    """

    base: Base = 10000.0
    halves: bool = False
    endpoint: bool = False
    grid: bool = False
    extra_tokens: Count = 0

    takes_gain: ClassVar[bool] = True
    needs_axes: ClassVar[str] = "positions are the stack of a table, and its columns are out"
    paper: ClassVar[str | None] = f"{VASWANI}, section 3.5"

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "base", checked_base(self.base))
        for name in ("halves", "endpoint", "grid"):
            value = getattr(self, name)
            if not isinstance(value, bool | np.bool_):
                raise SpecError(f"{name}={shown(value)}: pass True or False")
            msgspec.structs.force_setattr(self, name, bool(value))
        tokens = finite("extra_tokens", self.extra_tokens)
        if not 0 <= tokens <= 1 << 53 or tokens % 1:
            raise SpecError(f"extra_tokens={tokens!r}: pass a number of rows, such as 1")
        msgspec.structs.force_setattr(self, "extra_tokens", int(tokens))

    def check(self, layout: Layout, axes: Axes | None) -> None:
        weight = f"sinusoidal on the shape {layout.shape} with axes '{axes}'"
        if {*layout.roles} != {"stack", "out"} or "+" in str(axes):
            raise ShapeError(
                f"{weight}: positions are a stack of equal members, and their columns out; pass "
                "axes='stack out' for the shape (positions, width)"
            )
        unit = 4 if self.grid else 2
        if layout.out % unit:
            raise ShapeError(
                f"{weight}: the width {layout.out} is not a multiple of {unit}, a sine and a cosine"
                f"{' for each axis of the grid' if self.grid else ''}; pass another width"
            )
        if self.endpoint and layout.out == unit:
            raise ShapeError(f"{weight}: one frequency has no other end; leave endpoint out")
        if self.extra_tokens >= layout.stack > 0:
            raise ShapeError(
                f"{weight}: {self.extra_tokens} extra tokens leave no position; pass a longer table"
            )
        if self.grid and layout.size:
            self._grid(layout)

    def _grid(self, layout: Layout) -> tuple[int, int]:
        """Return the height and the width of the grid; without one, the positions and 1."""
        count = layout.stack - int(self.extra_tokens)
        if not self.grid:
            return count, 1
        sizes = [size for size in layout.role("stack") if size != 1]
        if len(sizes) == 2 and not self.extra_tokens:
            return sizes[0], sizes[1]
        side = math.isqrt(count)
        if side * side != count or len(sizes) > 2:
            raise ShapeError(
                f"sinusoidal on the shape {layout.shape}: {count} positions are not a square grid; "
                "pass a square number of them, or their height and width as two stack axes"
            )
        return side, side

    def entries(self, parameters: Parameters) -> Entries:
        layout, gain = parameters.layout, parameters.gain
        across = self._grid(layout)[1]
        table = self._table(layout)

        def values(members: Places, rows: Places, _: Places) -> Floats:
            positions = members.reshape(-1) - int(self.extra_tokens)
            columns = rows.reshape(-1)
            coordinates = (positions % across, positions // across) if self.grid else (positions,)
            parts = [
                table(np.maximum(places, 0), columns[columns // table.width == axis] % table.width)
                for axis, places in enumerate(coordinates)
            ]
            entries = np.concatenate(parts, axis=1) if self.grid else parts[0]
            entries[positions < 0] = 0
            return (entries if gain == 1 else gain * entries)[:, :, None]

        return values

    def _table(self, layout: Layout) -> _Table:
        width = layout.out // 2 if self.grid else layout.out
        return _Table(self.base, width, self.halves, self.endpoint)

    def law(self, parameters: Parameters) -> Law:
        layout, gain = parameters.layout, parameters.gain
        if not layout.size:
            return Law(math.nan, 0.0, 0.0, 0.0, math.nan)
        down, across = self._grid(layout)
        table = self._table(layout)
        share = gain * (layout.stack - self.extra_tokens) / layout.stack
        means = [table.mean(count) for count in ((across, down) if self.grid else (down,))]
        return Law(share * sum(means) / len(means), 0.0, -gain, gain, math.nan)

    def formula(self, rule: RuleFormula) -> Formula:
        exponent = "i / (d/2 - 1)" if self.endpoint else "2i / d"
        columns = "one half of the columns each" if self.halves else "in turns"
        tables = f"{rule.times}sin(p w_i) and {rule.times}cos(p w_i)"
        where = ", for each axis of a grid" if self.grid else ""
        law = f"W = {tables}, {columns}, w_i = {self.base:g}^(-{exponent}){where}"
        zeros = f"; extra tokens: {self.extra_tokens}" if self.extra_tokens else ""
        return Formula(law + zeros, f"{tables}{where}")

    def short_call(self, rule: Rule | None, gain: float, mode: str | None) -> str | None:
        return call(
            "sinusoidal",
            base=(self.base, 10000.0),
            halves=(self.halves, False),
            endpoint=(self.endpoint, False),
            grid=(self.grid, False),
            extra_tokens=(self.extra_tokens, 0),
            gain=(gain, 1.0),
        )


class _Table:
    """The values of one coordinate: by position and column.

    A sine that is the float64 nearest to the real number takes some 500 ns, so that few are
    evaluated: those of the multiples of 64 and of what is left over, which the addition theorem
    makes the others of.
    """

    def __init__(self, base: float, width: int, halves: bool, endpoint: bool) -> None:
        self.width, self._halves, self._base = width, halves, base
        self._pairs = width // 2
        self._steps = self._pairs - 1 if endpoint else self._pairs
        self._last: tuple[Places, Floats, Floats] | None = None

    @cached_property
    def _frequencies(self) -> Floats:
        return frequencies(self._base, np.arange(self._pairs), self._steps)

    def __call__(self, positions: Places, columns: Places) -> Floats:
        """Return [positions, columns]."""
        turns, which = np.unique(positions // _TURN, return_inverse=True)
        sine, cosine = self._turned(turns * _TURN, columns)
        near_sine, near_cosine = self._near(columns)
        rest = positions % _TURN
        is_cosine = self._place(columns)[1] == 1
        # sin(a + b) = sin a cos b + cos a sin b, cos(a + b) = cos a cos b - sin a sin b.
        first, second = np.where(is_cosine, (cosine, -sine), (sine, cosine))
        values: Floats = first[which] * near_cosine[rest] + second[which] * near_sine[rest]
        return values

    def mean(self, count: int) -> float:
        """Return the mean over the positions below `count` and all columns."""
        half = self._frequencies / 2
        # The sum over p < n of e^(2ipx) is e^(i(n-1)x) sin(nx) / sin(x).
        size = np.sin(count * half) / np.sin(half)
        total = size * (np.sin((count - 1) * half) + np.cos((count - 1) * half))
        return float(np.mean(total)) / (2 * count)

    def _near(self, columns: Places) -> tuple[Floats, Floats]:
        """Return sines and cosines of the positions below 64; the last ones are kept."""
        last = self._last
        if last is None or not np.array_equal(last[0], columns):
            last = self._last = columns, *self._turned(np.arange(_TURN), columns)
        return last[1:]

    def _turned(self, positions: Places, columns: Places) -> tuple[Floats, Floats]:
        """Return the sines and the cosines of the angles of each column's frequency."""
        from initspec.numerics.elementary import cos, sin

        pairs, which = np.unique(self._place(columns)[0], return_inverse=True)
        angles = positions[:, None] * self._frequencies[pairs]
        return sin(angles)[:, which], cos(angles)[:, which]

    def _place(self, columns: Places) -> tuple[Places, Places]:
        """Return the number of each column's frequency, and 0 for its sine, 1 for its cosine."""
        if self._halves:
            return columns % self._pairs, columns // self._pairs
        return columns // 2, columns % 2
