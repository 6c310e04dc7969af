"""Audit the frameworks' own initializers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from initspec.backend import Backend, usable
from initspec_conformance.results.report import Report
from initspec_conformance.runner.builtin_cells import BuiltinCell, builtin_cells
from initspec_conformance.runner.cells import Cell, Progress
from initspec_conformance.runner.levels import Level, level_of
from initspec_conformance.runner.reproduce import reproduce_run
from initspec_conformance.runner.run_cells import run_cells
from initspec_conformance.runner.seeds import nonce_of


def native_audit(
    names: Sequence[str | Backend[Any]],
    level: str | Level = "default",
    seed: int | str | None = None,
    progress: Progress | None = None,
    *,
    only: str = "*",
    workers: int | None = None,
) -> Report:
    """Compare the frameworks' own initializers with their documentation.

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
    chosen, nonce = level_of(level), nonce_of(seed)
    backends = [usable(name) for name in names]
    return run_cells(
        [_cell(cell) for cell in builtin_cells(backends)],
        chosen,
        nonce,
        reproduce=partial(reproduce_run, backends, chosen, nonce, builtins=True),
        backends=backends,
        only=only,
        progress=progress,
        workers=workers,
    )


def _cell(cell: BuiltinCell) -> Cell:
    expected, native = cell.expected, cell.native

    def draw(seed: int) -> Any:
        return native.draw(cell.layer, expected.dtype, seed)

    return Cell(cell.backend, cell.id, expected, draw)
