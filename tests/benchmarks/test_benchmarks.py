"""The benchmarks: every row is there and is measured, the clock is right, the page is theirs."""

from __future__ import annotations

import contextlib
import copy
import math
import os
import subprocess
import sys
import time
from functools import cache
from xml.etree import ElementTree

import pytest

from benchmarks import gpu
from benchmarks import measure as measurements
from benchmarks.goals import GOALS
from benchmarks.measure import BUSY, PLACES, busy, measure, why_not
from benchmarks.measure.neighbours import neighbours
from benchmarks.page import PAGE, files, met
from benchmarks.results import PATH, of_row
from docs.measured.files import ROOT, load

COMMITTED = load(PATH)
TABLES = [
    ("native", "kaiming_normal_", 1.05),
    ("native", "kaiming_uniform_", 1.05),
    ("native", "trunc_normal_", 0.12),
    ("native", "orthogonal_", 0.5),
    ("native", "sparse_", 0.35),
    ("native", "Keras on TensorFlow `HeNormal`", 1.05),
    ("native", "JAX `he_normal`", 1.05),
    ("portable", "torch `normal_`", 0.75),
    ("portable", "torch `uniform_`", 0.55),
    ("portable", "JAX `he_normal` under jit", 0.5),
    ("portable", "Keras `HeNormal`", 0.45),
    ("portable", "trunc_normal_", 0.08),
    ("portable", "orthogonal_", 1.2),
    ("portable", "the whole", 0.2),
    ("portable", "where it takes least", 1.3),
    ("portable", "one thread", 0.625),
    ("models", "transformers `initialize_weights`", 1.0),
    ("models", "transformers `initialize_weights`", 0.6),
    ("models", "AnyInit `initialize`", 0.25),
    ("conformance", "`sha256sum`", 3.0),
]
"""What is promised as a ratio: table, the other side, goal. Typed by hand."""


@cache
def _measured(place):
    return measure(place, "--quick")


def _run(*arguments):
    # pytest-benchmark measures nothing in what a process of pytest-xdist starts.
    environment = {name: value for name, value in os.environ.items() if "XDIST" not in name}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(("table", "against", "most"), TABLES)
def test_every_ratio_is_a_goal(table, against, most):
    """No row of the promise is left out, and no goal is other than promised."""
    goals = {g.most for g in GOALS if g.table == table and against in g.against and g.unit == "x"}
    assert most in goals


def test_calls_and_memory_are_goals():
    """Small calls, the memory of each family, and of a portable draw into each framework."""
    for place in set(PLACES) - {"conformance", "torch-models"}:
        own = [goal for goal in GOALS if goal.place == place and goal.table != "models"]
        if place != "numpy":
            assert {g.most for g in own if g.unit == "us more"} == {20.0}
        assert {g.most for g in own if g.unit == "MiB"} == {64.0}
        most = 1.0 if place == "torch" else 0.05
        assert {g.most for g in own if g.unit == "result"} == {most}
        assert sum(goal.unit == "result" for goal in own) >= 3
    assert [goal.most for goal in GOALS if goal.unit == "us"] == [100.0]
    models = [(g.most, g.unit) for g in GOALS if g.table == "models" and g.unit != "x"]
    assert sorted(models) == [(0.25, "s")] * 2 + [(0.3, "s"), (10, "MiB")] + [(64, "MiB")] * 2
    suite = {goal.what: (goal.most, goal.unit) for goal in GOALS if goal.place == "conformance"}
    assert {goal for what, goal in suite.items() if "single" in what} == {(0.7, "s")}
    assert {goal for what, goal in suite.items() if "memory" in what} == {(1024.0, "MiB")}
    assert sorted(suite.values()).count((0.5, "s")) == len(suite) - 4
    assert len({goal.id for goal in GOALS}) == len(GOALS)


@pytest.mark.parametrize("framework", PLACES)
def test_every_goal_is_measured(framework):
    """A run on small sizes gives a number for each row of the place, and for no other."""
    if reason := why_not(framework):
        pytest.skip(f"{framework}: {reason}")
    found = _measured(framework)
    assert set(found["rows"]) == {goal.id for goal in GOALS if goal.place == framework}
    for row in found["rows"].values():
        assert row["low"] <= row["median"] <= row["high"]
        assert math.isfinite(row["median"])
    assert set(found["curves"]) == set(COMMITTED[framework]["curves"])
    for curve in found["curves"].values():
        assert len(curve["points"]) >= 2
        assert all(nanoseconds > 0 for _, nanoseconds in curve["points"])


@pytest.mark.parametrize("framework", BUSY)
def test_ratios_are_measured_beside_other_processes(framework, monkeypatch):
    """A busy run gives a number for each ratio, and for nothing else; the worst run counts."""
    ratios = {goal.id for goal in GOALS if goal.place == framework and goal.unit == "x"}
    committed = COMMITTED[framework]["rows"]
    assert {row for row, spread in committed.items() if "busy" in spread} == ratios
    if reason := why_not(framework):
        pytest.skip(f"{framework}: {reason}")
    rows = measure(framework, "--busy", "--quick")["rows"]
    assert set(rows) == ratios
    worse = {row: spread | {"median": math.inf} for row, spread in rows.items()}
    runs = iter([rows, worse, rows])
    monkeypatch.setattr(measurements, "neighbours", lambda _: contextlib.nullcontext())
    monkeypatch.setattr(measurements, "measure", lambda *_: {"rows": next(runs)})
    assert busy(framework) == dict.fromkeys(ratios, math.inf)


