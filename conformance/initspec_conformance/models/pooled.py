"""The mean and the variance over the parameters of one rule: what one alone is too small for.

Weighted by the sizes: a deviation that all parameters share, as a share of their std, has the most
power so. Parameters that fail by themselves are left out: each has its own finding.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from initspec.models.assignment import Assignment
from initspec_conformance.models.battery import Measured
from initspec_conformance.statistics import error_rates

POOLED = ("mean", "variance")


class Member(NamedTuple):
    """A piece of a parameter, and whose it is."""

    assignment: Assignment
    measured: Measured


@dataclass(frozen=True)
class Pool:
    """The parameters that are judged together.

    Attributes:
        name: the rule of a recipe, or the glob of the paths.
        check: "mean" or "variance".
        members: the pieces.
        z: their z together.
        off: the deviation of all together: in std, or as a share of the variance.
        sees: the deviation that would have been seen, times the reach of a level.
    """

    name: str
    check: str
    members: tuple[Member, ...]
    z: float
    off: float
    sees: float

    @property
    def p_value(self) -> float:
        """The two-sided p-value."""
        return error_rates.two_sided(self.z)


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


def pool(name: str, check: str, members: tuple[Member, ...]) -> Pool:
    """Return what parameters come to together."""
    total = weights = 0.0
    for _, measured in members:
        evidence = measured.evidence[check]
        weight = evidence.n / _spread(measured, check) ** 2
        total += math.sqrt(weight) * (evidence.z or 0.0)
        weights += weight
    z = total / math.sqrt(weights)
    return Pool(name, check, members, z, total / weights, 1 / math.sqrt(weights))


def _spread(measured: Measured, check: str) -> float:
    """Return the standard deviation of the statistic of one value, in units of the deviation."""
    if check == "mean":
        return 1.0
    return math.sqrt(measured.expected.rounding.moments[2] - 1)
