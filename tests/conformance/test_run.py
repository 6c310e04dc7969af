"""`run`: verdicts, bad backends, declared deviations, seeds, interruption."""

import json
import threading
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from initspec_conformance import run
from initspec_conformance.checks import BATTERY
from initspec_conformance.console import GROUPS, group_of
from initspec_conformance.document import to_json
from initspec_conformance.jobs import manifest, terms_of
from initspec_conformance.judge import CALLS
from initspec_conformance.junit import to_junit
from initspec_conformance.levels import LEVELS, Level
from initspec_conformance.manifest import cells_of
from initspec_conformance.pooled import POOLED
from initspec_conformance.properties import PROPERTIES
from initspec_conformance.seeds import BITS, seeds_of
from strangers import BAD, Stranger, Wrong, read_only

from initspec.errors import BackendError, InitSpecError

CELL = "he_normal/torch Linear*"
IMPATIENT = Level("quick", 1 << 18, 1 << 8, 2.0)


def test_a_right_backend_passes():
    """NumPy passes everything of the quick level, and so do draws with new seeds."""
    report = run(["numpy"], level="quick", seed="fresh")
    assert report.passed, report
    assert report.nonce
    assert len(report.checks) == report.tests - 2 * 4 + 2 * 4


def test_a_strangers_thirty_lines_pass():
    """Any object that satisfies the protocol is judged; here on the cells that it can draw."""
    report = run([Stranger()], level="quick", only=CELL)
    assert report.passed, report
    assert report.versions == {"stranger": "1"}


@pytest.mark.parametrize(("spoil", "says"), BAD.values(), ids=BAD)
def test_bad_draws_are_failures(spoil, says):
    """Whatever a draw comes to is a failed cell with its reason; the next backend is still run."""
    report = run([Wrong(spoil), "numpy"], level=IMPATIENT, only=CELL)
    assert not report.passed
    assert {finding.backend for finding in report.failures} == {"wrong"}
    assert any(says in finding.message for finding in report.failures), report
    assert any(finding.backend == "numpy" for finding in report.checks)


def test_read_only_draws_are_right():
    """The suite writes to no draw."""
    assert run([Wrong(read_only)], level="quick", only=CELL).passed


def test_failures_can_be_repeated():
    """The snippet of a failure finds it again."""
    report = run([Wrong(lambda w: w * 1.05)], level="quick", seed=11, only=CELL)
    failure = next(f for f in report.failures if f.check == "variance")
    seen = []
    snippet = failure.reproduce.replace("'wrong'", "backend").replace("print(", "seen.append(")
    exec(snippet, {"seen": seen, "backend": Wrong(lambda w: w * 1.05)})
    assert failure in seen[0].failures
    assert len(failure.p_values) == 2
    assert 0.01 < failure.min_discrepancy < 0.05


def test_nobody_to_check():
    """No backend, no cell, and an unknown name or level are errors."""
    with pytest.raises(InitSpecError, match="no backend"):
        run([])
    with pytest.raises(InitSpecError, match="matches none"):
        run(["numpy"], only="he_norml/*")
    with pytest.raises(BackendError, match="did you mean 'numpy'"):
        run(["nunpy"])
    with pytest.raises(InitSpecError, match="did you mean 'quick'"):
        run(["numpy"], level="quik")
    with pytest.raises(InitSpecError, match="two backends of one name"):
        run(["numpy", "numpy"])
    with pytest.raises(ValueError, match="non-negative"):
        run(["numpy"], seed=-1)


def test_an_unusable_backend_fails():
    """A named backend without its framework raises; it is never skipped."""
    backend = Stranger()
    backend.why_unusable = lambda: "no framework"
    with pytest.raises(BackendError, match="no framework"):
        run([backend])


def test_deviations_are_declared_and_strict():
    """A declared failure does not fail the run; one that no longer fails does."""
    backend = Wrong(lambda w: w * 1.05)
    backend.known_deviations = ("he_normal/*: scaled, https://example.org/1",)
    report = run([backend], level="quick", only=CELL)
    assert report.passed
    assert report.deviations
    assert all("example.org" in finding.deviation for finding in report.deviations)
    backend.spoil = lambda w: w
    report = run([backend], level="quick", only=CELL)
    assert [finding.check for finding in report.failures] == ["known_deviations"]


def test_undocumented_deviations_excuse_nothing():
    """A declaration without a link is for readers."""
    backend = Wrong(lambda w: w * 1.05)
    backend.known_deviations = ("he_normal/*: scaled",)
    assert not run([backend], level="quick", only=CELL).passed


