"""A run of the audit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from initspec.backend import Backend, usable
from initspec_conformance.results.findings import Finding
from initspec_conformance.results.report import Report
from initspec_conformance.results.sketch import Sketch, Sketcher
from initspec_conformance.runner.builtin_cells import BuiltinCell, cells_of
from initspec_conformance.runner.judge import judge, tests_of
from initspec_conformance.runner.levels import Level, level_of
from initspec_conformance.runner.parallel import Gathering
from initspec_conformance.runner.reproduce import native_again
from initspec_conformance.runner.sampling import Allowance, Caller, Source
from initspec_conformance.runner.seeds import nonce_of
from initspec_conformance.statistics.error_rates import Rates, two_stages

Progress = Callable[[int, int, str, bool], None]
"""Called as progress(cells done, cells in all, what was done, whether it passed)."""


def native_audit(
    names: Sequence[str | Backend[Any]],
    level: str | Level = "default",
    seed: int | str | None = None,
    progress: Progress | None = None,
    *,
    only: str = "*",
    workers: int | None = None,
) -> Report:
    """Hold the frameworks' own initializers against what is said of them.

    Each `initspec.backend.Builtin` is drawn on the layers that it fills, with the roles
    that the axes of their weights have in truth, and judged by the battery.

    Args:
        names: registered names of backends, or backends; those whose framework has no initializers
            of its own, such as NumPy, are passed over.
        level: "quick", "default" or "thorough".
        seed: None for fixed seeds, "fresh" for new ones, an int to repeat a fresh run.
        progress: called after each cell.
        only: a pattern of the cells: "*kaiming*", "*/torch Conv*", "*/bfloat16".
        workers: how many cells are judged at a time; None takes the number of cores.

    Returns:
        The report: its failures are the disagreements. A finding's cell is
        "line as spec/layer/dtype". Interrupted by Ctrl-C it holds what was found by then.

    Raises:
        BackendError: a name is not registered, or its framework cannot be used here.
        InitSpecError: there is nothing to audit.
    """
    begun = time.perf_counter()
    chosen, nonce = level_of(level), nonce_of(seed)
    backends = [usable(name) for name in names]
    cells = cells_of(backends, only)
    tests = sum(len(tests_of(cell.target)) for cell in cells)
    rates = two_stages(tests)
    audited = {cell.backend for cell in cells}

    def tell(count: int, index: int, result: tuple[list[Finding], Sketch]) -> None:
        if progress is not None:
            passed = all(finding.passed for finding in result[0])
            progress(count, len(cells), f"{cells[index].backend} {cells[index].id}", passed)

    gathering: Gathering[BuiltinCell, tuple[list[Finding], Sketch]] = Gathering(
        lambda cell, caller: _judge(cell, chosen, rates, nonce, caller), workers
    )
    gathering([b for b in backends if str(b.name) in audited], cells, tell)
    done = gathering.results
    return Report(
        checks=tuple(finding for i in sorted(done) for finding in done[i][0]),
        level=chosen.name,
        nonce=nonce,
        tests=tests,
        versions=gathering.versions,
        seconds=time.perf_counter() - begun,
        interrupted=gathering.interrupted,
        sketches={(cells[i].backend, cells[i].id): done[i][1] for i in sorted(done)},
    )


def _judge(
    cell: BuiltinCell, level: Level, rates: Rates, nonce: int, caller: Caller
) -> tuple[list[Finding], Sketch]:
    target, native = cell.target, cell.native

    def draw(seed: int) -> Any:
        return native.draw(cell.layer, target.dtype, seed)

    sketcher = Sketcher(target)
    findings = judge(
        target,
        Source(target, draw, caller, Allowance(level.seconds)),
        cell=cell.id,
        level=level,
        rates=rates,
        nonce=nonce,
        reproduce=native_again(cell.backend, level, nonce, cell.id),
        observe=sketcher,
    )
    return [replace(finding, backend=cell.backend) for finding in findings], sketcher.sketch()
