"""What a run works through: cells, each an id, what is expected, and a function that draws.

Whatever is checked becomes cells for `run_cells`: backends, single functions, the frameworks'
own initializers, and the mutants of the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Protocol, TypeVar

from initspec.backend import Backend
from initspec.errors import InitSpecError
from initspec_conformance.checks import checks_of
from initspec_conformance.checks.calls import CALLS
from initspec_conformance.expected.expected import Expected
from initspec_conformance.results.findings import Finding
from initspec_conformance.results.sketch import Sketch
from initspec_conformance.runner.levels import Level
from initspec_conformance.statistics.error_rates import Rates

Draw = Callable[[int], Any]
"""Draws the weight of a seed."""

Progress = Callable[[int, int, str, bool], None]
"""Called as progress(cells done, cells in all, what was done, whether it passed)."""


@dataclass(frozen=True)
class Cell:
    """A weight to be drawn and judged.

    Attributes:
        owner: the name of its backend; "" for a function.
        id: spec/weight/dtype; the seeds are derived from it.
        expected: what the draws should be.
        draw: draws the weight of a seed.
        backend: gives the global random state of its framework, which no draw may move.
        probed: how many elements may be drawn to try every bit of a seed, beside a stage's own.
    """

    owner: str
    id: str
    expected: Expected
    draw: Draw
    backend: Backend[Any] | None = None
    probed: int = 0

    @cached_property
    def tests(self) -> tuple[str, ...]:
        """The names of its tests, as findings have them."""
        checks = (*CALLS, *(check.name for check in checks_of(self.expected)))
        return tuple(f"{self.id}/{check}" for check in checks)


@dataclass(frozen=True)
class CellResult:
    """What a cell came to.

    Attributes:
        findings: the verdict of each check.
        sketch: what a picture of the cell needs; None for a property, or where nothing was drawn.
    """

    findings: list[Finding]
    sketch: Sketch | None = None


@dataclass(frozen=True)
class RunConfig:
    """What all cells of a run have in common.

    Attributes:
        level: how much to draw.
        rates: the levels at which tests reject.
        nonce: 0 in the fixed mode.
        tests: K.
        reproduce: returns what repeats some cells, from the owner's name and a pattern of ids.
    """

    level: Level
    rates: Rates
    nonce: int
    tests: int
    reproduce: Callable[[str, str], str]


class HasId(Protocol):
    """A cell of any kind."""

    @property
    def id(self) -> str: ...


AnyCell = TypeVar("AnyCell", bound=HasId)


def matching(cells: Sequence[AnyCell], only: str) -> list[AnyCell]:
    """Return the cells whose id is `only` or matches it as a pattern.

    Raises:
        InitSpecError: there are none.
    """
    if not isinstance(only, str):
        raise InitSpecError(f"only={only!r}: pass a pattern of cells, such as '*glorot*'")
    chosen = [cell for cell in cells if only == cell.id or fnmatchcase(cell.id, only)]
    if not chosen:
        ids = [cell.id for cell in cells]
        near = [name for name in ids if only and only.lower() in name.lower()]
        raise InitSpecError(
            f"only={only!r} matches none of {len(ids)} cells, such as "
            f"{', '.join((near or ids)[:8])}; it is a pattern of whole names: '*glorot*' is "
            "whatever has glorot in it"
        )
    return chosen
