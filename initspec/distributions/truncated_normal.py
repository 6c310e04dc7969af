"""The truncated normal distribution."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from initspec.distributions.base import Distribution, Elementwise
from initspec.distributions.formula import Formula, RuleFormula, independent, number
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Array, Primitives
from initspec.distributions.rules import Finite, Rule, Std
from initspec.distributions.short_calls import call, fan_call, folded
from initspec.errors import SpecError
from initspec.numerics import gaussian
from initspec.numerics.law import Law
from initspec.numerics.validation import finite

LEAST_MASS = 1e-9
"""The least P(lower <= Z <= upper): below it float32 samplers see but a few distinct values."""


class TruncatedNormal(Elementwise, frozen=True, tag="truncated_normal"):
    """A normal conditioned on lying between two bounds: Y ~ N(0, 1) given lower <= Y <= upper.

    The law is never recentred: `mean` is the parent's, and with unequal bounds the weights' own
    mean differs (`InitSpec.mean` gives it).

    Args:
        lower: lower bound in standard deviations of the parent.
        upper: upper bound in standard deviations of the parent.
        corrected: True makes sigma the std of the weights, as `variance_scaling` of Keras and JAX
            does: the parent's std is sigma / sd(Y), sigma / 0.8796 at two sigmas. False makes sigma
            the parent's std, as Keras' `TruncatedNormal` and JAX' `truncated_normal` do.

    Raises:
        SpecError: lower >= upper, or fewer than one normal in a billion lies between them.
    """

    lower: Finite = -2.0
    upper: Finite = 2.0
    corrected: bool = True

    truncates: ClassVar[bool] = True

    def __post_init__(self) -> None:
        lower, upper = finite("lower", self.lower), finite("upper", self.upper)
        if not isinstance(self.corrected, bool):
            raise SpecError(f"corrected={self.corrected!r}: pass True or False")
        if lower >= upper:
            raise SpecError(f"lower={lower!r}, upper={upper!r}: lower must lie below upper")
        if gaussian.truncated(lower, upper).mass < LEAST_MASS:
            raise SpecError(
                f"lower={lower!r}, upper={upper!r}: less than {LEAST_MASS:g} of a normal law lies "
                "between them, too little to draw from; bring the bounds nearer to 0 or apart"
            )
        msgspec.structs.force_setattr(self, "lower", lower)
        msgspec.structs.force_setattr(self, "upper", upper)

    @property
    def variate(self) -> Law:
        moments = gaussian.truncated(self.lower, self.upper)
        # Above 0 the mirrored tail is measured: there the cdf is near 1, and differences cancel.
        side = -1.0 if self.lower > 0 else 1.0
        below = gaussian.cdf(side * self.lower)

        def cdf(y: ArrayLike) -> NDArray[np.float64]:
            inside = np.clip(np.asarray(y, np.float64), self.lower, self.upper)
            share = side * (gaussian.cdf(side * inside) - below) / moments.mass
            return np.clip(share, 0.0, 1.0)

        return Law(
            moments.mean,
            moments.std,
            self.lower,
            self.upper,
            moments.kurtosis,
            cdf,
            moments.skewness,
        )

    @property
    def spread(self) -> float:
        return gaussian.truncated(self.lower, self.upper).std if self.corrected else 1.0

    def sample(self, parameters: Parameters, draw: Primitives) -> Array:
        return draw.truncated_normal(parameters.mean, parameters.scale, self.lower, self.upper)

    @property
    def sigma_is_std(self) -> bool:
        return self.corrected

    @property
    def std_note(self) -> str:
        return "" if self.corrected else f" = {number(self.variate.std)} * sigma, after the cut"

    def formula(self, rule: RuleFormula) -> Formula:
        ends = " and ".join(_moved(rule.mean, end) for end in (self.lower, self.upper))
        by = f" / {number(self.spread)}" if self.corrected else ""
        whose = "" if self.corrected else " before the cut"
        short = (
            f"N({number(rule.mean)}, {rule.variance}){whose}, "
            f"cut at {number(self.lower)}, {number(self.upper)}"
        )
        law = f"N({number(rule.mean)}, s^2) kept between {ends}"
        return independent(law, f"s = sigma{by}, sigma = {rule.sigma}", short)

    def short_call(self, rule: Rule | None, gain: float, mode: str | None) -> str | None:
        bounds: dict[str, Any] = {"lower": (self.lower, -2.0), "upper": (self.upper, 2.0)}
        bounds["corrected"] = (self.corrected, True)
        match folded(rule, gain):
            case Std(std, mean):
                return call("truncated_normal", std=std, mean=(mean, 0.0), **bounds)
        return fan_call("truncated_normal", rule, gain, mode, self.corrected, **bounds)

    def contrast(self, other: Distribution) -> str:
        cut = f"cut at {number(self.lower)} and {number(self.upper)} parent standard deviations"
        return cut if self.corrected else f"{cut}, the std then {number(self.variate.std)} of it"


def _moved(mean: float, bound: float) -> str:
    """Return mean + bound * s as one writes it.

    >>> _moved(3.0, -1.0), _moved(0.5, 2.0), _moved(0.0, -2.0), _moved(3.0, 0.0), _moved(0.0, 1.0)
    ('3 - s', '0.5 + 2 s', '-2 s', '3', 's')
    """
    size = "s" if abs(bound) == 1 else f"{number(abs(bound))} s"
    if mean == 0:
        return "0" if bound == 0 else f"{'-' if bound < 0 else ''}{size}"
    return number(mean) if bound == 0 else f"{number(mean)} {'-' if bound < 0 else '+'} {size}"