@pytest.mark.parametrize(("framework", "kind"), [("numpy", "spin"), ("torch", "train")])
def test_neighbours_never_rest(framework, kind):
    """They take processor time, and go on until the body ends."""
    if reason := why_not(framework):
        pytest.skip(f"{framework}: {reason}")
    before = os.times().children_user
    with neighbours(kind):
        time.sleep(1)
    assert os.times().children_user - before > 0.15


def test_a_ratio_that_other_processes_more_than_double_is_bold():
    """One of less than twice what is reached is not."""
    results = copy.deepcopy(COMMITTED)
    row = results["torch"]["rows"]["native-sparse"]
    for factor, bold in ((1.9, False), (2.1, True)):
        row["busy"] = factor * row["median"]
        assert (f"**{row['busy']:.3f} x**" in files(results)[PAGE]) == bold


@pytest.mark.parametrize("framework", ["torch", "jax"])
def test_the_rows_of_a_gpu_can_be_measured(framework):
    """Each row runs, on the CPU too, and its line has finite numbers."""
    if reason := why_not(framework):
        pytest.skip(f"{framework}: {reason}")
    rows = gpu.torch_rows("cpu", 32) if framework == "torch" else gpu.jax_rows(32)
    names, *lines = gpu.table(rows, rounds=2)
    assert names.split() == ["what", "ratio", "quartiles", "ours", "us", "theirs", "us"]
    assert len(lines) >= 6
    for line in lines:
        ratio, low, _, high, ours, theirs = line.split()[-6:]
        assert 0 < float(low) <= float(ratio) <= float(high)
        assert float(ours) + float(theirs) > 0


def test_clock_is_right():
    """Calls of known length have the ratio, the difference and the unit cost that they must."""
    pytest.importorskip("pytest_benchmark")
    _run("-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider",
         "benchmarks/measure/test_clock.py")  # fmt: skip


def test_peak_sees_a_temporary():
    """256 MiB that are touched and given back raise the peak by that, a slice of them less."""
    code = (
        "import numpy as np; from benchmarks.measure.memory import rise;"
        "print(rise(lambda: np.ones(1 << 25)), rise(lambda: np.ones(1 << 24)))"
    )
    first, second = map(int, _run("-c", code).split())
    assert first == pytest.approx(1 << 28, rel=0.1)
    assert second < 1 << 24


PROMISES = [goal for goal in GOALS if math.isfinite(goal.most)]


@pytest.mark.parametrize("goal", PROMISES, ids=lambda goal: goal.id)
def test_verdict_follows_the_number(goal):
    """The committed number decides, a worse one misses, a better one meets."""
    found = of_row(COMMITTED, goal.id)
    assert found is not None, "run python -m benchmarks"
    assert met(goal, found) == (found["median"] <= goal.most)
    assert not met(goal, found | {"median": goal.most * 1.001})
    assert met(goal, found | {"median": goal.most * 0.999})


def test_page_and_pictures_are_those_of_the_numbers():
    """`python -m benchmarks --page` changes nothing; it names each miss."""
    for path, text in files(COMMITTED).items():
        assert path.read_text("utf-8") == text, f"{path.relative_to(ROOT)}: run it again"
    missed = sum(not met(goal, of_row(COMMITTED, goal.id)) for goal in PROMISES)
    page = PAGE.read_text("utf-8")
    assert page.count("| **missed** |") == missed
    assert page.count("| met |") == len(PROMISES) - missed
    assert f"{len(PROMISES) - missed} of {len(PROMISES)} goals are met" in page


def test_a_control_is_no_goal():
    """A call against itself is shown as what it is, and has come out near 1."""
    controls = [goal for goal in GOALS if goal not in PROMISES]
    assert [goal.against for goal in controls] == ["itself"]
    assert PAGE.read_text("utf-8").count("| control |") == len(controls)
    for goal in controls:
        assert of_row(COMMITTED, goal.id)["median"] == pytest.approx(1, abs=0.05)


def test_a_busy_machine_is_named():
    """Numbers from a machine with other work on it say so, those from a quiet one do not."""
    for others, named in ((0.1, False), (3.0, True)):
        results = {place: found | {"load": others} for place, found in COMMITTED.items()}
        assert ("busy machine" in files(results)[PAGE]) == named


def test_growth_is_shown_over_the_whole_range():
    """From 2^10 to 2^26 elements without a seed, from 2^16 to 2^28 with one."""
    for place in COMMITTED.values():
        for name, curve in place["curves"].items():
            sizes = [size for size, _ in curve["points"]]
            assert (min(sizes), max(sizes)) == (
                (16, 28) if name.startswith("portable") else (10, 26)
            )


def test_pictures_are_well_formed_and_labelled():
    """Each picture is XML with a label, in colours that follow the theme."""
    for path, text in files(COMMITTED).items():
        if path.suffix == ".svg":
            assert ElementTree.fromstring(text).get("aria-label")
            assert "var(--is-" in text
