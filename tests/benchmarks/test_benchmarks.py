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

from benchmarks import __main__ as command
from benchmarks import gpu
from benchmarks import measure as measurements
from benchmarks.goals import GOALS
from benchmarks.measure import BUSY, PLACES, busy, measure, processors, why_not
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
    ("portable", "torch `normal_`", 0.28),
    ("portable", "torch `uniform_`", 0.25),
    ("portable", "JAX `he_normal` under jit", 0.2),
    ("portable", "Keras `HeNormal`", 0.15),
    ("portable", "trunc_normal_", 0.03),
    ("portable", "orthogonal_", 1.2),
    ("portable", "the whole", 0.2),
    ("portable", "axes `out in`", 1.15),
    ("portable", "axes `out in`", 1.1),
    ("portable", "float32", 1.1),
    ("portable", "where it takes least", 1.3),
    ("portable", "one thread", 0.625),
    ("portable-numpy", "torch `normal_`", 0.75),
    ("portable-numpy", "torch `uniform_`", 0.55),
    ("portable-numpy", "JAX `he_normal` under jit", 0.5),
    ("portable-numpy", "Keras `HeNormal`", 0.45),
    ("portable-numpy", "trunc_normal_", 0.08),
    ("portable-numpy", "axes `out in`", 1.5),
    ("models", "transformers `initialize_weights`", 0.35),
    ("models", "transformers `initialize_weights`", 0.6),
    ("models", "transformers `initialize_weights`", 1.0),
    ("models", "AnyInit `initialize`", 0.1),
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
    assert [goal.most for goal in GOALS if goal.unit == "us"] == [40.0, 100.0]
    assert {g.most for g in GOALS if g.table == "portable" and g.unit == "s"} == {0.06}
    models = [(g.most, g.unit) for g in GOALS if g.table == "models" and g.unit != "x"]
    assert sorted(models) == [(0.25, "s")] * 3 + [(0.3, "s"), (10, "MiB")] + [(64, "MiB")] * 2
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
    shares = iter([0.02, 0.03, 0.01])
    monkeypatch.setattr(measurements, "others", lambda *_: next(shares))
    assert busy(framework) == {row: {"busy": math.inf, "busy_others": 0.03} for row in ratios}


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


def _stat(*processors):
    """Return /proc/stat: for each processor the ticks of each kind, as Linux has them."""
    each = [f"cpu{i} {' '.join(map(str, ticks))}" for i, ticks in enumerate(processors)]
    return "\n".join(["cpu 9 9 9 9 9 9 9 9 9 9", *each, "intr 1 2 3", "ctxt 4"])


def test_others_are_what_is_left_of_the_processors(monkeypatch, tmp_path):
    """The share of all but this process, in the time that the processors it may use offered."""
    stat, at = tmp_path / "stat", {"own": (0.0,) * 4, "now": 100.0}
    monkeypatch.setattr(processors, "_STAT", stat)
    monkeypatch.setattr(processors.os, "sched_getaffinity", lambda _: {0, 2}, raising=False)
    monkeypatch.setattr(processors.os, "sysconf", lambda _: 100, raising=False)
    monkeypatch.setattr(processors.os, "times", lambda: (*at["own"], 0.0))
    monkeypatch.setattr(processors.time, "monotonic", lambda: at["now"])
    assert processors.reading() is None  # not on Linux
    assert processors.others(None, None) is None
    # user, nice, system, idle, waiting, interrupts, soft ones, stolen, guests (of user)
    stat.write_text(_stat([100, 0, 0, 900, 50, 0, 0, 0, 70, 0], [0] * 10, [0] * 10))
    before = processors.reading()
    at["now"], at["own"] = 110.0, (1.0, 0.5, 4.0, 0.5)  # 6 seconds, 4.5 of them of children
    stat.write_text(
        _stat(
            [500, 10, 80, 1300, 90, 5, 4, 1, 370, 0], [999] * 10, [250, 0, 0, 750, 0, 0, 0, 0, 0, 0]
        )
    )
    after = processors.reading()
    # 5 and 2.5 seconds were taken of 20.
    assert processors.others(before, after) == pytest.approx((7.5 - 6) / 20)
    at["own"] = (20.0, 0.0, 0.0, 0.0)  # more than is counted: this container hides it
    assert processors.others(before, processors.reading()) is None


def test_what_others_take_is_on_the_page():
    """Beside each row, bold where it is much, with a warning; else the most is stated."""
    results = copy.deepcopy(COMMITTED)
    for place in results.values():
        for taken in (*place["rows"].values(), *place["curves"].values()):
            taken["others"] = 0.01
            if "busy_others" in taken:
                taken["busy_others"] = 0.2
    page = files(results)[PAGE]
    assert "Other processes took at most 1% of" in page
    assert page.count("| 1% |") == len(GOALS)
    assert "others took up to 20% there" in page
    assert 'beside other work"' not in page
    assert "not known" not in page
    results["torch"]["rows"]["native-sparse"]["others"] = 0.1
    results["jax"]["rows"]["native-memory-jax-normal"]["others"] = 0.31
    results["numpy"]["rows"]["portable-small"]["others"] = None
    page = files(results)[PAGE]
    assert "took up to 31% of" in page
    assert "for 2 rows" in page
    assert page.count("| **10%** |") == page.count("| **31%** |") == 1
    assert page.count("| not known |") == 1
    assert "For 1 rows and curves it was not read" in page


def test_rows_that_are_measured_anew_keep_the_others(monkeypatch):
    """Those of the same place; not of other versions, of which a page would show two in one."""
    now = {"versions": ["torch 1"], "cores": 2}
    before = {"rows": {"a": 1, "b": 2}, "curves": {"c": 3}}
    kept = {"place": now | before}
    measured = now | {"rows": {"a": 4}, "curves": {}}
    monkeypatch.setattr(command, "load", lambda _: kept)
    monkeypatch.setattr(command, "save", lambda _, results, **_depth: kept.update(results))
    monkeypatch.setattr(command, "why_not", lambda _: None)
    monkeypatch.setattr(command, "measured_on", lambda _: now)
    monkeypatch.setattr(command, "measure", lambda *_: dict(measured))
    command._measure(["place"], "a")
    assert kept["place"] == now | {"rows": {"a": 4, "b": 2}, "curves": {"c": 3}}
    command._measure(["place"], None)
    assert kept["place"] == measured
    kept["place"] = before | now | {"versions": ["torch 2"]}
    with pytest.raises(ValueError, match="measure all of them"):
        command._measure(["place"], "a")


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
