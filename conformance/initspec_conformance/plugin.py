"""The pytest plugin: `pytest --pyargs initspec_conformance -p initspec_conformance.plugin`.

A test for each cell and each property: the cells of `run`, its seeds and its verdicts. K is counted
from the whole manifest, whatever part of it a process of pytest-xdist runs or `-k` selects. A test
sees one cell, so that what needs several is left to `run`: the pooled tests, and the failure of a
known deviation that matches several cells and no longer fails on any.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from initspec.backend import Backend
    from initspec_conformance.runner.cells import RunConfig
    from initspec_conformance.runner.run_cells import AnyCell
    from initspec_conformance.runner.sampling import DrawThread

NONCE = pytest.StashKey[int]()
BACKENDS: pytest.StashKey[list[Backend[Any]]] = pytest.StashKey()
CELLS: pytest.StashKey[list[AnyCell]] = pytest.StashKey()
CONFIG: pytest.StashKey[RunConfig] = pytest.StashKey()
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
    seed = config.getoption("--conformance-seed")
    if worker is not None:
        config.stash[NONCE] = worker["initspec_conformance_nonce"]
    elif seed is None or seed == "fresh":
        config.stash[NONCE] = nonce_of(seed)
    elif str(seed).isdecimal():
        config.stash[NONCE] = nonce_of(int(seed))
    else:
        raise pytest.UsageError(f"--conformance-seed {seed!r}: pass 'fresh' or an integer")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give each process of pytest-xdist the one seed."""
    node.workerinput["initspec_conformance_nonce"] = node.config.stash[NONCE]


def pytest_report_header(config: pytest.Config) -> str:
    """Say how the run can be repeated."""
    nonce = config.stash[NONCE]
    return f"initspec conformance: {f'--conformance-seed {nonce}' if nonce else 'fixed seeds'}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each cell."""
    if "conformance_cell" not in metafunc.fixturenames:
        return
    from initspec import backends
    from initspec.backend import usable
    from initspec.errors import InitSpecError
    from initspec_conformance.runner.levels import level_of
    from initspec_conformance.runner.reproduce import reproduce_run
    from initspec_conformance.runner.run import backend_cells
    from initspec_conformance.runner.run_cells import config_of

    config = metafunc.config
    given = config.getoption("--backend")
    if isinstance(given, str):  # the option is the project's own, and of one name
        given = [given]
    names = given or [name for name, status in backends().items() if status.usable]
    level, nonce = level_of(config.getoption("--conformance-level")), config.stash[NONCE]
    try:
        chosen = [usable(name) for name in names]
        cells = backend_cells(chosen, level.name)
    except InitSpecError as error:  # requested and unusable: never a skip
        raise pytest.Collector.CollectError(str(error)) from error
    config.stash[BACKENDS], config.stash[CELLS] = chosen, cells
    reproduce = partial(reproduce_run, chosen, level, nonce)
    config.stash[CONFIG] = config_of(cells, level, nonce, reproduce)
    metafunc.parametrize("conformance_cell", cells, ids=[f"{c.owner}-{c.id}" for c in cells])


@pytest.fixture(scope="session")
def conformance_thread(request: pytest.FixtureRequest) -> Iterator[DrawThread]:
    """Give the thread that draws, after the frameworks are loaded."""
    from initspec_conformance.runner.parallel import version_of
    from initspec_conformance.runner.sampling import DrawThread

    for backend in request.config.stash[BACKENDS]:
        version_of(backend)
    thread = DrawThread()
    yield thread
    thread.close()


@pytest.fixture
def conformance_failures(
    conformance_cell: AnyCell, conformance_thread: DrawThread, request: pytest.FixtureRequest
) -> list[str]:
    """Return the failures of a cell, those that the backend declares marked as expected."""
    from initspec_conformance.reports.sanitize import sanitize
    from initspec_conformance.results.findings import format_failures
    from initspec_conformance.runner.run_cells import run_cell, with_deviations

    stash = request.config.stash
    result = run_cell(conformance_cell, stash[CONFIG], conformance_thread)
    backends, cells = stash[BACKENDS], stash[CELLS]
    findings = with_deviations(result.findings, backends, cells)
    failures = format_failures([finding for finding in findings if finding.failed])
    expected = [finding.deviation for finding in findings if not finding.passed]
    if expected and not failures:
        pytest.xfail(expected[0])
    return [sanitize(failure) for failure in failures]
