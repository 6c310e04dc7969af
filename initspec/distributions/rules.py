"""Variance rules: they set sigma, the standard deviation of a spec, and its mean.

Every sigma is the exact real number rounded once to float64, so that two specs of one meaning give
the same bits however they are written.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Annotated, ClassVar

import msgspec

from initspec.distributions.names import whole_spec
from initspec.errors import SpecError, unknown
from initspec.numerics.validation import finite, positive

LARGEST = 1.7976931348623157e308
Finite = Annotated[float, msgspec.Meta(ge=-LARGEST, le=LARGEST)]
Positive = Annotated[float, msgspec.Meta(gt=0, le=LARGEST)]

Power = Annotated[float, msgspec.Meta(ge=-4, le=4, extra_json_schema={"not": {"const": 0}})]
USUAL_POWER = -0.5
"""The power of the fan under which the variance is scale / fan."""
_LARGEST_DENOMINATOR = 100

Meaning = tuple[str, *tuple[Fraction, ...]]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    """What sets the mean and the standard deviation of the weights, before the gain."""

    takes_mode: ClassVar[bool] = False

    def center(self) -> float:
        """Return the mean of the weights; the gain does not move it."""
        return 0.0

    def sigma(self, gain: float, squared_fan: Fraction) -> float:
        """Return sigma = gain times the rule's standard deviation, correctly rounded."""
        raise NotImplementedError

    def support(self, gain: float) -> tuple[float, float] | None:
        """Return the exact ends of the support where the rule fixes them."""
        return None

    def meaning(self, gain: float) -> Meaning:
        """Return what the rule and the gain mean together, exactly: equal keys, equal laws."""
        raise NotImplementedError


def fraction(power: float) -> Fraction:
    """Return the fraction that a power of the fan stands for."""
    return Fraction(power).limit_denominator(_LARGEST_DENOMINATOR)


def _power(value: object) -> float:
    """Return the power of a fan; raise SpecError where sigma cannot be computed exactly with it."""
    power = finite("power", value)
    if not power:
        raise SpecError("power=0.0: no fan enters then; write a fixed rule, such as Std(0.02)")
    if abs(power) > 4 or float(fraction(power)) != power:
        raise SpecError(
            f"power={power!r}: pass a fraction from -4 to 4 with a denominator of at most "
            f"{_LARGEST_DENOMINATOR}, such as -1, -0.75 or -1 / 3"
        )
    return USUAL_POWER if power == USUAL_POWER else power  # msgspec omits the default by identity


class FanRule(Rule, frozen=True, tag="fan", omit_defaults=True):
    """sigma = gain * sqrt(scale) * fan^power; at the power -1/2, gain * sqrt(scale / fan).

    At -1/2 the variance of a unit's input does not grow with depth. scale 1 with fan_in is LeCun et
    al. (1998, "Efficient BackProp", eq. 16), scale 1 with the mean of both fans Glorot & Bengio
    (2010, eq. 12), scale 2 with fan_in He et al. (2015, eq. 10). The power -1 is that of the first
    layer of SIREN, U(-1/fan_in, 1/fan_in) (Sitzmann et al. 2020, section 3.2), and of the read-out
    of muP (Yang et al. 2022, table 3).

    Args:
        scale: a positive number.
        power: from -4 to 4 and not 0: a fraction with a denominator of at most 100, such as -0.75,
            or the float64 next to it, as -1 / 3 is.
    """

    scale: Positive
    power: Power = USUAL_POWER

    takes_mode: ClassVar[bool] = True

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "scale", positive("scale", self.scale))
        msgspec.structs.force_setattr(self, "power", _power(self.power))

    @property
    def is_usual(self) -> bool:
        """Whether the variance is scale / fan."""
        return self.power == USUAL_POWER

    def sigma(self, gain: float, squared_fan: Fraction) -> float:
        # sigma^2 = gain^2 * scale * (fan^2)^power, whose power of the denominator is rational.
        power = fraction(self.power)
        variance = Fraction(gain) ** 2 * Fraction(self.scale)
        radicand = variance**power.denominator * squared_fan**power.numerator
        return _root(radicand, 2 * power.denominator)

    def meaning(self, gain: float) -> Meaning:
        product = Fraction(gain) ** 2 * Fraction(self.scale)
        return ("fan", product) if self.is_usual else ("fan", product, fraction(self.power))


class Std(Rule, frozen=True, tag="std"):
    """The fixed rule: sigma = gain * std, whatever the shape.

    Args:
        std: a positive number, in units of the weight.
        mean: the mean of the weights (of the parent law for a truncated normal).
    """

    std: Positive
    mean: Finite = 0.0

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "std", positive("std", self.std))
        msgspec.structs.force_setattr(self, "mean", finite("mean", self.mean))

    def center(self) -> float:
        return self.mean

    def sigma(self, gain: float, squared_fan: Fraction) -> float:
        return gain * self.std

    def meaning(self, gain: float) -> Meaning:
        return "std", Fraction(gain) * Fraction(self.std), Fraction(self.mean)


