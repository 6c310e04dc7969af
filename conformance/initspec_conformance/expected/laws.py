"""The law of the entries of a spec, built from the spec's fields with SciPy.

Nothing here reads a backend, or the resolved spec of initspec: the two are held against each
other. So a new family needs its law a second time, in one line:

    from initspec_conformance.expected.laws import LAWS, EntryLaw, sigma

    LAWS[Laplace] = lambda spec, fans: EntryLaw("laplace", 0.0, sigma(spec, fans)[1] / math.sqrt(2))
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import special, stats

from initspec import (
    Constant,
    DeltaOrthogonal,
    Dirac,
    FanRule,
    Fans,
    Identity,
    InitSpec,
    LogUniform,
    Mapped,
    Normal,
    Orthogonal,
    Range,
    Repeat,
    Sparse,
    Std,
    TruncatedNormal,
    Uniform,
)
from initspec.axes import Layout
from initspec.errors import SpecError
from initspec_conformance.expected.arrays import Values
from initspec_conformance.expected.computed import COMPUTED
from initspec_conformance.expected.passed import Passed


@dataclass(frozen=True)
class EntryLaw:
    """A continuous law of independent entries: mean + scale * Y.

    Attributes:
        family: "normal", "uniform", "truncated", or the name of a distribution in `scipy.stats`,
            such as "laplace", with a location and a scale; that of a function, with a parent.
        mean: the mean of the parent law, which W = mean + scale * Y is built on.
        scale: what the standard variate is multiplied with.
        ends: the ends of Y; of SciPy's distributions, their own support.
        shapes: the shape parameters of SciPy's distribution, if it has any.
        parent: the law of X, where the entries are a function of X.
    """

    family: str
    mean: float
    scale: float
    ends: tuple[float, float] = (-math.inf, math.inf)
    shapes: tuple[float, ...] = ()
    parent: EntryLaw | None = None

    def __post_init__(self) -> None:
        if self.family not in ("normal", "uniform", "truncated"):
            low, high = _standard(self).support()
            object.__setattr__(self, "ends", (float(low), float(high)))

    @property
    def frozen(self) -> Any:
        """The same law as SciPy's frozen distribution."""
        match self.family:
            case "normal":
                return stats.norm(self.mean, self.scale)
            case "uniform":
                return stats.uniform(self.low, self.high - self.low)
            case "truncated":
                return stats.truncnorm(*self.ends, loc=self.mean, scale=self.scale)
        if self.parent is not None:
            return _standard(self)
        return getattr(stats, self.family)(*self.shapes, loc=self.mean, scale=self.scale)

    @property
    def low(self) -> float:
        """The lower end of the support."""
        return self.mean + self.scale * self.ends[0]

    @property
    def high(self) -> float:
        """The upper end of the support."""
        return self.mean + self.scale * self.ends[1]

    @property
    def width(self) -> float:
        """The width of the support, 0 where it is not bounded on both sides."""
        width = self.high - self.low
        return width if math.isfinite(width) else 0.0

    def moments(self) -> tuple[float, float, float]:
        """Return the mean, the standard deviation and the kurtosis (3 for a normal law)."""
        return _moments(self)

    def central(self, order: int) -> float:
        """Return E (W - E W)^order / sd^order."""
        return _central(self, order)

    def cdf(self, x: Values, shift: float = 0.0) -> Values:
        """Return P(W <= x + shift); x + shift may be too fine for a float64."""
        y = (x - self.mean + shift) / self.scale
        low, high = self.ends
        match self.family:
            case "normal":
                return np.asarray(special.ndtr(y))
            case "uniform":
                return np.asarray((np.clip(y, low, high) - low) / (high - low))
            case "truncated":
                return _truncated(np.clip(y, low, high), low, high)
        return np.asarray(_standard(self).cdf(y))

    def sf(self, x: Values, shift: float = 0.0) -> Values:
        """Return P(W > x + shift), to all digits where it is small."""
        if self.family in ("normal", "uniform", "truncated"):  # the law of -W is of the same family
            mirror = replace(self, mean=-self.mean, ends=(-self.ends[1], -self.ends[0]))
            return mirror.cdf(-x, -shift)
        y = (x - self.mean + shift) / self.scale
        return np.asarray(_standard(self).sf(y))

    def scores(self, x: Values, u: Values) -> Values:
        """Return the normal scores Phi^-1(F(x)): N(0, 1) under the law."""
        if self.family == "normal":
            return (x - self.mean) / self.scale
        tiny = 2.0**-53
        return np.asarray(special.ndtri(np.clip(u, tiny, 1 - tiny)))


