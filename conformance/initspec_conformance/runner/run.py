"""Check backends: the manifest and the properties of each, as cells of one run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from initspec import backends as registered
from initspec.backend import Backend, usable
from initspec.dtypes import FLOATS
from initspec.errors import InitSpecError
from initspec_conformance.expected.expected import Expected
from initspec_conformance.expected.parts import Take, parts_of
from initspec_conformance.results.report import Report
from initspec_conformance.runner.cells import Cell, Progress
from initspec_conformance.runner.levels import Level, level_of
from initspec_conformance.runner.manifest import Member, manifest, members
from initspec_conformance.runner.properties import PROPERTIES, PropertyCell
from initspec_conformance.runner.reproduce import reproduce_run
from initspec_conformance.runner.run_cells import AnyCell, run_cells
from initspec_conformance.runner.seeds import nonce_of


def run(
    backends: Sequence[str | Backend[Any]] | str | Backend[Any],
    level: str | Level = "default",
    seed: int | str | None = None,
    *,
    only: str = "*",
    progress: Progress | None = None,
    workers: int | None = None,
) -> Report:
    """Compare backends with everything the suite checks.

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
            the level, the seed or `workers` do not exist.
    """
    chosen, nonce = level_of(level), nonce_of(seed)
    if isinstance(backends, str) or not isinstance(backends, Iterable):
        backends = [backends]
    if not backends:
        raise InitSpecError(f"no backend to check: name one or more of {', '.join(registered())}")
    several = [usable(backend) for backend in backends]
    return run_cells(
        backend_cells(several, chosen.name),
        chosen,
        nonce,
        reproduce=partial(reproduce_run, several, chosen, nonce),
        backends=several,
        only=only,
        progress=progress,
        workers=workers,
    )


def backend_cells(backends: Sequence[Backend[Any]], level: str) -> list[AnyCell]:
    """Return the cells of some backends.

    Raises:
        InitSpecError: two backends have one name, or one has no dtypes.
    """
    owners = [str(backend.name) for backend in backends]
    if len({id(backend) for backend in backends}) < len(owners):
        raise InitSpecError(f"a backend is named twice among {', '.join(owners)}: name it once")
    if len(set(owners)) < len(owners):
        raise InitSpecError(f"two backends of one name among {', '.join(owners)}: rename one")
    cells: list[AnyCell] = []
    for backend in backends:
        dtypes = _texts(backend, "dtypes")
        if not dtypes or not set(dtypes) <= set(FLOATS):
            raise InitSpecError(
                f"the backend {backend.name!r} has the dtypes {dtypes}: name one or more of "
                f"{', '.join(FLOATS)}"
            )
        _texts(backend, "known_deviations")  # used when a run is over: refused before it begins
        _check_random_state(backend)
        cells += [PropertyCell(backend, prop) for prop in PROPERTIES]
        weights = manifest(level, dtypes).items()
        for name, expected in weights:
            cells += part_cells(backend, name, expected)
        cells += [member_cell(backend, name, member) for name, member in members(dtypes).items()]
    return cells


def part_cells(backend: Backend[Any], name: str, expected: Expected) -> Iterator[Cell]:
    """Yield the cells of a backend on one weight: one for each part that is judged by itself."""

    def draw(entropy: int, take: Take) -> Any:
        whole = backend.draw(
            expected.spec, expected.shape, axes=expected.axes, dtype=expected.dtype, entropy=entropy
        )
        return take(np.asarray(whole))

    what, _, dtype = name.rpartition("/")
    for part in parts_of(expected):
        own = f"{what}, {part.name}/{dtype}" if part.name else name
        draw_part = partial(draw, take=part.take)
        yield Cell(str(backend.name), own, part.expected, draw_part, backend)


def member_cell(backend: Backend[Any], name: str, member: Member) -> Cell:
    """Return the cell of a backend on one member of a stack of unequal ones, drawn with it."""
    expected = member.expected

    def draw(entropy: int) -> Any:
        whole = backend.draw(
            expected.spec, member.shape, axes=member.axes, dtype=expected.dtype, entropy=entropy
        )
        return np.asarray(whole)[member.index]

    return Cell(str(backend.name), name, expected, draw, backend)


def _check_random_state(backend: Backend[Any]) -> None:
    """Raise InitSpecError where a backend has one of two methods: the check would be left out."""
    present = [name for name in ("random_state", "elsewhere") if hasattr(backend, name)]
    if len(present) == 1:
        raise InitSpecError(
            f"the backend {backend.name!r} has {present[0]} alone: write random_state and "
            "elsewhere, see initspec.backend.HasRandomState, or neither"
        )


def _texts(backend: Backend[Any], attribute: str) -> tuple[str, ...]:
    """Return what a backend has several texts of.

    Raises:
        InitSpecError: it is one text, or something else.
    """
    given = getattr(backend, attribute, ())
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InitSpecError(
            f"the backend {backend.name!r} has the {attribute} {given!r}: a tuple of strings is due"
        )
    texts = tuple(given)
    if not all(isinstance(text, str) for text in texts):
        raise InitSpecError(
            f"the backend {backend.name!r} has the {attribute} {texts!r}: each is to be a string"
        )
    return texts
