"""The units of work of a run: a cell of a backend, or one of its properties."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from initspec.backend import Backend
from initspec.dtypes import FLOATS
from initspec.errors import InitSpecError
from initspec_conformance.results.findings import Finding
from initspec_conformance.results.pooled import POOLED
from initspec_conformance.results.sketch import Sketch, Sketcher
from initspec_conformance.runner.cells import Cell, cells_of
from initspec_conformance.runner.judge import judge, tests_of
from initspec_conformance.runner.levels import Level
from initspec_conformance.runner.properties import PROPERTIES, Drawer, Property, hold
from initspec_conformance.runner.reproduce import run_again
from initspec_conformance.runner.sampling import Allowance, Caller, Source
from initspec_conformance.statistics.error_rates import Rates, two_stages


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

    @cached_property
    def tests(self) -> tuple[str, ...]:
        """The names of its tests, as findings have them."""
        if self.cell is None:
            return (self.name,)
        return tuple(f"{self.name}/{test}" for test in tests_of(self.cell.target))


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
    owners = [str(backend.name) for backend in backends]
    if len({id(backend) for backend in backends}) < len(owners):
        raise InitSpecError(f"a backend is named twice among {', '.join(owners)}: name it once")
    if len(set(owners)) < len(owners):
        raise InitSpecError(f"two backends of one name among {', '.join(owners)}: rename one")
    jobs = []
    for backend in backends:
        dtypes = _texts(backend, "dtypes")
        if not dtypes or not set(dtypes) <= set(FLOATS):
            raise InitSpecError(
                f"the backend {backend.name!r} has the dtypes {dtypes}: name one or more of "
                f"{', '.join(FLOATS)}"
            )
        _texts(backend, "known_deviations")  # read when a run is over: refused before it begins
        jobs += [Job(backend, prop.name, prop=prop) for prop in PROPERTIES]
        jobs += [Job(backend, cell.id, cell=cell) for cell in cells_of(level, dtypes)]
    if not isinstance(only, str):
        raise InitSpecError(f"only={only!r}: pass a pattern of cells, such as '*glorot*'")
    chosen = [job for job in jobs if only == job.name or fnmatchcase(job.name, only)]
    if not chosen:
        names = [job.name for job in jobs]
        near = [name for name in names if only and only.lower() in name.lower()]
        some = ", ".join((near or names)[:8])
        raise InitSpecError(
            f"only={only!r} matches none of {len(jobs)} cells, such as {some}; "
            "it is a pattern of whole names: '*glorot*' is whatever has glorot in it"
        )
    return chosen


def _texts(backend: Backend[Any], attribute: str) -> tuple[str, ...]:
    """Return what a backend has several texts of.

    Raises:
        InitSpecError: it is one text, or something else.
    """
    found = getattr(backend, attribute, ())
    if isinstance(found, str) or not isinstance(found, Iterable):
        raise InitSpecError(
            f"the backend {backend.name!r} has the {attribute} {found!r}: a tuple of strings is due"
        )
    texts = tuple(found)
    if not all(isinstance(text, str) for text in texts):
        raise InitSpecError(
            f"the backend {backend.name!r} has the {attribute} {texts!r}: each is to be a string"
        )
    return texts


def terms_of(jobs: Sequence[Job], level: Level, nonce: int) -> Terms:
    """Return the terms of a run of these jobs; K counts the pooled tests too."""
    backends = {job.owner for job in jobs}
    tests = sum(len(job.tests) for job in jobs) + len(POOLED) * len(FLOATS) * len(backends)
    return Terms(level, two_stages(tests), nonce, tests)


def reproduce(backend: Backend[Any], only: str, terms: Terms) -> str:
    """Return the Python that repeats a part of a run."""
    return run_again(backend, terms.level, terms.nonce, only)


def do(job: Job, terms: Terms, caller: Caller) -> Done:
    """Do a job; whatever goes wrong in it is a finding."""
    again = reproduce(job.backend, job.name, terms)
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
        Source(target, draw, caller, Allowance(terms.level.seconds), backend),
        cell=job.cell.id,
        level=terms.level,
        rates=terms.rates,
        nonce=terms.nonce,
        reproduce=again,
        observe=sketcher,
    )
    return Done([replace(finding, backend=job.owner) for finding in findings], sketcher.sketch())
