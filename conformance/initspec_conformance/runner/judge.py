"""Judging one target: draws stream through the battery, in two stages."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from initspec_conformance.checks import checks_of
from initspec_conformance.checks.base import Accumulator, Check, Evidence, fact, rejects
from initspec_conformance.checks.batch import Batch
from initspec_conformance.checks.coincidence import bits_of
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.target import Target
from initspec_conformance.results.findings import Finding
from initspec_conformance.runner.levels import BATCH, Level
from initspec_conformance.runner.sampling import BadDrawError, Source
from initspec_conformance.runner.seeds import PROBES, REST, probes_of, seeds_of
from initspec_conformance.statistics.error_rates import Rates

CALLS = ("draws", "reproducible", "distinct_seeds", "global_state")
"""The deterministic checks of the calls themselves."""

Observer = Callable[[Batch], None]


def tests_of(target: Target) -> tuple[str, ...]:
    """Return the names of the tests that judging a target is."""
    return (*CALLS, *(check.name for check in checks_of(target)))


def judge(
    target: Target,
    source: Source,
    *,
    cell: str,
    level: Level,
    rates: Rates,
    nonce: int,
    reproduce: str,
    probed: int = 0,
    observe: Observer | None = None,
) -> list[Finding]:
    """Hold the draws of a source against their target.

    Args:
        target: what they should be.
        source: draws by seed.
        cell: the id that the seeds are derived from.
        level: how much to draw.
        rates: the levels at which the tests reject.
        nonce: 0 in the fixed mode.
        reproduce: Python that repeats it.
        probed: how many elements may be drawn to try every bit of a seed, beside a stage's own.
        observe: sees the batches of stage 1 too, for a picture of them.
    """
    checks = checks_of(target)

    def found(check: str, evidence: Evidence, stages: Sequence[Evidence], passed: bool) -> Finding:
        described = next((c for c in checks if c.name == check), None)
        first = stages[0] if stages else evidence
        p_values = tuple(s.p_value for s in stages if s.p_value is not None)
        return Finding(
            check=check,
            message=evidence.message,
            statistic=evidence.statistic,
            p_values=p_values or None,
            n=first.n,
            min_discrepancy=described.min_discrepancy(first.n, target, rates) if described else 0.0,
            reproduce=reproduce,
            passed=passed,
            unit=described.unit if described else "",
            cell=cell,
            z=first.z,
        )

    seen = _Calls()
    seeds = seeds_of(cell, 0, level.draws(target, 0), nonce)
    try:
        first = stage(checks, target, seen.watch(_batches(target, source, seeds), observe))
        again = source(seeds[0], elsewhere=True)
        if _random(target):
            every = 32 * target.size <= max(level.entries, probed)
            _try_bits(seeds, source, seen, every)
    except BadDrawError as error:
        return [found("draws", Evidence(1.0, None, seen.count, str(error), failed=True), (), False)]
    findings = [
        found(e[0], e[1], (), not e[1].failed) for e in seen.evidence(target, source, again)
    ]
    suspects = [
        check
        for check in checks
        if first[check.name].p_value is not None and rejects(first[check.name], rates.first)
    ]
    second: dict[str, Evidence] = {}
    if suspects and rates.second is not None:
        fresh = seeds_of(cell, 1, level.draws(target, 1), nonce)
        try:
            second = stage(suspects, target, _batches(target, source, fresh))
        except BadDrawError as error:
            return [*findings, found("draws", fact(1, seen.count, str(error)), (), False)]
    for check in checks:
        stages = [first[check.name]]
        if check.name in second:
            stages.append(second[check.name])
        failed = rejects(stages[0], rates.first)
        if failed and len(stages) == 2:
            assert rates.second is not None
            failed = rejects(stages[1], rates.second)
        findings.append(found(check.name, stages[-1], stages, not failed))
    return findings


def _batches(target: Target, source: Source, seeds: Sequence[int]) -> Iterator[Batch]:
    """Draw one seed after the other, and hand on several small draws at once."""
    several = max(BATCH // target.size, 1)
    for start in range(0, len(seeds), several):
        draws = [source(seed) for seed in seeds[start : start + several]]
        yield Batch(target, np.stack(draws) if len(draws) > 1 else draws[0][None], start)


def stage(checks: Sequence[Check], target: Target, batches: Iterable[Batch]) -> dict[str, Evidence]:
    """Return what each check finds in a stage's draws, which are seen once and let go."""
    running: dict[str, Accumulator] = {check.name: check.start(target) for check in checks}
    groups: dict[tuple[str, ...], list[Accumulator]] = {}
    for check in checks:
        groups.setdefault(check.reads, []).append(running[check.name])
    # A value that is wrong by far overflows a statistic; the verdict then is in its p-value.
    with np.errstate(all="ignore"):
        for batch in batches:
            for reads, accumulators in groups.items():
                for accumulator in accumulators:
                    accumulator.add(batch)
                batch.forget(reads)
        return {name: accumulator.evidence() for name, accumulator in running.items()}


def _random(target: Target) -> bool:
    """Whether different seeds must give different draws."""
    return target.family not in ("fixed", "empty")


def _try_bits(seeds: Sequence[int], source: Source, seen: _Calls, every: bool) -> None:
    """Draw for the bits of a seed alone; every one of them where draws take no time to speak of."""
    for seed in probes_of(seeds, PROBES):
        seen.probe(source(seed))
    for seed in probes_of(seeds, REST) if every else ():
        if not source.slow:
            seen.probe(source(seed))


class _Calls:
    """What is seen of the calls themselves."""

    def __init__(self) -> None:
        self.first = b""
        self.sizes: list[bytes] = []

    @property
    def count(self) -> int:
        return len(self.sizes)

    def watch(self, batches: Iterable[Batch], observe: Observer | None) -> Iterator[Batch]:
        for batch in batches:
            self.first = self.first or _hash(batch.draws[0])
            for draw in batch.draws:
                self.probe(draw)
            yield batch
            if observe is not None:
                observe(batch)

    def probe(self, draw: Array) -> None:
        """Keep what tells a draw from others, and not from itself with other signs."""
        self.sizes.append(_hash(np.abs(draw)))

    def evidence(
        self, target: Target, source: Source, again: Array
    ) -> Iterator[tuple[str, Evidence]]:
        """Yield the verdicts on the calls; `again` is a second draw of the first seed."""
        n = self.count
        yield "draws", fact(0, n, f"{n} draws of finite values, shape and dtype right")
        other = _hash(again) != self.first
        bits = "other" if other else "the same"
        message = f"the first seed, drawn again after {n} draws, gives {bits} bits"
        yield "reproducible", fact(other, n, message)
        repeated = n - len(set(self.sizes))
        message = f"{repeated} of {n} draws of different seeds repeat the sizes of another"
        if not _random(target) or bits_of(target) < 60 + 2 * math.log2(n):
            repeated, message = 0, f"a weight of {target.size} has too few values to tell seeds"
        yield "distinct_seeds", fact(repeated, n, message)
        message = source.moved or "the global random state is untouched"
        yield "global_state", fact(bool(source.moved), n, message)


def _hash(draw: Array) -> bytes:
    return hashlib.blake2b(draw.tobytes(), digest_size=16).digest()