class Range(Rule, frozen=True, tag="range"):
    """The fixed rule of a uniform law by its ends: sigma = gain * (high - low) / sqrt(12).

    Args:
        low: the lower end, kept exactly where the gain is 1.
        high: the upper end, above `low`.
    """

    low: Finite
    high: Finite

    def __post_init__(self) -> None:
        low, high = finite("low", self.low), finite("high", self.high)
        if low >= high:
            raise SpecError(f"low={low!r}, high={high!r}: low must lie below high")
        msgspec.structs.force_setattr(self, "low", low)
        msgspec.structs.force_setattr(self, "high", high)

    def center(self) -> float:
        return float((Fraction(self.low) + Fraction(self.high)) / 2)

    def sigma(self, gain: float, squared_fan: Fraction) -> float:
        low, high = self._ends(gain)
        return _root((high - low) ** 2 / 12, 2)

    def support(self, gain: float) -> tuple[float, float]:
        low, high = self._ends(gain)
        return _float(low), _float(high)

    def meaning(self, gain: float) -> Meaning:
        return "range", *self._ends(gain)

    def _ends(self, gain: float) -> tuple[Fraction, Fraction]:
        low, high = Fraction(self.low), Fraction(self.high)
        middle, half = (low + high) / 2, Fraction(gain) * (high - low) / 2
        return middle - half, middle + half


RULES: tuple[type[Rule], ...] = (FanRule, Std, Range)

NAMED = {
    "lecun": (FanRule(1.0), "fan_in"),
    "glorot": (FanRule(1.0), "fan_avg"),
    "xavier": (FanRule(1.0), "fan_avg"),
    "he": (FanRule(2.0), "fan_in"),
    "kaiming": (FanRule(2.0), "fan_in"),
}
"""The fan rules that have names, and the mode that each is used with unless one is given."""


def rule_of(variance: object) -> tuple[Rule, str | None]:
    """Return the rule of a name, a number (a scale) or a rule, and its default mode."""
    if isinstance(variance, Rule):
        return variance, "fan_in" if variance.takes_mode else None
    if isinstance(variance, str):
        try:
            return NAMED[variance]
        except KeyError:
            problem = whole_spec(variance, "variance rule")
            raise SpecError(problem or unknown("variance rule", variance, NAMED)) from None
    return FanRule(variance), "fan_in"  # type: ignore[arg-type]


def he_scale(negative_slope: float) -> float:
    """Return 2 / (1 + negative_slope^2), the scale for a leaky ReLU (He et al. 2015, eq. 15)."""
    slope = finite("negative_slope", negative_slope)
    scale = 2.0 / (1.0 + slope * slope)
    if not scale:
        raise SpecError(f"negative_slope={slope!r}: its square is beyond float64; lower it")
    return scale


def short_slope(scale: float) -> float | None:
    """Return the negative slope of a He scale where that is a short decimal number, else None.

    >>> short_slope(2 / 1.04), short_slope(1 / 3)
    (0.2, None)
    """
    square = 2 / scale - 1
    if not 0 < square < 1e6:
        return None
    slope = round(math.sqrt(square), 6)
    return slope if math.isclose(he_scale(slope), scale, rel_tol=4e-16) else None


def exact_root(square: Fraction) -> float | None:
    """Return the float whose square is exactly `square`, None where there is none.

    >>> exact_root(Fraction(9, 4)), exact_root(Fraction(2))
    (1.5, None)
    """
    root = Fraction(math.isqrt(square.numerator), math.isqrt(square.denominator))
    try:
        return float(root) if Fraction(float(root)) ** 2 == square else None
    except OverflowError:  # a root beyond float64
        return None


def _float(x: Fraction) -> float:
    """Return the nearest float64; an infinity where float64 cannot hold it."""
    try:
        return float(x)
    except OverflowError:
        return math.inf if x > 0 else -math.inf


def _root(x: Fraction, degree: int) -> float:
    """Return x ** (1/degree) rounded once to the nearest float64; inf where that is beyond it."""
    # 2^shift makes the integer root at least 64 bits long; a sticky last bit is set where anything
    # was cut off, so that the one division rounds as that of the exact root would.
    shift = max(0, 66 - (x.numerator.bit_length() - x.denominator.bit_length()) // degree)
    whole, rest = divmod(x.numerator << (degree * shift), x.denominator)
    root = integer_root(whole, degree)
    sticky = int(rest != 0 or root**degree != whole)
    try:
        return (2 * root + sticky) / (1 << (shift + 1))
    except OverflowError:
        return math.inf


def integer_root(x: int, degree: int) -> int:
    """Return the largest integer whose power is at most x.

    >>> integer_root(26, 3), integer_root(27, 3), integer_root(10**24, 6)
    (2, 3, 10000)
    """
    while degree % 2 == 0:  # the root of a floor is that of the number, floored
        x, degree = math.isqrt(x), degree // 2
    if degree == 1 or x < 2:
        return x
    root = 1 << -(-x.bit_length() // degree)  # above it, so that Newton's steps fall
    while (lower := ((degree - 1) * root + x // root ** (degree - 1)) // degree) < root:
        root = lower
    return root
