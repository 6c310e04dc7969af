"""The units of work of a run: a cell of a backend, or one of its properties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from initspec.backend import Backend
from initspec.dtypes import FLOATS
from initspec.errors import InitSpecError
from initspec_conformance.drawing import Allowance, Caller, Source
from initspec_conformance.findings import Finding
from initspec_conformance.judge import judge, tests_of
from initspec_conformance.levels import Level
from initspec_conformance.manifest import Cell, cells_of
from initspec_conformance.pooled import POOLED
from initspec_conformance.properties import PROPERTIES, Drawer, Property, hold
from initspec_conformance.rates import Rates, two_stages
from initspec_conformance.sketch import Sketch, Sketcher


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
    def owner(self) -> str:
        """The backend's name."""
        return str(self.backend.name)

    @property
    def tests(self) -> int:
        """How many tests it is."""
        return tests_of(self.cell.target) if self.cell is not None else 1


@dataclass(frozen=True)
class Done:
    """What a job came to.

    Attributes:
        findings: the verdict of each check.
        sketch: what a picture of the cell needs; None for a property, or where nothing was drawn.
    """

    findings: list[Finding]
    sketch: Sketch | None = None


@dataclass(frozen=True)
class Terms:
    """What all jobs of a run have in common.

    Attributes:
        level: how much to draw.
        rates: the levels at which tests reject.
        nonce: 0 in the fixed mode.
        tests: K.
    """

    level: Level
    rates: Rates
    nonce: int
    tests: int


def manifest(backends: Sequence[Backend[Any]], level: str, only: str = "*") -> list[Job]:
    """Return the jobs of a run, which K is counted from.

    Raises:
        InitSpecError: there are none, two backends have one name, or one has no dtypes.
    """
    names = [str(backend.name) for backend in backends]
    if len(set(names)) < len(names):
        raise InitSpecError(f"two backends of one name among {', '.join(names)}: rename one")
    jobs = []
    for backend in backends:
        dtypes = tuple(backend.dtypes)
        if not dtypes or not set(dtypes) <= set(FLOATS):
            raise InitSpecError(
                f"the backend {backend.name!r} has the dtypes {dtypes}: name one or more of "
                f"{', '.join(FLOATS)}"
            )
        jobs += [Job(backend, prop.name, prop=prop) for prop in PROPERTIES]
        jobs += [Job(backend, cell.id, cell=cell) for cell in cells_of(level, dtypes)]
    chosen = [job for job in jobs if only == job.name or fnmatchcase(job.name, only)]
    if not chosen:
        some = ", ".join(job.name for job in jobs[:8])
        raise InitSpecError(f"only={only!r} matches none of {len(jobs)} cells, such as {some}")
    return chosen


def terms_of(jobs: Sequence[Job], level: Level, nonce: int) -> Terms:
    """Return the terms of a run of these jobs; K counts the pooled tests too."""
    backends = {job.owner for job in jobs}
    tests = sum(job.tests for job in jobs) + len(POOLED) * len(FLOATS) * len(backends)
    return Terms(level, two_stages(tests), nonce, tests)


def reproduce(backend: str, only: str, terms: Terms) -> str:
    """Return the Python that repeats a part of a run.

    A backend that is not registered stands there by its name: put the object in its place.
    """
    seed = f", seed={terms.nonce}" if terms.nonce else ""
    return (
        "from initspec_conformance import run\n"
        f"print(run([{backend!r}], level={terms.level.name!r}{seed}, only={only!r}))"
    )


def do(job: Job, terms: Terms, caller: Caller) -> Done:
    """Do a job; whatever goes wrong in it is a finding."""
    again = reproduce(job.owner, job.name, terms)
    if job.prop is not None:
        drawer = Drawer(job.backend, caller, terms.level.seconds)
        evidence = hold(job.prop, drawer)
        finding = Finding(
            check=job.prop.name,
            message=evidence.message,
            statistic=evidence.statistic,
            p_values=None,
            n=evidence.n,
            min_discrepancy=0.0,
            reproduce=again,
            passed=not evidence.failed,
            backend=job.owner,
        )
        return Done([finding])
    assert job.cell is not None
    target, backend = job.cell.target, job.backend

    def draw(entropy: int) -> Any:
        return backend.draw(
            target.spec, target.shape, axes=target.axes, dtype=target.dtype, entropy=entropy
        )

    sketcher = Sketcher(target)
    findings = judge(
        target,
        Source(target, draw, caller, Allowance(terms.level.seconds)),
        cell=job.cell.id,
        level=terms.level,
        rates=terms.rates,
        nonce=terms.nonce,
        reproduce=again,
        observe=sketcher,
    )
    return Done([replace(finding, backend=job.owner) for finding in findings], sketcher.sketch())
