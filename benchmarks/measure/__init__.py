"""How each row is measured: pytest-benchmark, a file and a process for each place.

`pytest benchmarks/measure/test_torch.py` runs one by hand; `--quick` makes it seconds, for those
who want to know whether it runs, not what it says. With `--busy` ratios alone are measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.measure.neighbours import cores, neighbours
from benchmarks.measure.processors import others, reading
from docs.measured.places import PLACES as FRAMEWORKS
from docs.measured.places import Place

_HERE = Path(__file__).resolve().parent


_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "INITSPEC_THREADS")
_ONE_CORE = dict.fromkeys(_THREADS, "1")
_FRAMEWORKS = ("numpy", "torch", "jax", "keras-tensorflow")


def _fast(place: Place) -> Place:
    """Return a place where seeded draws are measured by machine code, too."""
    return replace(place, needs=(*place.needs, "llvmlite"))


PLACES = {place: _fast(FRAMEWORKS[place]) for place in _FRAMEWORKS} | {
    "torch-models": _fast(Place("models of torch", ("torch", "transformers", "anyinit"))),
    "conformance": Place("the conformance suite", ("numpy", "scipy"), "", _ONE_CORE),
}
"""Where a row is measured: each place has a file test_*.py in this folder."""


BUSY = ("torch",)
"""Where ratios are measured beside other work, too: threads of torch wait for each other."""

RUNS = ("spin", "train", "spin")
"""The neighbours of each run: numbers differ most beside those that spin."""


def why_not(place: str) -> str | None:
    """Return None where a place can be measured here, else what is missing."""
    if find_spec("pytest_benchmark") is None:
        return "pytest_benchmark not installed"
    return PLACES[place].why_not()


def environment(place: str) -> dict[str, str]:
    """Return the environment of a process that measures a place."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "INITSPEC_"))}
    return inherited | {"TF_CPP_MIN_LOG_LEVEL": "3"} | dict(PLACES[place].environment)


def busy(place: str, *options: str) -> dict[str, dict[str, float | None]]:
    """Return the worst median of each ratio in runs beside neighbours, and what others took then.

    Args:
        place: a key of `PLACES`.
        options: those of pytest.
    """
    medians: dict[str, list[float]] = {}
    shares = []
    for kind in RUNS:
        before = reading()
        with neighbours(kind):
            rows = measure(place, "--busy", *options)["rows"]
        shares.append(others(before, reading()))  # the neighbours, which have ended, are our own
        for row, spread in rows.items():
            medians.setdefault(row, []).append(spread["median"])
    known = [share for share in shares if share is not None]
    share = max(known) if len(known) == len(shares) else None
    return {row: {"busy": max(each), "busy_others": share} for row, each in medians.items()}


def measure(place: str, *options: str) -> dict[str, Any]:
    """Return {"versions": ..., "cores": ..., "rows": ..., "curves": ...} of one place.

    Args:
        place: a key of `PLACES`.
        options: those of pytest and `benchmarks/measure/conftest.py`.

    Raises:
        RuntimeError: a measurement failed; the message is the output of pytest.
    """
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "benchmark.json"
        file = _HERE / f"test_{place.replace('-', '_')}.py"
        command = [sys.executable, "-m", "pytest", str(file), "-q"]
        # With xdist pytest-benchmark would measure nothing.
        command += ["-p", "no:xdist", "-p", "no:cacheprovider", f"--benchmark-json={written}"]
        done = subprocess.run(
            [*command, *options],
            cwd=_HERE.parents[1],
            env=environment(place),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{place}: {done.stdout}")
        benchmarks = json.loads(written.read_text("utf-8"))["benchmarks"]
    measured: dict[str, dict[str, Any]] = {"rows": {}, "curves": {}}
    for benchmark in benchmarks:
        for kind, entries in measured.items():
            entries.update(benchmark["extra_info"].get(kind, {}))
    return measured_on(place) | measured


def measured_on(place: str) -> dict[str, Any]:
    """Return {"versions": ..., "cores": ...} of this machine."""
    versions = [f"{name} {version(name)}" for name in PLACES[place].needs]
    return {"versions": versions, "cores": cores()}
