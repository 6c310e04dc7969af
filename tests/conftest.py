"""Options, markers and profiles of the whole test suite.

A test that needs a framework has the marker of its backend: `pytest -m torch` runs what torch is
needed for. It is set for what lies in tests/torch and for what has a parameter `backend`,
`backend_dtype` or `framework`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from initspec_conformance.expected.tables import weights

from initspec.backend import GROUP, usable
from initspec.errors import BackendError

TESTS = Path(__file__).parent
BACKENDS = tuple(sorted(entry_points(group=GROUP).names))

# Deterministic, so that a failure in CI is a failure here; no deadline, so that a busy machine is
# no failure.
settings.register_profile(
    "initspec",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("initspec")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --backend."""
    parser.addoption(
        "--backend",
        action="append",
        default=[],
        metavar="NAME",
        help="a backend that is tested; repeatable (default: every registered backend that can be "
        "used here)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register a marker for each backend."""
    for name in BACKENDS:
        config.addinivalue_line("markers", f"{name}: needs what the {name} backend needs")


def backend_names(config: pytest.Config) -> list[str]:
    """Return the backends under test: those asked for, else all that can be used here."""
    asked: list[str] = config.getoption("--backend")
    return asked or [name for name in BACKENDS if _usable(name)]


def _usable(name: str) -> bool:
    try:
        usable(name)  # looks for the framework without importing it
    except BackendError:
        return False
    return True


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Pass over the folders of backends that are not under test: they import their framework."""
    backend = collection_path.name if collection_path.parent == TESTS else ""
    return True if backend in set(BACKENDS) - set(backend_names(config)) else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give `weight` each layer, `backend` each backend, `backend_dtype` each of its dtypes."""
    if "weight" in metafunc.fixturenames:
        metafunc.parametrize("weight", weights(), ids=[weight.name for weight in weights()])
    if "backend" in metafunc.fixturenames:
        names = backend_names(metafunc.config)
        # A backend asked for by name that cannot be used is an error, never a skip.
        metafunc.parametrize(
            "backend", [usable(name) for name in names], ids=names, scope="session"
        )
    if "backend_dtype" in metafunc.fixturenames:
        pairs = [
            (usable(name), dtype)
            for name in backend_names(metafunc.config)
            for dtype in usable(name).dtypes
        ]
        ids = [f"{backend.name}-{dtype}" for backend, dtype in pairs]
        metafunc.parametrize("backend_dtype", pairs, ids=ids, scope="session")


@pytest.hookimpl(tryfirst=True)  # before -m chooses by the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test the markers of the backends that it needs."""
    for item in items:
        needed = set(_needs(item)) & set(BACKENDS)
        if needed - {"numpy"} and TESTS / "core" in item.path.parents:
            raise pytest.UsageError(
                f"{item.nodeid} needs {', '.join(needed)}, and no session runs it: tests/core is "
                "for what needs no framework; move the test, or rename its parameter"
            )
        for name in needed:
            item.add_marker(name)


def _needs(item: pytest.Item) -> Iterator[str]:
    yield item.path.relative_to(TESTS.parent).parts[1]  # tests/<name>
    call = getattr(item, "callspec", None)
    for name, value in call.params.items() if call else ():
        if name == "backend":
            yield value.name
        elif name == "backend_dtype":
            yield value[0].name
        elif name == "framework":  # keras-torch needs what Keras needs
            yield str(value).partition("-")[0]


@pytest.fixture
def fresh() -> Callable[..., str]:
    """Run Python code in a process of its own and return what it printed."""

    def run(code: str, *arguments: str, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.strip()

    return run
