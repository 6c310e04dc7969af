"""Judge one cell: its draws stream through the battery, in two stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from initspec_conformance.checks import checks_of
from initspec_conformance.checks.base import Check, Evidence, deterministic, rejects
from initspec_conformance.checks.batch import Batch
from initspec_conformance.checks.calls import GROUP, CallChecks, is_random
from initspec_conformance.expected.expected import Expected
from initspec_conformance.results.findings import Finding
from initspec_conformance.results.sketch import Sketcher
from initspec_conformance.runner.cells import Cell, CellResult, RunConfig
from initspec_conformance.runner.levels import BATCH
from initspec_conformance.runner.sampling import BadDrawError, DrawThread, Sampler, TimeBudget
from initspec_conformance.runner.seeds import PROBES, REST, probes_of, seeds_of


def judge(cell: Cell, config: RunConfig, thread: DrawThread) -> CellResult:
    """Compare the draws of a cell with what they should be; whatever goes wrong is a finding."""
    sampler = Sampler(
        cell.expected, cell.draw, thread, TimeBudget(config.level.seconds), cell.backend
    )
    sketcher = Sketcher(cell.expected)
    return CellResult(_findings(cell, config, sampler, sketcher), sketcher.sketch())


def _findings(
    cell: Cell, config: RunConfig, sampler: Sampler, observe: Callable[[Batch], None]
) -> list[Finding]:
    expected, level, rates = cell.expected, config.level, config.rates
    checks = checks_of(expected)

    def finding_of(check: Check | None, stages: Sequence[Evidence], passed: bool) -> Finding:
        first, last = stages[0], stages[-1]
        p_values = tuple(s.p_value for s in stages if s.p_value is not None)
        finding = Finding(
            check="draws",
            message=last.message,
            statistic=last.statistic,
            p_values=p_values or None,
            n=first.n,
            min_discrepancy=0.0,
            reproduce=config.reproduce(cell.owner, cell.id),
            passed=passed,
            backend=cell.owner,
            cell=cell.id,
            z=first.z,
            group=GROUP,
        )
        if check is None:
            return finding
        return replace(
            finding,
            check=check.name,
            min_discrepancy=check.min_discrepancy(first.n, expected, rates),
            unit=check.unit,
            group=check.group,
        )

    calls = CallChecks()

    def broken(error: BadDrawError) -> Finding:
        return finding_of(None, [deterministic(1, calls.count, str(error))], False)

    seeds = seeds_of(cell.id, 0, level.draws(expected, 0), config.nonce)
    try:
        batches = _observed(_batches(expected, sampler, seeds), calls, observe)
        first = stage(checks, expected, batches)
        redrawn = sampler(seeds[0], elsewhere=True)
        if is_random(expected):
            every = 32 * expected.size <= max(level.entries, cell.probed)
            _try_bits(seeds, sampler, calls, every)
    except BadDrawError as error:
        return [broken(error)]
    findings = [
        replace(finding_of(None, [evidence], not evidence.failed), check=check)
        for check, evidence in calls.evidence(expected, redrawn, sampler.moved)
    ]
    suspects = [
        check
        for check in checks
        if first[check.name].p_value is not None and rejects(first[check.name], rates.first)
    ]
    second: dict[str, Evidence] = {}
    if suspects and rates.second is not None:
        fresh = seeds_of(cell.id, 1, level.draws(expected, 1), config.nonce)
        try:
            second = stage(suspects, expected, _batches(expected, sampler, fresh))
        except BadDrawError as error:
            return [*findings, broken(error)]
    for check in checks:
        stages = [first[check.name]]
        failed = rejects(stages[0], rates.first)
        if failed and check.name in second:
            assert rates.second is not None
            stages.append(second[check.name])
            failed = rejects(stages[1], rates.second)
        findings.append(finding_of(check, stages, not failed))
    return findings


def stage(
    checks: Sequence[Check], expected: Expected, batches: Iterable[Batch]
) -> dict[str, Evidence]:
    """Return what each check finds in a stage's draws, which are read once and freed."""
    groups: dict[tuple[str, ...], list[Check]] = {}
    for check in checks:
        groups.setdefault(check.reads, []).append(check)
    states: dict[str, Any] = {}
    lead: dict[str, Any] = {}
    # A value that is wrong by far overflows a statistic; the verdict then is in its p-value.
    with np.errstate(all="ignore"):
        for batch in batches:
            batch.follow(lead)
            for reads, members in groups.items():
                for check in members:  # a state may be large: only the sum is kept
                    states[check.name] = _sum(states.get(check.name), check.measure(batch))
                batch.forget(reads)
            lead = batch.hand_on()
        return {check.name: check.evidence(states[check.name], expected) for check in checks}


def _sum(before: Any, state: Any) -> Any:
    return state if before is None else before + state


def _batches(expected: Expected, sampler: Sampler, seeds: Sequence[int]) -> Iterator[Batch]:
    """Draw one seed after the other, and hand on several small draws at once."""
    several = max(BATCH // expected.size, 1)
    for start in range(0, len(seeds), several):
        draws = [sampler(seed) for seed in seeds[start : start + several]]
        yield Batch(expected, np.stack(draws) if len(draws) > 1 else draws[0][None], start)


def _observed(
    batches: Iterable[Batch], calls: CallChecks, observe: Callable[[Batch], None]
) -> Iterator[Batch]:
    for batch in batches:
        for draw in batch.draws:
            calls.add(draw)
        yield batch
        observe(batch)


def _try_bits(seeds: Sequence[int], sampler: Sampler, calls: CallChecks, every: bool) -> None:
    """Draw for the bits of a seed alone; every one of them where draws are fast."""
    for seed in probes_of(seeds, PROBES):
        calls.add(sampler(seed))
    for seed in probes_of(seeds, REST) if every else ():
        if not sampler.slow:
            calls.add(sampler(seed))
