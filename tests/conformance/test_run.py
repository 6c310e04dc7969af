"""`run`: verdicts, bad backends, declared deviations, seeds, interruption."""

import json
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from initspec_conformance import run
from initspec_conformance.checks import BATTERY
from initspec_conformance.checks.base import GROUPS
from initspec_conformance.checks.calls import CALLS
from initspec_conformance.expected.tables import weights
from initspec_conformance.reports.document import to_json
from initspec_conformance.results.pooled import POOLED
from initspec_conformance.runner.levels import LEVELS, Level
from initspec_conformance.runner.manifest import manifest, members
from initspec_conformance.runner.properties import PROPERTIES
from initspec_conformance.runner.run import backend_cells
from initspec_conformance.runner.run_cells import config_of
from initspec_conformance.runner.seeds import BITS, seeds_of
from third_party import BAD, FaultyBackend, ThirdPartyBackend, read_only
from threadpoolctl import threadpool_info, threadpool_limits

from initspec import Axes
from initspec.backend import usable
from initspec.errors import BackendError, InitSpecError, SeedError

CELL = "he_normal/torch Linear*"
IMPATIENT = Level("quick", 1 << 18, 1 << 8, 2.0)


def test_a_right_backend_passes():
    """NumPy passes everything of the quick level with new seeds; no check is without a row."""
    report = run(["numpy"], level="quick", seed="fresh")
    assert report.passed, str(report)
    assert report.nonce
    assert len(report.checks) == report.tests - 2 * 4 + 2 * 4
    names = {*CALLS, *(f"pooled_{name}" for name in POOLED), *(prop.name for prop in PROPERTIES)}
    assert {finding.check for finding in report.checks} == names | set(BATTERY)
    assert {finding.group for finding in report.checks} == {*GROUPS} - {"known deviations"}


