"""The mean and the variance over the parameters of one rule: what one alone is too small for.

Weighted by the sizes: a deviation that all parameters share, as a share of their std, has the most
power so. Parameters that fail by themselves are left out: each has its own finding.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from initspec.models.assignment import Assignment
from initspec_conformance.models.battery import Measured
from initspec_conformance.statistics import error_rates

POOLED = ("mean", "variance")


class Member(NamedTuple):
    """A piece of a parameter, and whose it is."""

    assignment: Assignment
    measured: Measured


class Pool(NamedTuple):
    """What parameters come to together.

    Attributes:
        z: their deviation, in standard errors.
        off: the deviation of all together: in std, or as a share of the variance.
        p_value: two-sided.
    """

    z: float
    off: float
    p_value: float


def groups_of(members: Iterable[Member]) -> dict[str, tuple[Member, ...]]:
    """Return what is pooled: all of a rule, and all whose paths differ in numbers alone."""
    by_name: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        if not member.measured.evidence.keys() >= set(POOLED):
            continue
        part = f" {member.measured.name}" if member.measured.name else ""
        rule = member.assignment.rule
        by_name[f"the rule {rule.label!r}{part}"].append(member)
        by_name[re.sub(r"(?<![^.])\d+(?![^.])", "*", member.assignment.path) + part].append(member)
    groups: dict[tuple[int, ...], str] = {}
    for name, several in by_name.items():
        if len(several) > 1:
            groups[tuple(map(id, several))] = name  # the glob of the paths comes last, and stays
    return {name: tuple(by_name[name]) for name in groups.values()}


def pool(check: str, members: Iterable[Member]) -> Pool:
    """Return what parameters come to together: sums of all values, each weighted by its precision.

    A sum has the mean, the variance and the skewness of its law however small each parameter is.
    """
    total = information = third = 0.0
    for _, measured in members:
        rounding, n = measured.expected.rounding, _entries(measured)
        _, std, kurtosis = rounding.moments
        if check == "mean":
            total += measured.sums["mean"] / std
            information += n
            third += n * rounding.skewness[0]
        else:
            variance = kurtosis - 1  # of one square, in units of std^4
            total += (measured.sums["variance"] / std**2 - n) / variance
            information += n / variance
            third += n * rounding.skewness[1] / variance**1.5
    z = total / math.sqrt(information)
    p_value = float(error_rates.of_skewed(z, third / information**1.5))
    return Pool(z, total / information, p_value)


def _entries(measured: Measured) -> int:
    return measured.evidence["mean"].n
