"""A run: backends through the manifest, and the report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from initspec import backends as registered
from initspec.backend import Backend, usable
from initspec.errors import InitSpecError
from initspec_conformance.deviations import declared, excuse
from initspec_conformance.drawing import Caller, Source
from initspec_conformance.findings import Finding
from initspec_conformance.judge import judge, tests_of
from initspec_conformance.levels import Level, level_of
from initspec_conformance.manifest import Cell, cells_of
from initspec_conformance.pooled import POOLED, pooled
from initspec_conformance.properties import PROPERTIES, Drawer, Property, hold
from initspec_conformance.rates import Rates, two_stages
from initspec_conformance.report import Report
from initspec_conformance.seeds import nonce_of
from initspec_conformance.sketch import Sketch, Sketcher

Progress = Callable[[int, int, str, bool], None]
"""Called as progress(jobs done, jobs in all, what was done, whether it passed)."""


@dataclass(frozen=True)
class Job:
    """One unit of work: a cell of a backend, or one of its properties.

    Attributes:
        backend: the backend.
        name: the cell's id, or the property's name.
        cell: the cell; None for a property.
        prop: the property; None for a cell.
    """

    backend: Backend[Any]
    name: str
    cell: Cell | None = None
    prop: Property | None = None

    @property
    def tests(self) -> int:
        """How many tests it is."""
        return tests_of(self.cell.target) if self.cell is not None else 1


def run(
    backends: Sequence[str | Backend[Any]],
    level: str | Level = "default",
    seed: int | str | None = None,
    *,
    only: str = "*",
    progress: Progress | None = None,
    workers: int | None = None,
) -> Report:
    """Hold backends against everything the suite checks.

    Args:
        backends: registered names, or any objects that satisfy `initspec.Backend`.
        level: "quick", "default" or "thorough".
        seed: None for the fixed seeds that CI has, "fresh" for new ones, an int to repeat a fresh
            run by its nonce.
        only: a pattern of the cells and properties to check: "he_normal/*", "*/float32", "stream".
        progress: called after each cell.
        workers: how many cells are judged at a time; None takes the number of cores. Draws come
            one after the other whatever it is, and the result does not depend on it.

    Returns:
        The report. A backend that raises, hangs or returns something else than a weight is a
        failure in it. Interrupted by Ctrl-C it holds what was found by then, and did not pass.

    Raises:
        BackendError: a name is not registered, or its framework cannot be used here.
        InitSpecError: there is nothing to check: no backend, or no cell that `only` matches.
    """
    begun = time.perf_counter()
    chosen, nonce = level_of(level), nonce_of(seed)
    if not backends:
        names = ", ".join(registered())
        raise InitSpecError(f"no backend to check: name one or more of {names}")
    jobs = manifest([usable(backend) for backend in backends], chosen.name, only)
    # Each backend has at most four dtypes, and a pooled test for each property and dtype.
    tests = sum(job.tests for job in jobs) + len(POOLED) * 4 * len(backends)
    rates = two_stages(tests)
    report = Report((), chosen.name, nonce, tests, versions=_versions(jobs))
    done: dict[int, list[Finding]] = {}
    sketches: dict[tuple[str, str], Sketch] = {}
    caller = Caller()
    pool = ThreadPoolExecutor(workers or os.cpu_count(), thread_name_prefix="initspec-judge")
    interrupted = False
    try:
        # As many at a time as there are workers: the rest waits in order, and can be called off.
        futures: dict[Future[list[Finding]], int] = {
            pool.submit(_do, job, chosen, rates, nonce, caller, sketches): index
            for index, job in enumerate(jobs)
        }
        for count, future in enumerate(as_completed(futures), 1):
            index = futures[future]
            done[index] = future.result()
            if progress is not None:
                job = jobs[index]
                passed = all(finding.passed for finding in done[index])
                progress(count, len(jobs), f"{job.backend.name} {job.name}", passed)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        pool.shutdown(wait=not interrupted, cancel_futures=True)
        caller.close()
    findings = [finding for index in sorted(done) for finding in done[index]]
    findings = _excused(findings, jobs)
    findings += pooled(findings, rates, _reproduce("NAME", "*", chosen.name, nonce))
    return replace(
        report,
        checks=tuple(findings),
        seconds=time.perf_counter() - begun,
        interrupted=interrupted,
        sketches=dict(sketches),
    )


def manifest(backends: Sequence[Backend[Any]], level: str, only: str = "*") -> list[Job]:
    """Return the jobs of a run, which K is counted from.

    Raises:
        InitSpecError: there are none, or two backends have one name.
    """
    names = [str(backend.name) for backend in backends]
    if len(set(names)) < len(names):
        raise InitSpecError(f"two backends of one name among {', '.join(names)}: rename one")
    jobs = []
    for backend in backends:
        jobs += [Job(backend, prop.name, prop=prop) for prop in PROPERTIES]
        cells = cells_of(level, tuple(backend.dtypes))
        jobs += [Job(backend, cell.id, cell=cell) for cell in cells]
    chosen = [job for job in jobs if fnmatchcase(job.name, only)]
    if not chosen:
        some = ", ".join(job.name for job in jobs[:8])
        raise InitSpecError(f"only={only!r} matches none of {len(jobs)} cells, such as {some}")
    return chosen


def _do(
    job: Job,
    level: Level,
    rates: Rates,
    nonce: int,
    caller: Caller,
    sketches: dict[tuple[str, str], Sketch],
) -> list[Finding]:
    backend, name = job.backend, str(job.backend.name)
    reproduce = _reproduce(name, job.name, level.name, nonce)
    if job.prop is not None:
        drawer = Drawer(backend, caller, level.seconds)
        return [
            Finding(
                check=prop.name,
                message=evidence.message,
                statistic=evidence.statistic,
                p_values=None,
                n=evidence.n,
                min_discrepancy=0.0,
                reproduce=reproduce,
                passed=not evidence.failed,
                backend=name,
            )
            for prop, evidence in hold((job.prop,), drawer)
        ]
    assert job.cell is not None
    target = job.cell.target

    def draw(entropy: int) -> Any:
        return backend.draw(
            target.spec, target.shape, axes=target.axes, dtype=target.dtype, entropy=entropy
        )

    sketcher = Sketcher(target)
    findings = judge(
        target,
        Source(target, draw, caller, level.seconds),
        cell=job.cell.id,
        level=level,
        rates=rates,
        nonce=nonce,
        reproduce=reproduce,
        observe=sketcher,
    )
    sketches[name, job.cell.id] = sketcher.sketch()
    return [replace(finding, backend=name) for finding in findings]


def _excused(findings: list[Finding], jobs: Sequence[Job]) -> list[Finding]:
    judged = []
    for backend in {id(job.backend): job.backend for job in jobs}.values():
        own = [finding for finding in findings if finding.backend == str(backend.name)]
        marked = excuse(own, declared(backend.known_deviations))
        judged += [replace(finding, backend=str(backend.name)) for finding in marked]
    return judged


def _versions(jobs: Sequence[Job]) -> dict[str, str]:
    return {str(job.backend.name): str(job.backend.version()) for job in jobs}


def _reproduce(backend: str, only: str, level: str, nonce: int) -> str:
    seed = f", seed={nonce}" if nonce else ""
    return f"run([{backend!r}], level={level!r}{seed}, only={only!r})"
