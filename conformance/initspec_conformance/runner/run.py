"""A run: backends through the manifest, and the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from initspec import backends as registered
from initspec.backend import Backend, known_deviations, usable
from initspec.errors import InitSpecError
from initspec_conformance.results.findings import Finding
from initspec_conformance.results.known_deviations import declared, excuse
from initspec_conformance.results.pooled import pooled
from initspec_conformance.results.report import Report
from initspec_conformance.runner.jobs import Done, Job, do, manifest, reproduce, terms_of
from initspec_conformance.runner.levels import Level, level_of
from initspec_conformance.runner.parallel import Gathering
from initspec_conformance.runner.seeds import nonce_of

Progress = Callable[[int, int, str, bool], None]
"""Called as progress(jobs done, jobs in all, what was done, whether it passed)."""


def run(
    backends: Sequence[str | Backend[Any]] | str | Backend[Any],
    level: str | Level = "default",
    seed: int | str | None = None,
    *,
    only: str = "*",
    progress: Progress | None = None,
    workers: int | None = None,
) -> Report:
    """Hold backends against everything the suite checks.

    Args:
        backends: registered names, or any objects that satisfy `initspec.Backend`; or one of them.
        level: "quick", "default" or "thorough".
        seed: None or 0 for the fixed seeds that CI has, "fresh" for new ones, an int to repeat a
            fresh run by its nonce.
        only: a pattern of the cells and properties to check: "he_normal/*", "*/float32", "stream".
        progress: called after each cell.
        workers: how many cells are judged at a time; None takes the number of cores. Draws come
            one after the other whatever it is, and the result does not depend on it.

    Returns:
        The report. A backend that raises, hangs or returns something else than a weight is a
        failure in it. Interrupted by Ctrl-C it holds what was found by then, and did not pass.

    Raises:
        BackendError: a name is not registered, or its framework cannot be used here.
        InitSpecError: there is nothing to check: no backend, or no cell that `only` matches; or
            the level, the seed or `workers` are none.
    """
    begun = time.perf_counter()
    chosen, nonce = level_of(level), nonce_of(seed)
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise InitSpecError(f"workers={workers!r}: pass how many, or None for all cores")
    if isinstance(backends, str) or not isinstance(backends, Iterable):
        backends = [backends]
    if not backends:
        raise InitSpecError(f"no backend to check: name one or more of {', '.join(registered())}")
    jobs = manifest([usable(backend) for backend in backends], chosen.name, only)
    terms = terms_of(jobs, chosen, nonce)

    def tell(count: int, index: int, done: Done) -> None:
        if progress is not None:
            passed = all(finding.passed for finding in done.findings)
            progress(count, len(jobs), f"{jobs[index].owner} {jobs[index].name}", passed)

    gathering: Gathering[Job, Done] = Gathering(lambda job, caller: do(job, terms, caller), workers)
    gathering(_backends(jobs), jobs, tell)
    done = gathering.results
    finished = sorted(done)
    findings = _excused([f for i in finished for f in done[i].findings], jobs, chosen)
    for backend in _backends(jobs):
        name = str(backend.name)
        own = [finding for finding in findings if finding.backend == name]
        findings += pooled(own, terms.rates, reproduce(backend, only, terms))
    return Report(
        checks=tuple(findings),
        level=chosen.name,
        nonce=nonce,
        tests=terms.tests,
        versions=gathering.versions,
        seconds=time.perf_counter() - begun,
        interrupted=gathering.interrupted,
        sketches={
            (jobs[i].owner, jobs[i].name): sketch
            for i in finished
            if (sketch := done[i].sketch) is not None
        },
    )


def _backends(jobs: Sequence[Job]) -> list[Backend[Any]]:
    return list({id(job.backend): job.backend for job in jobs}.values())


def _excused(findings: list[Finding], jobs: Sequence[Job], level: Level) -> list[Finding]:
    judged = []
    for backend in _backends(jobs):
        name = str(backend.name)
        own = [finding for finding in findings if finding.backend == name]
        if deviations := declared(known_deviations(backend)):
            every = [test for job in manifest([backend], level.name) for test in job.tests]
            own = [replace(found, backend=name) for found in excuse(own, deviations, every)]
        judged += own
    return judged