def _truncated(y: Values, low: float, high: float) -> Values:
    if low > 0:  # in the upper tail ndtr is 1 to all digits: use its mirror image
        top = special.ndtr(-low)
        return np.asarray((top - special.ndtr(-y)) / (top - special.ndtr(-high)))
    bottom = special.ndtr(low)
    return np.asarray((special.ndtr(y) - bottom) / (special.ndtr(high) - bottom))


@lru_cache(maxsize=256)
def _moments(law: EntryLaw) -> tuple[float, float, float]:
    if law.family == "normal":
        return law.mean, law.scale, 3.0
    if law.family == "uniform":
        return law.mean, law.scale, 1.8
    if law.parent is not None:
        y = Passed(law.parent, law.family)
        return y.mean(), y.std(), y.central(4)
    mean, variance, kurtosis = (float(x) for x in _standard(law).stats(moments="mvk"))
    return law.mean + law.scale * mean, law.scale * math.sqrt(variance), kurtosis + 3


@lru_cache(maxsize=256)
def _central(law: EntryLaw, order: int) -> float:
    if law.family == "normal":
        return 0.0 if order % 2 else float(math.prod(range(1, order, 2)))
    if law.family == "uniform":
        return 0.0 if order % 2 else math.sqrt(3) ** order / (order + 1)
    y = _standard(law)
    if law.parent is not None:
        return float(y.central(order))
    mean = float(y.mean())
    raw = [float(y.moment(k)) if k else 1.0 for k in range(order + 1)]
    terms = [math.comb(order, k) * raw[k] * (-mean) ** (order - k) for k in range(order + 1)]
    return sum(terms) / float(y.std()) ** order


def _standard(law: EntryLaw) -> Any:
    """Return SciPy's distribution of Y."""
    if law.family == "truncated":
        return stats.truncnorm(*law.ends)
    if law.parent is not None:
        return Passed(law.parent, law.family)
    return getattr(stats, law.family)(*law.shapes)


def fan(fans: Fans, mode: str | None) -> float:
    """Return the fan that a mode means."""
    fan_in, fan_out = fans
    return {
        "fan_in": float(fan_in),
        "fan_out": float(fan_out),
        "fan_avg": (fan_in + fan_out) / 2,
        "fan_geo_avg": math.sqrt(fan_in * fan_out),
        None: 1.0,
    }[mode]


def sigma(spec: InitSpec, fans: Fans) -> tuple[float, float]:
    """Return the mean and the standard deviation of the variance rule.

    LeCun et al. (1998, eq. 16), Glorot & Bengio (2010, eq. 12), He et al. (2015, eqs. 10 and 15):
    sigma = gain * sqrt(scale / fan). With another power of the fan, gain * sqrt(scale) * fan^power.
    """
    match spec.variance:
        case FanRule(scale=scale, power=power):
            return 0.0, spec.gain * math.sqrt(scale) * fan(fans, spec.mode) ** power
        case Std(std=std, mean=mean):
            return mean, spec.gain * std
        case Range(low=low, high=high):
            return (low + high) / 2, spec.gain * (high - low) / math.sqrt(12)
    raise TypeError(f"{spec} has no variance rule")


