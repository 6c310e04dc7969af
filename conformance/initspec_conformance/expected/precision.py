"""Laws so narrow that how a generator rounds its mean or bounds makes another law of them."""

from __future__ import annotations

import math

import numpy as np

from initspec.errors import SpecError
from initspec_conformance.checks.shape import SHARES
from initspec_conformance.expected.laws import EntryLaw
from initspec_conformance.expected.rounding import spacing_of
from initspec_conformance.expected.target import Target

TWICE = 1.0
"""How many standard errors rounding may move a law by where a verdict takes two stages.

A test of two stages then fails a right weight with a probability of 3e-9, where it is 1e-11 else.
"""
ONCE = 0.25
"""The same where a weight is judged as it is: 5e-7 over the tests of one that it moves."""

STRADDLED = 0.25
"""A 16-bit value of this mass has few neighbours: what lies on an edge is rounded twice."""

INSIDE = 2
"""By how many spacings generators move the ends of a bounded law, to keep within them."""


def check_precision(target: Target, n: int, allowed: float) -> None:
    """Refuse a law of which n draws show how its mean, bounds and scale were rounded.

    Generators compute in float32, or float64 for float64, and round what they are given first; they
    move the ends of a bounded law inside. That is no fault of theirs, and neither is it one not to:
    where draws tell which was done, a verdict would fail one of two right ones.

    Args:
        target: what is to be judged.
        n: how many values are.
        allowed: how many standard errors of their mean, variance or tails rounding may make.

    Raises:
        SpecError: n draws show it.
    """
    if target.law is None or target.family == "fixed":
        return
    law, working = target.law, _working(target)
    _, std, kurtosis = law.moments()
    moved, scaled = _rounded(target, law, working)
    shifted = (moved / std + 2 * scaled / math.sqrt(kurtosis - 1)) * math.sqrt(n)
    errors = max(shifted, max(ends_inside(target)) * math.sqrt(n / _least_tail(target)))
    if errors <= allowed:
        return
    what = f"'{target.spec}' in {target.dtype} cannot be judged on {n} values: "
    if not math.isfinite(errors) or (working == "float32" and not _single(law.scale)):
        raise SpecError(f"{what}{working} does not hold its mean or its std of {std:.4g}")
    exact = "" if law.family == "uniform" else f"a mean that {working} holds exactly, "
    raise SpecError(
        f"{what}its std of {std:.4g} is so small beside its values that rounding its mean or "
        f"bounds to {working}, as generators do, is {errors:.2g} standard errors of a mean, a "
        f"variance or a tail, {allowed:g} allowed. Judge fewer values (a lower level), {exact}or a "
        "wider law" + (", or draw in float64" if working == "float32" else "")
    )


def ends_inside(target: Target) -> tuple[float, float]:
    """Return the mass that generators may leave out at the lower and the upper end of a law."""
    law = target.law
    assert law is not None
    if law.family == "normal":
        return 0.0, 0.0
    step = INSIDE * spacing_of(law, _working(target))
    low, high = np.array([law.low]), np.array([law.high])
    return float(law.cdf(low, step)[0]), float(law.mirror.cdf(-high, step)[0])


def _least_tail(target: Target) -> float:
    """Return the mass of the smallest tail that is counted: a 16-bit value is one as a whole."""
    if not target.narrow:
        return SHARES[-1]
    met = target.rounded.masses[target.rounded.masses > 0]
    return max(SHARES[-1], float(min(met[0], met[-1])))


def _working(target: Target) -> str:
    """Return the dtype that generators compute in."""
    return "float64" if target.dtype == "float64" else "float32"


def _rounded(target: Target, law: EntryLaw, working: str) -> tuple[float, float]:
    """Return how far rounding moves the mean of a law, and by which share its scale, at most."""
    spacing = spacing_of(law, working)
    if law.family == "uniform":
        return INSIDE / 2 * spacing, 2 * INSIDE * spacing / (law.high - law.low)
    if working == "float64":
        return 0.0, 0.0
    moved = abs(_single(law.mean) - law.mean)
    if target.narrow and float(target.rounded.masses.max()) > STRADDLED:
        moved += spacing / 2
    return moved, abs(_single(law.scale) / law.scale - 1)


def _single(x: float) -> float:
    with np.errstate(over="ignore", under="ignore"):
        return float(np.float32(x))
