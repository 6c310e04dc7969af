"""What pytest needs to know of the measurements."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.measure.bench import Bench
from initspec.stream.kernel import KERNEL


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --quick and --busy."""
    parser.addoption("--quick", action="store_true", help="small and few: whether it runs at all")
    parser.addoption("--busy", action="store_true", help="ratios alone, beside other work")


@pytest.fixture
def bench(benchmark: Any, request: pytest.FixtureRequest) -> Bench:
    """The measurements of this test."""
    return Bench(benchmark, *map(request.config.getoption, ("--quick", "--busy")))


@pytest.fixture(params=["", "-numpy"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Draw with a seed by machine code, then by NumPy; return what goes into the row's id."""
    monkeypatch.setenv(KERNEL, "numpy" if request.param else "llvm")
    return str(request.param)