def zeros_of(spec: InitSpec, layout: Layout) -> tuple[int, int, int]:
    """Return the zeros of a slice of a sparse weight, its entries, and how many slices there are.

    Martens (2010), section 5. The sparsity is the decimal number that it prints as.
    """
    family = spec.distribution
    assert isinstance(family, Sparse)
    entries, across = layout.columns, layout.out
    if family.along == "out":
        entries, across = across, entries
    exact = Decimal(repr(family.sparsity)) * entries
    return int(exact.to_integral_value(ROUND_CEILING)), entries, layout.stack * across


def _normal(spec: InitSpec, fans: Fans) -> EntryLaw:
    return EntryLaw("normal", *sigma(spec, fans))


def _uniform(spec: InitSpec, fans: Fans) -> EntryLaw:
    return EntryLaw("uniform", *sigma(spec, fans), (-math.sqrt(3), math.sqrt(3)))


def _truncated_normal(spec: InitSpec, fans: Fans) -> EntryLaw:
    family = spec.distribution
    assert isinstance(family, TruncatedNormal)
    mean, scale = sigma(spec, fans)
    if family.corrected:
        scale /= float(stats.truncnorm(family.lower, family.upper).std())
    return EntryLaw("truncated", mean, scale, (family.lower, family.upper))


def _log_uniform(spec: InitSpec, _fans: Fans) -> EntryLaw:
    family = spec.distribution
    assert isinstance(family, LogUniform)
    return EntryLaw("loguniform", 0.0, 1.0, shapes=(family.low, family.high))


def _mapped(spec: InitSpec, fans: Fans) -> EntryLaw:
    family = spec.distribution
    assert isinstance(family, Mapped)
    parent = InitSpec(family.of, spec.variance, spec.gain, spec.mode)
    return EntryLaw(family.through, 0.0, 1.0, parent=LAWS[type(family.of)](parent, fans))


LAWS: dict[type, Callable[[InitSpec, Fans], EntryLaw]] = {
    Normal: _normal,
    Sparse: _normal,  # of the entries that are not 0
    Uniform: _uniform,
    TruncatedNormal: _truncated_normal,
    LogUniform: _log_uniform,
    Mapped: _mapped,
}
"""The law of the independent entries of each family, from a spec and the fans of a weight."""

STRUCTURED: dict[type, str] = {
    Sparse: "sparse",
    Orthogonal: "haar",
    DeltaOrthogonal: "haar",
    Constant: "fixed",
    Identity: "fixed",
    Dirac: "fixed",
    **dict.fromkeys(COMPUTED, "fixed"),
}
"""Families whose entries are not independent, and the checks that apply to them instead."""

NOISY = (Identity, Dirac)
"""Families that are "parts" where they have noise: see `expected/parts.py`."""


def structure_of(spec: InitSpec) -> str:
    """Return which checks apply to a spec: "iid", "sparse", "haar" or "fixed".

    "parts" are judged one by one, and none applies to the whole.

    Raises:
        SpecError: the suite has no independent law for the family.
    """
    family = type(spec.distribution)
    if isinstance(spec.distribution, Repeat):
        structure_of(InitSpec(spec.distribution.of, spec.variance, spec.gain, spec.mode))
        return "parts"
    if family not in LAWS and family not in STRUCTURED:
        raise SpecError(
            f"no independent law for '{spec.distribution.name()}': add one to LAWS in "
            "conformance/initspec_conformance/expected/laws.py, or to that dict in your tests"
        )
    if isinstance(spec.distribution, NOISY) and spec.distribution.noise:
        return "parts"
    return STRUCTURED.get(family, "iid")


def entry_law(spec: InitSpec, fans: Fans) -> EntryLaw | None:
    """Return the law of the independent entries of a weight; for sparse, of its non-zeros.

    None for the structured and constant families, whose entries are not independent draws of one
    law.

    Raises:
        SpecError: the suite has no independent law for the family.
    """
    if structure_of(spec) in ("haar", "fixed", "parts"):
        return None
    return LAWS[type(spec.distribution)](spec, fans)
