"""The specs whose numbers a tensor has."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache

from initspec import Axes, InitSpec
from initspec.dtypes import FLOATS, numpy_dtype
from initspec.errors import InitSpecError
from initspec_conformance.expected.describe import round_specs
from initspec_conformance.inspection.moments import Moments

KURTOSIS = {"normal": 3.0, "uniform": 1.8, "truncated_normal": 2.3655}
"""The kurtosis of each family; of a normal law that is cut at two standard deviations."""

ERROR = {"normal": math.sqrt(24), "uniform": math.sqrt(1.32), "truncated_normal": math.sqrt(3.85)}
"""The standard error of the kurtosis of n values, times sqrt(n)."""

ENDS = {"normal": math.inf, "uniform": math.sqrt(3), "truncated_normal": 2 / 0.87962566}
"""Where each family ends, in standard deviations."""

ERRORS = 5
"""How many standard errors a number may be off."""

LOOSE = 0.2
"""A standard deviation that is less certain than this is that of too many specs."""

NAMED = 3
"""How many specs are named at most."""

_RULES = (
    *(("he", "fan_in"), ("glorot", "fan_avg"), ("lecun", "fan_in")),
    *(("he", "fan_out"), ("lecun", "fan_out"), ("he", "fan_avg")),
)
"""The commonest first."""

Candidate = tuple[str, str, float]
"""A family, the line of a spec, and the standard deviation that it has."""


def specs_of(
    moments: Moments,
    shape: tuple[int, ...],
    dtype: str,
    axes: Axes | None,
    more: Iterable[Candidate] | None = None,
) -> str:
    """Return the specs that have the numbers of a tensor, "" where none has; a number as it is.

    Args:
        moments: its numbers.
        shape: its shape.
        dtype: its dtype.
        axes: by which its fans are counted; None where it has none.
        more: what else it may have been drawn by; None where the axes are those of a name alone, so
            that the fans are named.
    """
    if moments.constant:
        value = _shortest(moments.low, dtype)
        # A number alone may have been drawn.
        known = moments.size > 1 or value in (0, 1)
        return str(InitSpec.constant(value)) if known else f"the number {value}"
    n = moments.size - moments.zeros - moments.bad
    mean, std, kurtosis = moments.dense
    if n < 2 or not std or not math.isfinite(kurtosis):
        return ""
    spread = ERRORS * math.sqrt(max(kurtosis - 1, 0.1) / (4 * n)) + FLOATS[dtype].eps / 4
    if spread > LOOSE or abs(mean) > 6 * std / math.sqrt(n):
        return ""
    families = _families(moments, spread, n)
    of_fans = () if axes is None else _of_fans(shape, axes, more is None)
    fits = _near(of_fans, families, std, spread)
    same = {f"{off:.5f}" for off, _ in fits}
    of_recipes = _near(more or (), families, std, spread)
    fits += [fit for fit in of_recipes if f"{fit[0]:.5f}" not in same]
    fits = fits or _near(round_specs(std, spread), families, std, spread)
    nearest = sorted(fits)[:NAMED]
    # In the order of the candidates, so that the blocks of a model have one text.
    named = " or ".join(fit[1] for fit in fits if fit in nearest)
    share = moments.zeros / moments.size
    return f"{named}, beside {share:.0%} zeros" if named and share > 0.01 else named


def _shortest(value: float, dtype: str) -> float:
    """Return the number of the fewest digits that a dtype holds as a value: 1e-05 of float32."""
    holds = numpy_dtype(FLOATS[dtype]).type
    numbers = (float(f"{value:.{digits}g}") for digits in range(1, 17))
    return next((number for number in numbers if float(holds(number)) == value), value)


def _families(moments: Moments, spread: float, n: int) -> list[str]:
    """Return which families have the kurtosis and the range of a tensor, two at most."""
    _, std, kurtosis = moments.dense
    reach = max(abs(moments.low), abs(moments.high)) / std
    off = {family: abs(kurtosis - value) for family, value in KURTOSIS.items()}
    near = [
        family
        for family in off
        if off[family] < ERRORS * ERROR[family] / math.sqrt(n) + 0.02
        and reach < ENDS[family] * (1 + spread)
    ]
    return sorted(near, key=off.__getitem__)[:2]


def _near(
    candidates: Iterable[Candidate], families: list[str], std: float, spread: float
) -> list[tuple[float, str]]:
    """Return how far off those are that fit, each with its line."""
    fits: dict[tuple[str, str], tuple[float, str]] = {}
    for family, line, value in candidates:
        if family in families and value > 0 and (off := abs(math.log(std / value))) < spread:
            rule = re.split(r"[( ]", line)[0]  # of a rule and another mode on a square the first
            rank = 1e-6 * families.index(family)  # of equal ones the family that is nearest
            fits.setdefault((rule, f"{value:.6g}"), (off + rank, line))
    return list(fits.values())


@lru_cache(maxsize=256)  # blocks have the same shapes
def _of_fans(shape: tuple[int, ...], axes: Axes, named: bool) -> tuple[Candidate, ...]:
    """Return the specs whose standard deviation comes of fans; those of the shape, or named."""
    candidates = []
    with suppress(InitSpecError):
        fans = InitSpec.he_normal().fans(shape, axes)
        by_mode = {
            "fan_in": f"fan {fans.fan_in}",
            "fan_out": f"fan {fans.fan_out}",
            "fan_avg": f"fans {fans.fan_in} and {fans.fan_out}",
        }
        for family in KURTOSIS:
            for rule, mode in _RULES:
                if {"fan_in": fans.fan_in, "fan_out": fans.fan_out}.get(mode) == 1:
                    continue  # it scales nothing, as that of an embedding: normal(std=1)
                spec = InitSpec(family, rule, mode=mode)
                line = f"{str(spec).partition('(')[0]} of {by_mode[mode]}" if named else str(spec)
                candidates.append((family, line, spec.std(shape, axes)))
        spec = InitSpec.variance_scaling(scale=1 / 3, distribution="uniform")
        of = str(fans.fan_in) if named else "fan_in"
        candidates.append(("uniform", f"uniform(+-1/sqrt({of}))", spec.std(shape, axes)))
    return tuple(candidates)
