"""Backends and callables that misbehave: a finding each, and a report all the same."""

import sys
import time

import numpy as np
import pytest
from initspec_conformance import audit_callable, run
from initspec_conformance.expected.expected import expected_of
from initspec_conformance.reports.console import show
from initspec_conformance.reports.files import write
from initspec_conformance.runner.levels import Level
from mutants import mutant_matrix
from mutants.base import Mutant
from rich.console import Console
from third_party import FaultyBackend, ThirdPartyBackend

from initspec import InitSpec
from initspec.cli.files import check_writable
from initspec.errors import BackendError, InitSpecError

CELL = "he_normal/torch Linear*"
LITTLE = Level("quick", 1 << 16, 1 << 8, 60.0)
NAME = "[red]|<b>\x1b[31m\n\ud800\x00\u202eabc[/]"


class NoTextError(Exception):
    """Has not even a text."""

    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (SystemExit(3), "raised SystemExit: 3"),
        (KeyboardInterrupt(), "raised KeyboardInterrupt"),
        (NoTextError(), "raised NoTextError"),
        (MemoryError(), "raised MemoryError"),
    ],
)
def test_nothing_that_a_draw_raises_ends_the_run(error, says):
    """sys.exit() in a backend is a finding, and no Ctrl-C of the user's."""

    def spoil(_):
        raise error

    report = run([FaultyBackend(spoil), "numpy"], level=LITTLE, only=CELL)
    assert not report.interrupted
    assert [f.message.endswith(says) for f in report.failures] == [True]
    assert any(f.backend == "numpy" for f in report.checks)
    assert audit_callable(spoil_call(error), InitSpec.he_normal(), (8, 8)).failures


def spoil_call(error):
    """Return a draw that raises."""

    def draw(shape, dtype, seed):
        raise error

    return draw


def test_everything_else_of_a_backend_may_fail():
    """Its version and its convention too."""

    class Broken(ThirdPartyBackend):
        def version(self):
            sys.exit(4)

        def default_axes(self, rank):
            sys.exit(5)

    report = run([Broken()], level=LITTLE, only="convention")
    assert report.versions == {"third_party": "of unknown version (SystemExit)"}
    assert "SystemExit: 5" in report.failures[0].message


def test_the_time_limit_is_a_cells():
    """Many draws, none of them slow, end at the limit too."""

    def slow(weight):
        time.sleep(0.05)
        return weight

    begun = time.monotonic()
    report = run([FaultyBackend(slow)], level=Level("quick", 1 << 28, 1 << 8, 1.0), only=CELL)
    assert "longer than 1 s" in report.failures[0].message
    assert time.monotonic() - begun < 50  # a thousand draws


def test_a_draw_may_fill_the_same_memory_again():
    """What was drawn is copied before the next draw."""
    memory = {}

    def draw(shape, dtype, seed):
        weight = memory.setdefault(shape, np.empty(shape, dtype))
        weight[...] = np.random.default_rng(seed).normal(0, 0.5, shape)
        return weight

    report = audit_callable(draw, InitSpec.he_normal(), (16, 8), level=LITTLE)
    assert report.passed, str(report)


def test_a_first_draw_may_import_a_framework():
    """What an import does to the global state is not the draw's."""
    seen = []

    def draw(shape, dtype, seed):
        if not seen:
            seen.append(np.random.rand())
        return np.random.default_rng(seed).normal(0, 0.5, shape).astype(dtype)

    assert audit_callable(draw, InitSpec.he_normal(), (16, 8), level=LITTLE).passed


def test_what_a_backend_lacks_is_named():
    """An object that is nearly a backend is told what is missing."""

    class Nearly:
        name = "nearly"

    with pytest.raises(BackendError, match=r"lacks .*dtypes"):
        run([Nearly()])


def test_names_are_text(tmp_path, capsys):
    """No name is taken for a command by the terminal, rich or a file."""
    report = run([FaultyBackend(lambda w: w * 2, NAME)], level=LITTLE, only=CELL)
    kinds = ("json", "html")
    paths = [tmp_path / kind for kind in kinds]
    assert list(write(report, dict(zip(kinds, paths, strict=True)))) == paths
    show(report, Console())
    shown = capsys.readouterr().out
    assert "[red]" in shown
    for text in (shown, *(path.read_text("utf-8") for path in paths[1:])):
        assert not set(text) & set("\x1b\x00\u202e")


@pytest.mark.parametrize("attribute", ["dtypes", "known_deviations"])
@pytest.mark.parametrize("value", [None, "float32", (1,), ([],)])
def test_what_is_not_a_tuple_of_strings_is_refused_first(attribute, value):
    """It would end the run, or be read letter by letter, when all is judged."""
    backend = type("Odd", (ThirdPartyBackend,), {attribute: value})()
    with pytest.raises(InitSpecError, match=f"has the {attribute} .*string"):
        run([backend], level=LITTLE, only=CELL)


def test_questions_that_have_no_answer():
    """What is asked for wrongly is said, with what there is."""
    for how, says in (
        ({"only": "he_normal"}, "pattern of whole names"),
        ({"only": None}, "pass a pattern"),
        ({"level": ["quick"]}, "Allowed: quick"),
    ):
        with pytest.raises(InitSpecError, match=says):
            run([ThirdPartyBackend()], **how)
    with pytest.raises(InitSpecError, match="name it once"):
        run(["numpy", "numpy"], level=LITTLE, only=CELL)


def test_mutants_do_not_draw_beside_each_other():
    """One that moves the global random state is not seen in the draws of a right one."""

    class Slow(Mutant):
        """Nothing is wrong with it: it takes its time."""

        expected = expected_of(InitSpec.he_normal(), (8, 8), None, "float32")

        def draw(self, spec, shape, *, axes=None, dtype="float32", entropy=0, seed=None, name=""):
            time.sleep(0.0005)
            return ThirdPartyBackend().draw(spec, shape, axes=axes, dtype=dtype, entropy=entropy)

    class Moves(Slow):
        """Draws from the global state."""

        def draw(self, spec, shape, **how):
            np.random.seed(how.get("entropy", 0))
            return super().draw(spec, shape, **how)

    matrix = mutant_matrix("quick", mutants=(Slow, Moves))
    moved = {row.mutant.name: "global_state" in row.caught for row in matrix.rows}
    assert list(moved.values()) == [False, True]


def test_paths_are_checked_first(tmp_path):
    """A report that could not be written is refused before the run."""
    for path, says in ((tmp_path, "is a folder"), (tmp_path / "no" / "r.html", "no folder")):
        with pytest.raises(InitSpecError, match=says):
            check_writable([path])
    check_writable([tmp_path / "r.html"])
    with pytest.raises(InitSpecError, match="asked for twice"):
        check_writable([tmp_path / "r", tmp_path / "no" / ".." / "r"])
