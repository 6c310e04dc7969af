"""Options and profiles of the whole test suite."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.resources import files

import pytest
from hypothesis import HealthCheck, settings

from initspec.backend import GROUP, usable
from initspec.errors import BackendError

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
        help="a backend that the tests in tests/contract draw with; repeatable "
        "(default: every registered backend that can be used here)",
    )


def backend_names(config: pytest.Config) -> list[str]:
    """Return the backends under test: those asked for, else all that can be used here."""
    asked: list[str] = config.getoption("--backend")
    return asked or [name for name in sorted(entry_points(group=GROUP).names) if _usable(name)]


def _usable(name: str) -> bool:
    try:
        usable(name)  # looks for the framework without importing it
    except BackendError:
        return False
    return True


@dataclass(frozen=True)
class Weight:
    """A layer's weight in `weights.toml`, typed by hand."""

    name: str
    axes: str
    shape: tuple[int, ...]
    fans: tuple[int, int]
    logical: tuple[int, ...]
    large: tuple[int, ...]
    large_fans: tuple[int, int]


def _weights() -> list[Weight]:
    table = tomllib.loads(
        (files("initspec_conformance.expected") / "weights.toml").read_text("utf-8")
    )
    return [
        Weight(**{key: tuple(v) if isinstance(v, list) else v for key, v in weight.items()})
        for weight in table["weight"]
    ]


WEIGHTS = _weights()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give `weight` each layer, `backend` each backend, `backend_dtype` each of its dtypes."""
    if "weight" in metafunc.fixturenames:
        metafunc.parametrize("weight", WEIGHTS, ids=[weight.name for weight in WEIGHTS])
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
