"""The law that a spec promises its entries, built from the spec's fields with SciPy.

Nothing here asks a backend, or the resolved spec of initspec: the two are held against each
other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache

import numpy as np
from scipy import special, stats

from initspec import Fans, InitSpec, Normal, Sparse, TruncatedNormal, Uniform
from initspec.axes.layout import Layout
from initspec.distributions.rules import FanRule, Range, Std
from initspec_conformance.expected.arrays import Values


@dataclass(frozen=True)
class EntryLaw:
    """A continuous law of independent entries: mean + scale * Y.

    Attributes:
        family: "normal", "uniform" or "truncated".
        mean: the mean of the parent law, which W = mean + scale * Y is built on.
        scale: what the standard variate is multiplied with.
        ends: the ends of Y.
    """

    family: str
    mean: float
    scale: float
    ends: tuple[float, float]

    @property
    def frozen(self) -> stats.rv_continuous:
        """The same law as SciPy's frozen distribution."""
        low, high = self.ends
        match self.family:
            case "normal":
                return stats.norm(self.mean, self.scale)
            case "uniform":
                return stats.uniform(self.low, self.high - self.low)
        return stats.truncnorm(low, high, loc=self.mean, scale=self.scale)

    @property
    def low(self) -> float:
        """The lower end of the support."""
        return self.mean + self.scale * self.ends[0]

    @property
    def high(self) -> float:
        """The upper end of the support."""
        return self.mean + self.scale * self.ends[1]

    def moments(self) -> tuple[float, float, float]:
        """Return the mean, the standard deviation and the kurtosis (3 for a normal law)."""
        return _moments(self)

    def central(self, order: int) -> float:
        """Return E (W - E W)^order / sd^order."""
        return _central(self, order)

    @property
    def mirror(self) -> EntryLaw:
        """The law of -W: its lower tail is this one's upper, to all digits."""
        return replace(self, mean=-self.mean, ends=(-self.ends[1], -self.ends[0]))

    def cdf(self, x: Values, shift: Values | float | None = None) -> Values:
        """Return P(W <= x + shift); x + shift itself may be no float64."""
        y = x - self.mean
        if shift is not None:
            y = y + shift
        y = y / self.scale
        low, high = self.ends
        if self.family == "normal":
            return np.asarray(special.ndtr(y))
        y = np.clip(y, low, high)
        if self.family == "uniform":
            return np.asarray((y - low) / (high - low))
        if low > 0:  # in the upper tail ndtr is 1 to all digits: use its mirror image
            top = special.ndtr(-low)
            return np.asarray((top - special.ndtr(-y)) / (top - special.ndtr(-high)))
        bottom = special.ndtr(low)
        return np.asarray((special.ndtr(y) - bottom) / (special.ndtr(high) - bottom))

    def centred(self, u: Values) -> Values:
        """Return the quantiles of u in (0, 1), less the mean of the law."""
        low, high = self.ends
        if self.family == "normal":
            return np.asarray(self.scale * special.ndtri(u))
        if self.family == "uniform":
            return np.asarray(self.scale * (low + u * (high - low)))
        if low > 0:  # as in `cdf`
            return -self.mirror.centred(1 - u)
        bottom = special.ndtr(low)
        y = np.clip(special.ndtri(bottom + u * (special.ndtr(high) - bottom)), low, high)
        return np.asarray(self.scale * y + (self.mean - self.moments()[0]))

    def scores(self, x: Values, u: Values) -> Values:
        """Return the normal scores Phi^-1(F(x)): N(0, 1) under the law."""
        if self.family == "normal":
            return (x - self.mean) / self.scale
        tiny = 2.0**-53
        return np.asarray(special.ndtri(np.clip(u, tiny, 1 - tiny)))


@lru_cache(maxsize=256)
def _moments(law: EntryLaw) -> tuple[float, float, float]:
    if law.family == "normal":
        return law.mean, law.scale, 3.0
    if law.family == "uniform":
        return law.mean, law.scale, 1.8
    mean, variance, kurtosis = (float(x) for x in stats.truncnorm(*law.ends).stats(moments="mvk"))
    return law.mean + law.scale * mean, law.scale * math.sqrt(variance), kurtosis + 3


@lru_cache(maxsize=256)
def _central(law: EntryLaw, order: int) -> float:
    if law.family == "normal":
        return 0.0 if order % 2 else float(math.prod(range(1, order, 2)))
    if law.family == "uniform":
        return 0.0 if order % 2 else math.sqrt(3) ** order / (order + 1)
    y = stats.truncnorm(*law.ends)
    mean = float(y.mean())
    raw = [float(y.moment(k)) if k else 1.0 for k in range(order + 1)]
    terms = [math.comb(order, k) * raw[k] * (-mean) ** (order - k) for k in range(order + 1)]
    return sum(terms) / float(y.std()) ** order


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
    """Return the mean and the standard deviation that the variance rule asks for.

    LeCun et al. (1998, eq. 16), Glorot & Bengio (2010, eq. 12), He et al. (2015, eqs. 10 and 15):
    sigma = gain * sqrt(scale / fan).
    """
    match spec.variance:
        case FanRule(scale=scale):
            return 0.0, spec.gain * math.sqrt(scale / fan(fans, spec.mode))
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


def entry_law(spec: InitSpec, fans: Fans) -> EntryLaw | None:
    """Return the law of the independent entries of a weight; for sparse, of its non-zeros.

    None for the structured and constant families, whose entries are not independent draws.
    """
    inf, root3 = math.inf, math.sqrt(3)
    match spec.distribution:
        case Normal() | Sparse():
            return EntryLaw("normal", *sigma(spec, fans), (-inf, inf))
        case Uniform():
            return EntryLaw("uniform", *sigma(spec, fans), (-root3, root3))
        case TruncatedNormal(lower=lower, upper=upper, corrected=corrected):
            mean, scale = sigma(spec, fans)
            if corrected:
                scale /= float(stats.truncnorm(lower, upper).std())
            return EntryLaw("truncated", mean, scale, (lower, upper))
    return None