def test_small_weights_are_not_drawn_for_ever():
    """A call costs more than the 48 values of a bias: quick makes 512 of them, not 5,462."""
    draws = {
        expected.size: LEVELS["quick"].draws(expected, 0)
        for expected in manifest("quick", ("float32",)).values()
        if expected.family not in ("fixed", "haar")
    }
    assert draws[48] == draws[240] == 512
    large = {size: count for size, count in draws.items() if size > 512}
    assert large == {size: max(2, -(-(1 << 18) // size)) for size in large}


def test_a_third_partys_thirty_lines_pass():
    """Any object that satisfies the protocol is judged; here on the cells that it can draw."""
    report = run([ThirdPartyBackend()], level="quick", only=CELL)
    assert report.passed, str(report)
    assert report.versions == {"third_party": "1"}


@pytest.mark.parametrize(("spoil", "says"), BAD.values(), ids=BAD)
def test_bad_draws_are_failures(spoil, says):
    """Whatever a draw comes to is a failed cell with its reason; the next backend is still run."""
    report = run([FaultyBackend(spoil), "numpy"], level=IMPATIENT, only=CELL)
    assert not report.passed
    assert {finding.backend for finding in report.failures} == {"faulty"}
    assert any(says in finding.message for finding in report.failures), report
    assert any(finding.backend == "numpy" for finding in report.checks)


def test_read_only_draws_are_right():
    """The suite writes to no draw."""
    assert run([FaultyBackend(read_only)], level="quick", only=CELL).passed


def test_failures_can_be_repeated():
    """The line of a failure finds it again."""
    report = run([FaultyBackend(lambda w: w * 1.05)], level="quick", seed=11, only=CELL)
    failure = next(f for f in report.failures if f.check == "variance")
    seen = []
    line = failure.reproduce.replace("print(", "seen.append(")
    exec(line, {"run": run, "seen": seen, "backend": FaultyBackend(lambda w: w * 1.05)})
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
    with pytest.raises(InitSpecError, match="named twice"):
        run(["numpy", "numpy"])
    for seed in (-1, True, 1.0, "old"):
        with pytest.raises(SeedError, match="non-negative"):
            run(["numpy"], seed=seed)
    for workers in (0, -1, "2"):
        with pytest.raises(InitSpecError, match=f"workers={workers!r}"):
            run(["numpy"], workers=workers)
    with pytest.raises(BackendError, match="lacks name, "):
        run(object())


def test_one_backend_needs_no_list():
    """A name or an object alone is one backend; a seed may be one of NumPy's."""
    found = [
        run(one, level="quick", only=CELL, seed=np.int64(3))
        for one in ("numpy", ThirdPartyBackend())
    ]
    assert [report.nonce for report in found] == [3, 3]
    assert [list(report.versions) for report in found] == [["numpy"], ["third_party"]]


def test_an_unusable_backend_fails():
    """A named backend without its framework raises; it is never skipped."""
    backend = ThirdPartyBackend()
    backend.why_unusable = lambda: "no framework"
    with pytest.raises(BackendError, match="no framework"):
        run([backend])


def test_deviations_are_declared_and_strict():
    """A declared failure does not fail the run; one that no longer fails does."""
    backend = FaultyBackend(lambda w: w * 1.05)
    backend.known_deviations = ("he_normal/*: scaled, https://example.org/1",)
    report = run([backend], level="quick", only=CELL)
    assert report.passed
    assert report.deviations
    assert all("example.org" in finding.deviation for finding in report.deviations)
    backend.spoil = lambda w: w
    report = run([backend], level="quick", only=CELL)
    assert [finding.check for finding in report.failures] == ["known_deviations"]


def test_a_part_of_a_run_is_strict_about_what_it_holds():
    """A declared pattern that passes here may fail elsewhere, unless there is no elsewhere."""
    backend = FaultyBackend(lambda w: w)
    for pattern, failures in (
        ("*/variance", []),  # other cells have variances too
        ("he_normal/*/variance", ["known_deviations"]),  # there is one such cell
        ("he_normal/torch?Linear?512x520/float32/variance", ["known_deviations"]),
        ("rounding", []),
    ):
        backend.known_deviations = (f"{pattern}: why, https://example.org/1",)
        report = run([backend], level="quick", only=CELL)
        assert [finding.check for finding in report.failures] == failures
        for failure in report.failures:
            assert "https://example.org/1" in failure.message
            compile(failure.reproduce, "reproduce", "exec")


def test_undocumented_deviations_excuse_nothing():
    """A declaration without a link is for readers."""
    backend = FaultyBackend(lambda w: w * 1.05)
    backend.known_deviations = ("he_normal/*: scaled",)
    assert not run([backend], level="quick", only=CELL).passed


def test_a_bias_that_all_cells_share_is_pooled():
    """No cell shows it alone: each passes, and all of them together do not."""
    report = run([FaultyBackend(lambda w: w * 1.003)], level="quick", only="he_normal*")
    assert {failure.check for failure in report.failures} == {"pooled_variance"}
    assert report.failures[0].message.startswith("variances of ")
    assert "only='he_normal*'" in report.failures[0].reproduce


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


def test_reports_escape_names():
    """A backend may call itself anything."""
    name = "<script>&\x00\ud800"
    report = run([FaultyBackend(lambda w: w * 2, name)], level="quick", only=CELL)
    document = json.loads(to_json(report))
    assert document["checks"][0]["backend"] == name


def test_k_is_counted():
    """K is the number of tests of the manifest, pooled ones included."""
    cells = backend_cells([ThirdPartyBackend()], "quick")
    config = config_of(cells, LEVELS["quick"], 0, str)
    assert config.tests == sum(len(cell.tests) for cell in cells) + 8
    assert config.rates.first * config.rates.second <= 1e-6 / config.tests


@pytest.mark.parametrize("level", LEVELS)
def test_manifest_covers(level):
    """Each dtype, each layer and each family is met at every level."""
    dtypes = ("float16", "bfloat16", "float32", "float64")
    weights = manifest(level, dtypes).values()
    assert {expected.dtype for expected in weights} == set(dtypes)
    assert {expected.family for expected in weights} == {
        *("iid", "sparse", "haar", "fixed", "parts"),
    }
    assert len({expected.axes for expected in weights}) >= 15


MET = {
    "a plain matrix": lambda t: t.family == "haar" and str(t.axes) == "out in",
    "a plain matrix, beyond the blocks of a QR": lambda t: t.family == "haar" and min(t.shape) > 64,
    "a matrix the other way round": lambda t: t.family == "haar" and str(t.axes) == "in out",
    "a matrix of one row": lambda t: t.family == "haar" and t.shape[0] == 1,
    "a depthwise kernel": lambda t: t.family == "haar" and t.shape[1:] == (1, 3, 3),
    "gates": lambda t: t.family == "haar" and str(t.axes) == "in (stack=4 out)",
    "heads": lambda t: t.family == "haar" and str(t.axes) == "in out out",
    "a delta kernel of torch": lambda t: (
        str(t.spec) == "delta_orthogonal" and str(t.axes).startswith("out in")
    ),
    "zeros the other way round": lambda t: t.family == "sparse" and str(t.axes) == "in out",
    "zeros of a kernel": lambda t: t.family == "sparse" and str(t.axes).startswith("kernel"),
    "zeros of groups": lambda t: t.family == "sparse" and "stack" in str(t.axes),
    "no axes": lambda t: t.axes is None,
    "a mean that is not 0 under a cut": lambda t: "mean" in str(t.spec) and "trunc" in str(t.spec),
    "a cut that is not corrected for, under a fan": lambda t: (
        "corrected=False" in str(t.spec) and t.spec.mode is not None
    ),
    "a lopsided uniform in float64": lambda t: "low=" in str(t.spec) and t.dtype == "float64",
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("met", MET.values(), ids=MET)
def test_manifest_meets(met, level):
    """What a backend has code of its own for is drawn at every level."""
    assert any(map(met, manifest(level, ("float32", "float64")).values()))


@pytest.mark.parametrize("level", LEVELS)
def test_exchanged_fans_show(level):
    """Each layer with two fans is drawn with one of them: glorot's sum would hide a swap."""
    by_layer = {}
    for name, expected in manifest(level, ("float32",)).items():
        by_layer.setdefault(name.split("/")[1], set()).add(expected.spec.mode)
    for weight in weights():
        shape = weight.shape if level == "quick" else weight.large
        modes = by_layer[f"{weight.name} {'x'.join(map(str, shape))}"]
        assert modes & {"fan_in", "fan_out"}, weight.name


def test_unequal_members_are_met():
    """Members of unequal size pass by themselves; drawn as one weight, none does."""
    assert run(["numpy"], level="quick", only="*/member*").passed

    class Flat(ThirdPartyBackend):
        def draw(self, spec, shape, *, axes=None, **how):
            return usable("numpy").draw(spec, shape, axes=Axes("out in"), **how)

    report = run([Flat()], level="quick", only="*/member*")
    failed = {finding.cell for finding in report.checks if not finding.passed}
    assert failed == set(members(("float32",)))


def test_large_weights_are_met():
    """Beyond 2^23 elements the blocks of a draw have joints."""
    for level in ("default", "thorough"):
        assert max(expected.size for expected in manifest(level, ("float32",)).values()) > 1 << 23


def test_a_draw_has_one_thread():
    """While the cores judge and draw, a QR has one thread; afterwards what it had."""
    seen = []

    def threads():
        return [pool["num_threads"] for pool in threadpool_info()]

    class Curious(ThirdPartyBackend):
        def draw(self, spec, shape, **how):
            seen.extend(threads())
            return super().draw(spec, shape, **how)

    with threadpool_limits(2):
        assert run([Curious()], level="quick", only=CELL).passed
        assert set(threads()) == {2}
    assert set(seen) == {1}


def test_a_draw_has_one_thread_where_its_framework_comes_late():
    """A framework is loaded before the first draw, so that its OpenMP has one thread in all."""
    seen = []

    class Late(ThirdPartyBackend):
        def version(self):
            import sklearn.utils._openmp_helpers  # noqa: F401 - which brings an OpenMP of its own

            return "1"

        def draw(self, spec, shape, **how):
            pools = [pool for pool in threadpool_info() if pool["user_api"] == "openmp"]
            seen.append([pool["num_threads"] for pool in pools])
            return super().draw(spec, shape, **how)

    pytest.importorskip("sklearn")
    with threadpool_limits(2):
        assert run([Late()], level="quick", only=CELL).passed
    assert seen
    assert all(threads and set(threads) == {1} for threads in seen)


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


def test_the_page_shows_every_row():
    """A row for each group of checks, a column for each backend."""
    text = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text("utf-8")
    table = text.partition("<!-- conformance -->")[2].partition("<!-- /conformance -->")[0]
    lines = [line.strip("| ").split(" | ") for line in table.strip().splitlines()]
    assert [line[0] for line in lines[2:]] == [g for g in GROUPS if g != "known deviations"]
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

    class Global(ThirdPartyBackend):
        def draw(self, spec, shape, **how):
            std = spec.std(shape, how["axes"])
            return np.random.normal(0, std, shape).astype(np.float32)

    failed = {finding.check for finding in run([Global()], level="quick", only=CELL).failures}
    assert failed == {"global_state", "reproducible"}


def test_half_of_the_random_state_is_refused():
    """With one of its two methods the check could not be made, and would be left out in silence."""

    class Half(ThirdPartyBackend):
        def random_state(self):
            return b""

    with pytest.raises(InitSpecError, match="random_state alone: write random_state and elsewhere"):
        run([Half()], level="quick", only=CELL)


class Shared(ThirdPartyBackend):
    """A backend whose framework has numbers for everybody, and a way to ask for their state."""

    rng = np.random.default_rng(0)

    def random_state(self):
        return repr(self.rng.bit_generator.state).encode()

    @contextmanager
    def elsewhere(self, seed):
        before = self.rng.bit_generator.state
        self.rng.bit_generator.state = np.random.default_rng(seed).bit_generator.state
        yield
        self.rng.bit_generator.state = before


def test_a_framework_s_random_state_is_watched():
    """One that tells of its global state may not move it, and its draws may not depend on it."""

    class Moves(Shared):
        def draw(self, spec, shape, **how):
            self.rng.random()
            return super().draw(spec, shape, **how)

    class Depends(Shared):
        def draw(self, spec, shape, **how):
            there = int(self.random_state() != Shared.begun)
            return super().draw(spec, shape, **how | {"entropy": how["entropy"] + there})

    Shared.begun = Shared().random_state()
    for kind, wanted in ((Shared, set()), (Depends, {"reproducible"}), (Moves, {"global_state"})):
        failed = {finding.check for finding in run([kind()], level="quick", only=CELL).failures}
        assert failed == wanted, kind
        assert (Shared().random_state() == Shared.begun) == (kind is not Moves)
