"""Equal outputs and equal stack members: another family, each of its rows or members repeated."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self, get_args

import msgspec
import numpy as np

from initspec.axes import Axes
from initspec.axes.fans import Fans
from initspec.axes.layout import Layout
from initspec.distributions.base import Distribution, Weights
from initspec.distributions.constant import Constant
from initspec.distributions.formula import Formula, RuleFormula
from initspec.distributions.lookup import family_of_document
from initspec.distributions.papers import AITKEN
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Array, Primitives, Repetition
from initspec.distributions.rules import LARGEST, Rule
from initspec.distributions.short_calls import call
from initspec.dtypes import FloatType
from initspec.errors import ShapeError, SpecError, shown, unknown
from initspec.numerics.law import Law
from initspec.numerics.validation import finite

Role = Literal["out", "stack"]
Order = Literal["grouped", "tiled"]


def _of(name: str) -> Any:
    """Return a property that is that of the family which is repeated."""
    return property(lambda self: getattr(self.of, name))


class Repeat(Distribution, frozen=True, tag="repeat"):
    """Outputs, or stack members, of which `times` are equal: W[n] = V[n // times].

    V is a weight of another family that is so many times smaller, and W has its values. Aitken et
    al. (2017), "Checkerboard artifact free sub-pixel convolution" (ICNR), section 3: before
    `pixel_shuffle(r)` of PyTorch the r^2 outputs of one channel stand together, and start equal.
    `depth_to_space` of TensorFlow has them a number of channels apart: order="tiled".

    fan_in is that of the layer. fan_out is that of V, as in the code of the paper: an input is
    counted once for outputs that are equal.

    Args:
        of: the family of V, or its name; not a constant or another one that is computed from
            places, and not repeated itself.
        times: how many are equal, 2 or more; None, all of them.
        along: "out", outputs of each stack member; "stack", members.
        order: "grouped", equal ones are neighbours, as by `numpy.repeat`; "tiled", they are as far
            apart as can be, W[n] = V[n mod size of V], as by `numpy.tile`. Where all are equal,
            both mean the same, and "grouped" is kept.
    """

    of: Any
    times: Annotated[float, msgspec.Meta(ge=2, le=LARGEST, multiple_of=1)] | None = None
    along: Role = "out"
    order: Order = "grouped"

    rules = _of("rules")
    takes_gain = _of("takes_gain")
    passes = _of("passes")
    truncates = _of("truncates")
    random = _of("random")
    exact = _of("exact")
    spread = _of("spread")
    sigma_is_std = _of("sigma_is_std")
    std_note = _of("std_note")

    def __post_init__(self) -> None:
        of = family_of_document(self.of)
        if isinstance(of, Repeat):
            raise SpecError(f"of={of.name()}: repeat it once, with the product of both times")
        if isinstance(of, Constant):
            raise SpecError("of=constant: its entries are equal already; leave the repeat out")
        if of.computed:
            raise SpecError(
                f"of={of.name()}: its entries are computed from their places and not drawn; leave "
                "the repeat out, or pass a family that is drawn, such as 'normal'"
            )
        times = None if self.times is None else finite("times", self.times)
        if times is not None and (times < 2 or times != int(times)):
            raise SpecError(f"times={shown(times)}: pass an integer from 2 on, or None for all")
        for name, kinds in (("along", Role), ("order", Order)):
            value = getattr(self, name)
            if value not in get_args(kinds):
                raise SpecError(unknown(f"value of {name}", value, get_args(kinds)))
            msgspec.structs.force_setattr(self, name, str(value))
        msgspec.structs.force_setattr(self, "of", of)
        msgspec.structs.force_setattr(self, "times", None if times is None else int(times))
        if times is None:
            msgspec.structs.force_setattr(self, "order", "grouped")

    @property
    def needs_axes(self) -> str:  # type: ignore[override]
        what = "outputs" if self.along == "out" else "stack members"
        return self.of.needs_axes or f"equal {what} need an axis of the role {self.along}"

    @property
    def least_axes(self) -> str:  # type: ignore[override]
        return str(self.of.least_axes)

    @property
    def paper(self) -> str | None:  # type: ignore[override]
        return f"{AITKEN}, section 3" if self.along == "out" else self.of.paper

    def check_rule(self, rule: Rule, gain: float) -> None:
        self.of.check_rule(rule, gain)

    def check_law(self, parameters: Parameters) -> None:
        self.of.check_law(self._inner(parameters))

    def require(self, parameters: Parameters, kind: FloatType) -> None:
        self.of.require(self._inner(parameters), kind)

    def check(self, layout: Layout, axes: Axes | None) -> None:
        weight = f"a repeat along={self.along} on the shape {layout.shape} with axes '{axes}'"
        if self.along not in layout.roles:
            raise ShapeError(f"{weight}: no axis has this role; pass axes that name it")
        if self.along == "stack" and "+" in str(axes):
            raise ShapeError(f"{weight}: members of unequal size cannot be equal")
        size = getattr(layout, self.along)
        if self.times is not None and size % self.times:
            raise ShapeError(
                f"{weight}: {size} is not a multiple of times={self.times}; pass a divisor of it"
            )
        self.of.check(self.drawn(layout), axes)

    def drawn(self, layout: Layout) -> Layout:
        """Return the layout of V, its roles in logical order."""
        sizes = {"out": layout.out, "in": layout.in_}
        if "stack" in layout.roles:
            sizes = {"stack": layout.stack, **sizes}
        times = int(self.times or sizes[self.along] or 1)
        sizes[self.along] //= times
        shape = (*sizes.values(), *layout.kernel)
        roles = (*sizes, *("kernel",) * len(layout.kernel))
        fans = layout.fans
        if fans is not None and self.along == "out":
            fans = Fans(fans.fan_in, fans.fan_out // times)
        return Layout(shape, roles, shape, fans)

    def scaled_by(self, factor: float) -> Self:
        return msgspec.structs.replace(self, of=self.of.scaled_by(factor))

    def formula(self, rule: RuleFormula) -> Formula:
        of = self.of.formula(rule)
        return Formula(f"{of.law}, {self._equal}", f"{of.short}, {self._equal}")

    def contrast(self, other: Distribution) -> str:
        return self._equal

    @property
    def _equal(self) -> str:
        """What is equal, in words."""
        what = "outputs" if self.along == "out" else "stack members"
        tiled = ", tiled" if self.order == "tiled" else ""
        return f"{'all' if self.times is None else self.times} {what} equal{tiled}"

    def short_call(self, rule: Rule | None, gain: float, mode: str | None) -> str | None:
        of = self.of.short_call(rule, gain, mode)
        if of is None:
            return None
        along, order = (self.along, "out"), (self.order, "grouped")
        return call("repeat", of=of, times=(self.times, None), along=along, order=order)

    def law(self, parameters: Parameters) -> Law:
        return self.of.law(self._inner(parameters))  # type: ignore[no-any-return]

    def reach(self, parameters: Parameters) -> tuple[float, float]:
        return self.of.reach(self._inner(parameters))  # type: ignore[no-any-return]

    def density(self, parameters: Parameters) -> tuple[Law, float] | None:
        return self.of.density(parameters)  # type: ignore[no-any-return]

    def sample(self, parameters: Parameters, draw: Primitives) -> Array:
        inner = self._inner(parameters)
        repetition = self.repetition(parameters.layout)
        return draw.repeated(repetition, lambda primitives: self.of.sample(inner, primitives))

    def repetition(self, layout: Layout) -> Repetition:
        """Return how V is repeated to a weight."""
        drawn = self.drawn(layout)
        times = getattr(layout, self.along) // max(getattr(drawn, self.along), 1)
        return Repetition(drawn, times, self.along == "stack", self.order == "tiled")

    def independent(self, parameters: Parameters, weights: Weights) -> tuple[Weights, Law | None]:
        distinct = self.repetition(parameters.layout).distinct(weights)
        return self.of.independent(self._inner(parameters), distinct)  # type: ignore[no-any-return]

    def defects(self, parameters: Parameters, weights: Weights, kind: FloatType) -> Iterator[str]:
        if not weights.size:
            return
        repetition = self.repetition(parameters.layout)
        distinct = repetition.distinct(weights)
        wrong = int(np.sum(repetition.whole(distinct).reshape(weights.shape) != weights))
        if wrong:
            yield f"{wrong} values are not those that they repeat"
        yield from self.of.defects(self._inner(parameters), distinct, kind)

    def _inner(self, parameters: Parameters) -> Parameters:
        return dataclasses.replace(parameters, layout=self.drawn(parameters.layout))
