"""The snippet of a failure, run as it is in an interpreter that knows nothing of it."""

import subprocess
import sys

import numpy as np
import pytest
from initspec_conformance import audit_callable, run
from initspec_conformance.runner.levels import LEVELS, Level
from initspec_conformance.runner.reproduce import native_again, run_again

from initspec import InitSpec
from initspec.backend import usable

WRONG = """
import numpy as np
from initspec_numpy import backend

class Wrong:
    name, dtypes, known_deviations = "wrong", ("float32",), ()
    def __getattr__(self, name): return getattr(backend, name)
    def draw(self, spec, shape, **how): return backend.draw(spec, shape, **how) * 1.02

wrong = Wrong()

def draw(shape, dtype, seed):
    return np.random.default_rng(seed).normal(0, 0.1, shape).astype(dtype)
"""


def repeated(snippet, cwd):
    """Return what a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", snippet],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=cwd,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def wrong(tmp_path, monkeypatch):
    """A stranger's module that can be imported."""
    (tmp_path / "some_wrong.py").write_text(WRONG, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import some_wrong

    yield some_wrong
    del sys.modules["some_wrong"]


def test_a_backend_of_a_module_is_imported(wrong, tmp_path):
    """Each failure is printed again with its numbers, what all cells add up to too."""
    report = run([wrong.wrong], level="quick", only="he_normal/*")
    failures = {failure.check: failure for failure in report.failures}
    for check in ("variance", "pooled_variance"):
        text = repeated(failures[check].reproduce, tmp_path)
        assert failures[check].message in text
        assert failures[check].told(snippet=False) in text


def test_a_function_of_a_module_is_imported(wrong, tmp_path):
    """So is what is audited."""
    report = audit_callable(wrong.draw, InitSpec.he_normal(), (64, 32), level="quick", seed=5)
    failure = next(f for f in report.failures if f.check == "variance")
    assert failure.told(snippet=False) in repeated(failure.reproduce, tmp_path)


def test_what_no_module_has_is_told(wrong):
    """A comment says what is to stand there."""

    def mine(shape, dtype, seed):
        return np.ones(shape, dtype)

    report = audit_callable(mine, InitSpec.he_normal(), (64, 32), level="quick")
    first = report.failures[0].reproduce.splitlines()[0]
    assert first.startswith("# draw is the function that was checked, ")
    assert "mine of " in first
    other = wrong.Wrong()
    other.name = "a\nb"
    lines = run_again(other, LEVELS["quick"], 0, "*").splitlines()
    assert lines[0].startswith(r"# 'a\nb' is the backend that was checked, Wrong object of some_w")
    assert lines[1] == "from initspec_conformance import run"


def test_what_keras_draws_with_is_part_of_it(monkeypatch):
    """The variable that chooses it is set before the framework is imported."""
    pytest.importorskip("keras")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    for text in (
        run_again(usable("keras"), LEVELS["quick"], 3, "*"),
        native_again("keras", LEVELS["quick"], 3, ""),
    ):
        assert text.startswith("import os; os.environ['KERAS_BACKEND'] = 'torch'\n")
        assert "level='quick', seed=3, only=" in text
    assert "KERAS" not in run_again(usable("numpy"), LEVELS["quick"], 0, "*")
    monkeypatch.delenv("KERAS_BACKEND")
    assert "KERAS" not in native_again("keras", LEVELS["quick"], 0, "*")


def test_a_level_of_one_s_own_is_written_out(wrong, tmp_path):
    """It has no name that a fresh interpreter knows."""
    level = Level("brief", 1 << 15, 1 << 8, 60.0)
    report = audit_callable(wrong.draw, InitSpec.normal(std=0.11), (32, 32), level=level)
    failure = next(failure for failure in report.failures if failure.check == "variance")
    assert failure.message in repeated(failure.reproduce, tmp_path)
