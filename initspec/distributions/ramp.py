"""Values that rise or fall evenly along the axes of one role."""

from __future__ import annotations

import math
from typing import Literal, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from initspec.axes import Axes
from initspec.axes.layout import Layout
from initspec.distributions.computed import Computed, number_of, only_role, size_of
from initspec.distributions.formula import Formula, RuleFormula, number
from initspec.distributions.maps import MAPS
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Entries, Places
from initspec.distributions.rules import Finite, Positive, Rule
from initspec.distributions.short_calls import call
from initspec.errors import ShapeError, SpecError, unknown
from initspec.numerics.validation import finite, positive

Role = Literal["stack", "out", "in", "kernel"]
Map = Literal["exp", "log", "inverse_softplus"]
_EXP_END = math.log(float(np.finfo(np.float64).max))


class Ramp(Computed, frozen=True, tag="ramp"):
    """Evenly spaced values along the axes of one role, the same at all other places.

    Entry n of N is start + (stop - start) (n / (N - 1))^power, both ends included, or
    start + step n^power.
    pi n, `ramp(0.0, step=math.pi)`, is the imaginary part of S4D-Lin, whose real part is the
    constant -1/2: Gu et al. (2022), "On the Parameterization and Initialization of Diagonal State
    Space Models", section 4.3.

    Args:
        start: the first value.
        stop: the last value; leave it or `step` out.
        step: what each value adds to the one before it.
        along: the role that the values run along; None, the only role that the weight has.
        power: above 0, such as those that bend the decays of RWKV.
        through: f, where the values are f of these numbers: "exp", "log" or "inverse_softplus".
            Mamba's A_log is `ramp(1.0, step=1.0, along="in", through="log")`.
    """

    start: Finite
    stop: Finite | None = None
    step: Finite | None = None
    along: Role | None = None
    power: Positive = 1.0
    through: Map | None = None

    def __post_init__(self) -> None:
        if (self.stop is None) == (self.step is None):
            given = "neither" if self.stop is None else "both"
            raise SpecError(
                f"a ramp with {given} of stop and step: give one, such as ramp(start=0.0, "
                "stop=1.0) or ramp(start=1.0, step=1.0)"
            )
        for name in ("start", "stop", "step"):
            value = getattr(self, name)
            if value is not None:
                msgspec.structs.force_setattr(self, name, finite(name, value))
        msgspec.structs.force_setattr(self, "power", positive("power", self.power))
        if self.step == 0 or self.stop == self.start:
            raise SpecError(
                f"{self._call()} has one value alone: write constant(value={self.start})"
            )
        if not math.isfinite(self._span):
            raise SpecError(f"{self._call()}: stop - start is beyond float64; bring them together")
        if self.through is not None:
            self._check_map()
        if self.along is not None:
            if not isinstance(self.along, str) or self.along not in get_args(Role):
                raise SpecError(unknown("value of along", self.along, get_args(Role)))
            msgspec.structs.force_setattr(self, "along", str(self.along))

    def _check_map(self) -> None:
        """Raise SpecError where the function is unknown, or not of all values."""
        if not isinstance(self.through, str) or self.through not in MAPS:
            raise SpecError(unknown("function after through=", self.through, MAPS))
        msgspec.structs.force_setattr(self, "through", str(self.through))
        last = self.step if self.stop is None else self.stop
        assert last is not None
        high = max(self.start, -math.inf if self.stop is None else self.stop)
        if self.through == "exp" and high > _EXP_END:
            raise SpecError(f"{self._call()}: exp({high}) is beyond float64; lower the ends")
        if MAPS[self.through].positive and (self.start <= 0 or last <= 0):
            raise SpecError(
                f"{self._call()}: {self.through} takes positive numbers; raise start and "
                f"{'step' if self.stop is None else 'stop'} above 0"
            )

    @property
    def needs_axes(self) -> str:  # type: ignore[override]
        return "" if self.along is None else f"a ramp along={self.along} needs an axis of that role"

    def check(self, layout: Layout, axes: Axes | None) -> None:
        role = self._role(layout, axes)
        if role not in layout.roles:
            raise ShapeError(
                f"{self._call()} on the shape {layout.shape} with axes '{axes}': no axis has the "
                f"role {role}; pass along= one of {', '.join(dict.fromkeys(layout.roles))}"
            )
        if role == "stack" and "+" in str(axes):
            raise ShapeError(
                f"{self._call()} with axes '{axes}': members of unequal size are drawn one by "
                "one; pass another role to along="
            )
        if self.stop is not None and size_of(layout, role) == 1:
            raise ShapeError(
                f"{self._call()} on the shape {layout.shape}: one element is not both start and "
                "stop; pass step= in place of stop=, or a constant"
            )

    def entries(self, parameters: Parameters) -> Entries:
        layout = parameters.layout
        role = self._role(layout, None)
        last = None if self.stop is None else size_of(layout, role) - 1

        def values(members: Places, rows: Places, columns: Places) -> NDArray[np.float64]:
            return self._values(number_of(role, layout, members, rows, columns), last)

        return values

    def _role(self, layout: Layout, axes: Axes | None) -> str:
        remedy = "a ramp runs along one role, and these are not of one; pass along='in' or another"
        return self.along or only_role("a ramp", layout, axes, remedy)

    def _values(self, n: Places, last: int | None) -> NDArray[np.float64]:
        t, count = n.astype(np.float64), last or 1
        if self.power != 1:
            t, count = self._powers(t / count), 1
        with np.errstate(over="ignore"):
            values = self._line(t, count, 1.0)
            over = np.isinf(values)
            if over.any():  # perhaps of a product alone
                values = np.where(over, self._line(t, count, 2.0**-64) * 2.0**64, values)
        if self.stop is not None:
            values[n == last] = self.stop  # to the bit
        if self.through is None:
            return values
        from initspec.numerics import elementary  # as above

        return np.asarray(getattr(elementary, self.through)(values))

    def _line(self, t: NDArray[np.float64], count: int, unit: float) -> NDArray[np.float64]:
        return self.start * unit + self._span * unit * t / count

    def _powers(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        from initspec.numerics.elementary import exp, log  # its tables take longer than it does

        return exp(self.power * log(t))

    @property
    def _span(self) -> float:
        """What n or n / (N - 1) is multiplied with."""
        if self.stop is None:
            assert self.step is not None
            return self.step
        return self.stop - self.start

    def _call(self) -> str:
        return call(
            "ramp",
            start=self.start,
            stop=(self.stop, None),
            step=(self.step, None),
            along=(self.along, None),
            power=(self.power, 1.0),
            through=(self.through, None),
        )

    def short_call(self, rule: Rule | None, gain: float, mode: str | None) -> str | None:
        return self._call()

    def formula(self, rule: RuleFormula) -> Formula:
        along = f" along {self.along}" if self.along else ""
        t = "n" if self.stop is None else "n / (N - 1)"
        if self.power != 1:
            t = f"{'n' if self.stop is None else '(n / (N - 1))'}^{number(self.power)}"
        factor = abs(self._span)
        t, sign = t if factor == 1 else f"{number(factor)} {t}", "+" if self._span > 0 else "-"
        values = f"{number(self.start)} {sign} {t}" if self.start else f"{sign}{t}".lstrip("+")
        if self.through is not None:
            values = MAPS[self.through].symbol.replace("X", values)
        return Formula(f"W = {values}, n = 0 ... N - 1{along}", f"{values}{along}")