def test_interrupted_runs_report():
    """Ctrl-C leaves a valid report of what was done, which did not pass."""
    seen = threading.Event()

    def stop(done, total, what, passed):
        seen.set()
        raise KeyboardInterrupt

    report = run(["numpy"], level="quick", progress=stop)
    assert seen.is_set()
    assert report.interrupted
    assert not report.passed
    assert not report.failures
    assert json.loads(to_json(report))["interrupted"]
    assert ET.fromstring(to_junit(report)) is not None


def test_reports_escape_names():
    """A backend may call itself anything."""
    name = "<script>&\x00\ud800"
    report = run([Wrong(lambda w: w * 2, name)], level="quick", only=CELL)
    document = json.loads(to_json(report))
    assert document["checks"][0]["backend"] == name
    root = ET.fromstring(to_junit(report).encode())
    assert root[0].get("name").startswith("<script>&")
    assert root[0].findall(".//failure")


def test_k_is_counted():
    """K is the number of tests of the manifest, pooled ones included."""
    jobs = manifest([Stranger()], "quick")
    terms = terms_of(jobs, LEVELS["quick"], 0)
    assert terms.tests == sum(job.tests for job in jobs) + 8
    assert terms.rates.first * terms.rates.second <= 1e-6 / terms.tests


@pytest.mark.parametrize("level", LEVELS)
def test_manifest_covers(level):
    """Each dtype, each layer and each family is met at every level, and no cell twice."""
    dtypes = ("float16", "bfloat16", "float32", "float64")
    cells = cells_of(level, dtypes)
    ids = [cell.id for cell in cells]
    assert len(set(ids)) == len(ids)
    assert {cell.target.dtype for cell in cells} == set(dtypes)
    assert {cell.target.family for cell in cells} == {"iid", "sparse", "haar", "fixed"}
    assert len({cell.target.axes for cell in cells}) >= 15


def test_seeds():
    """Consecutive from an even base, the last one bit off it; other cells have others."""
    seeds = seeds_of("cell", 0, 100, 0)
    assert seeds == seeds_of("cell", 0, 100, 0)
    assert len(set(seeds)) == 100
    base = seeds[0]
    assert base % 2 == 0
    assert seeds[:95] == list(range(base, base + 95))
    assert [seed ^ base for seed in seeds[95:]] == [1 << bit for bit in BITS]
    assert all(0 <= seed < 1 << 31 for seed in seeds_of("cell", 1, 16384, 0))
    others = seeds_of("cell", 1, 100, 0), seeds_of("other", 0, 100, 0), seeds_of("cell", 0, 100, 5)
    assert all(not set(seeds) & set(other) for other in others)


def test_every_check_has_a_row():
    """The table of a run sums up every check that there is, and no other."""
    names = {*BATTERY, *CALLS, *(f"pooled_{name}" for name in POOLED)}
    names |= {prop.name for prop in PROPERTIES}
    assert not [name for name in names if group_of(name) == "other"]
    assert {name for group in GROUPS.values() for name in group} <= names


def test_the_readme_shows_every_row():
    """Its table is that of `--markdown`: a row for each property, a column for each backend."""
    text = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    table = text.partition("<!-- conformance -->")[2].partition("<!-- /conformance -->")[0]
    lines = [line.strip("| ").split(" | ") for line in table.strip().splitlines()]
    assert [line[0] for line in lines[2:]] == list(GROUPS)
    assert [head.partition(" ")[0] for head in lines[0][1:]] == ["numpy", "torch", "keras", "jax"]
    assert all("pass" in cell and "fail" not in cell for line in lines[2:] for cell in line[1:])


def test_the_number_of_workers_does_not_matter():
    """One worker and three find the same numbers."""
    one, three = (
        run(["numpy"], level="quick", only="he_*float32", workers=workers) for workers in (1, 3)
    )
    assert [(f.id, f.statistic) for f in one.checks] == [(f.id, f.statistic) for f in three.checks]


def test_global_random_state_is_watched():
    """A backend that moves NumPy's global state is found, and one that depends on it too."""

    class Global(Stranger):
        def draw(self, spec, shape, **how):
            std = spec.std(shape, how["axes"])
            return np.random.normal(0, std, shape).astype(np.float32)

    failed = {finding.check for finding in run([Global()], level="quick", only=CELL).failures}
    assert failed == {"global_state", "reproducible"}
