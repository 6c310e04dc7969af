"""Combine the z-scores of all cells (Stouffer): finds a bias that no cell shows alone.

Stouffer et al. (1949): the sum of independent z over the root of their number is N(0, 1). A
deviation that all cells share adds up, one that differs in sign from cell to cell does not. Cells
that fail by themselves are left out: each has its own finding.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

from initspec_conformance.results.findings import Finding
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates

POOLED = ("mean", "variance")

GROUP = "moments"


def pooled(findings: Iterable[Finding], level: Rates, reproduce: str) -> list[Finding]:
    """Return the pooled findings of each backend and dtype, from stage 1 of its cells."""
    groups: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.check in POOLED and finding.z is not None and finding.passed:
            dtype = finding.cell.rpartition("/")[2]
            groups[finding.backend, dtype, finding.check].append(finding)
    return [
        _pool(members, dtype, level, reproduce)
        for (_, dtype, _), members in groups.items()
        if len(members) > 1
    ]


def _pool(members: list[Finding], dtype: str, level: Rates, reproduce: str) -> Finding:
    check = members[0].check
    z = sum(member.z or 0.0 for member in members) / math.sqrt(len(members))
    p_value = error_rates.two_sided(z)
    # One stage: the cells of stage 1 are all there is.
    alpha = level.first * (level.second or 1.0)
    n = sum(member.n for member in members)
    sees = (error_rates.upper(alpha / 2) + error_rates.upper(error_rates.MISS)) / math.sqrt(n)
    return Finding(
        check=f"pooled_{check}",
        message=f"{check}s of {len(members)} cells in {dtype} add up to z = {z:+.2f}",
        statistic=z,
        p_values=(p_value,),
        n=n,
        min_discrepancy=sees if check == "mean" else sees * math.sqrt(2),
        reproduce=reproduce,
        passed=p_value > alpha,
        unit="sigma" if check == "mean" else "of the variance",
        backend=members[0].backend,
        cell=f"all/{dtype}",
        group=GROUP,
    )
