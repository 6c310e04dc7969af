"""The pytest door: `pytest --pyargs initspec_conformance -p initspec_conformance.plugin`.

A test for each cell and each property, with the seeds and verdicts of `run`. K is counted from the
whole manifest, whatever part of it a process of pytest-xdist runs or `-k` selects. What needs all
cells at once, the pooled tests and the strictness of a deviation of several cells, only `run` has.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from initspec_conformance.runner.jobs import Job, Terms
    from initspec_conformance.runner.sampling import Caller

NONCE = pytest.StashKey[int]()
JOBS: pytest.StashKey[list[Job]] = pytest.StashKey()
TERMS: pytest.StashKey[Terms] = pytest.StashKey()
LEVELS = ("quick", "default", "thorough")


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the options of a run."""
    if any(_is_conftest(plugin) for plugin in pluginmanager.get_plugins()):
        _add_backend(parser)  # one of them named this plugin: the hook below is not called
    group = parser.getgroup("initspec conformance")
    group.addoption("--conformance-level", default="quick", choices=LEVELS, help="how much to draw")
    group.addoption(
        "--conformance-seed",
        default=None,
        help="'fresh', or the seed that a fresh run printed (default: the fixed seeds)",
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser) -> Iterator[None]:
    """Add --backend after the project's conftest: its own option of this name is not to clash."""
    yield
    _add_backend(parser)


def _is_conftest(plugin: object) -> bool:
    return Path(getattr(plugin, "__file__", None) or "").name == "conftest.py"


def _add_backend(parser: pytest.Parser) -> None:
    with suppress(ValueError):  # a suite that tests backends may have this very option
        parser.getgroup("initspec conformance").addoption(
            "--backend",
            action="append",
            default=[],
            metavar="NAME",
            help="a registered backend to check; repeatable (default: all that can be used here)",
        )


def pytest_configure(config: pytest.Config) -> None:
    """Settle the seed, in the one process that may draw it."""
    from initspec_conformance.runner.seeds import nonce_of

    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    asked = config.getoption("--conformance-seed")
    if worker is not None:
        config.stash[NONCE] = worker["initspec_conformance_nonce"]
    elif asked is None or asked == "fresh":
        config.stash[NONCE] = nonce_of(asked)
    elif str(asked).isdecimal():
        config.stash[NONCE] = nonce_of(int(asked))
    else:
        raise pytest.UsageError(f"--conformance-seed {asked!r}: pass 'fresh' or an integer")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give each process of pytest-xdist the one seed."""
    node.workerinput["initspec_conformance_nonce"] = node.config.stash[NONCE]


def pytest_report_header(config: pytest.Config) -> str:
    """Say how the run can be repeated."""
    nonce = config.stash[NONCE]
    return f"initspec conformance: {f'--conformance-seed {nonce}' if nonce else 'fixed seeds'}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each job."""
    if "conformance_job" not in metafunc.fixturenames:
        return
    from initspec import backends
    from initspec.backend import usable
    from initspec.errors import InitSpecError
    from initspec_conformance.runner.jobs import manifest, terms_of
    from initspec_conformance.runner.levels import level_of

    config = metafunc.config
    asked = config.getoption("--backend")
    if isinstance(asked, str):  # the option is the project's own, and of one name
        asked = [asked]
    names = asked or [name for name, status in backends().items() if status.usable]
    level = level_of(config.getoption("--conformance-level"))
    try:
        jobs = manifest([usable(name) for name in names], level.name)
    except InitSpecError as error:  # asked for and not to be used: never a skip
        raise pytest.Collector.CollectError(str(error)) from error
    config.stash[JOBS] = jobs
    config.stash[TERMS] = terms_of(jobs, level, config.stash[NONCE])
    ids = [f"{job.owner}-{job.name}" for job in jobs]
    metafunc.parametrize("conformance_job", jobs, ids=ids)


@pytest.fixture(scope="session")
def conformance_caller() -> Iterator[Caller]:
    """Give the thread that draws."""
    from initspec_conformance.runner.sampling import Caller

    caller = Caller()
    yield caller
    caller.close()


@pytest.fixture
def conformance_failures(
    conformance_job: Job, conformance_caller: Caller, request: pytest.FixtureRequest
) -> list[str]:
    """Return the failures of a job, those that the backend declares marked as expected."""
    from initspec.backend import known_deviations
    from initspec_conformance.reports.sanitize import visible
    from initspec_conformance.results.findings import told
    from initspec_conformance.results.known_deviations import declared, excuse
    from initspec_conformance.runner.jobs import do

    done = do(conformance_job, request.config.stash[TERMS], conformance_caller)
    deviations = declared(known_deviations(conformance_job.backend))
    jobs = [job for job in request.config.stash[JOBS] if job.owner == conformance_job.owner]
    findings = excuse(done.findings, deviations, [test for job in jobs for test in job.tests])
    failures = told([finding for finding in findings if finding.failed])
    expected = [finding.deviation for finding in findings if not finding.passed]
    if expected and not failures:
        pytest.xfail(expected[0])
    return [visible(failure) for failure in failures]
