"""The one runner: cells in, a report out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from initspec.backend import Backend, known_deviations
from initspec.dtypes import FLOATS
from initspec.errors import InitSpecError
from initspec_conformance.results.findings import Finding
from initspec_conformance.results.known_deviations import apply_known_deviations, declared
from initspec_conformance.results.pooled import POOLED, pooled
from initspec_conformance.results.report import Report
from initspec_conformance.runner.cells import Cell, CellResult, Progress, RunConfig, matching
from initspec_conformance.runner.judge import judge
from initspec_conformance.runner.levels import Level
from initspec_conformance.runner.parallel import run_parallel
from initspec_conformance.runner.properties import PropertyCell, check_property
from initspec_conformance.runner.sampling import DrawThread
from initspec_conformance.statistics.error_rates import two_stages

AnyCell = Cell | PropertyCell


def run_cells(
    cells: Sequence[AnyCell],
    level: Level,
    nonce: int,
    *,
    reproduce: Callable[[str, str], str],
    backends: Sequence[Backend[Any]] = (),
    only: str = "*",
    progress: Progress | None = None,
    workers: int | None = None,
) -> Report:
    """Judge cells, compare failures with known deviations, and pool what is left.

    Args:
        cells: all that there are, of which `only` is judged.
        level: how much to draw.
        nonce: 0 for the fixed seeds.
        reproduce: returns what repeats some cells, from the owner's name and a pattern of ids.
        backends: the owners of the cells; none for functions.
        only: the id of a cell, or a pattern of some.
        progress: called after each cell.
        workers: how many cells are judged at a time; None takes the number of cores.

    Raises:
        InitSpecError: `only` matches nothing, or `workers` is not a number of them.
    """
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise InitSpecError(f"workers={workers!r}: pass how many, or None for all cores")
    begun = time.perf_counter()
    chosen = matching(cells, only)
    config = config_of(chosen, level, nonce, reproduce)
    owners = {cell.owner for cell in chosen}
    present = [backend for backend in backends if str(backend.name) in owners]

    def done(count: int, index: int, result: CellResult) -> None:
        if progress is not None:
            passed = all(finding.passed for finding in result.findings)
            cell = chosen[index]
            progress(count, len(chosen), f"{cell.owner} {cell.id}".strip(), passed)

    outcome = run_parallel(
        lambda cell, thread: run_cell(cell, config, thread), chosen, present, done, workers
    )
    finished = sorted(outcome.results)
    findings = [finding for i in finished for finding in outcome.results[i].findings]
    findings = with_deviations(findings, present, cells)
    for name in (str(backend.name) for backend in present):
        of_backend = [finding for finding in findings if finding.backend == name]
        findings += pooled(of_backend, config.rates, reproduce(name, only))
    return Report(
        checks=tuple(findings),
        level=level.name,
        nonce=nonce,
        tests=config.tests,
        versions=outcome.versions,
        seconds=time.perf_counter() - begun,
        interrupted=outcome.interrupted,
        sketches={
            (chosen[i].owner, chosen[i].id): sketch
            for i in finished
            if (sketch := outcome.results[i].sketch) is not None
        },
    )


def config_of(
    cells: Sequence[AnyCell], level: Level, nonce: int, reproduce: Callable[[str, str], str]
) -> RunConfig:
    """Return what the cells of a run have in common; K counts the pooled tests too."""
    owners = {cell.owner for cell in cells if cell.owner}
    tests = sum(len(cell.tests) for cell in cells) + len(POOLED) * len(FLOATS) * len(owners)
    return RunConfig(level, two_stages(tests), nonce, tests, reproduce)


def run_cell(cell: AnyCell, config: RunConfig, thread: DrawThread) -> CellResult:
    """Judge one cell."""
    if isinstance(cell, PropertyCell):
        return check_property(cell, config, thread)
    return judge(cell, config, thread)


def with_deviations(
    findings: Sequence[Finding], backends: Sequence[Backend[Any]], cells: Sequence[AnyCell]
) -> list[Finding]:
    """Return findings with the failures marked that a backend declares; `cells` are all it has."""
    names = {str(backend.name): backend for backend in backends}
    judged = [finding for finding in findings if finding.backend not in names]
    for name, backend in names.items():
        of_backend = [finding for finding in findings if finding.backend == name]
        if deviations := declared(known_deviations(backend)):
            tests = [test for cell in cells if cell.owner == name for test in cell.tests]
            of_backend = apply_known_deviations(of_backend, deviations, tests)
        judged += of_backend
    return judged
