"""What a failure says to run repeats it: a command where a backend is registered, else Python."""

import shlex
import subprocess
import sys

import numpy as np
import pytest
from initspec_conformance import audit_callable, run
from initspec_conformance.runner.builtin_audit import native_audit
from initspec_conformance.runner.levels import LEVELS, Level
from initspec_conformance.runner.reproduce import reproduce_run
from third_party import FaultyBackend

from initspec import InitSpec
from initspec.backend import usable
from initspec.errors import BackendError

BRIEF = Level("brief", 1 << 15, 1 << 8, 60.0)
NAMES = {
    "InitSpec": InitSpec,
    "Level": Level,
    "audit_callable": audit_callable,
    "native_audit": native_audit,
    "run": run,
}


def test_a_registered_backend_is_repeated_by_a_command():
    """The command checks that cell alone, at the level and with the seeds of the run."""
    report = run(["numpy"], level="quick", seed=5, only="lecun_uniform/torch Linear*/float32")
    command = report.checks[0].reproduce
    assert command == (
        "initspec conformance numpy --quick --seed=5 "
        "--only='lecun_uniform/torch Linear 512x520/float32'"
    )
    program, *arguments = shlex.split(command)
    done = subprocess.run(
        [sys.executable, "-m", f"{program}.cli", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(report.checks)} checks in" in done.stdout


def test_an_object_is_repeated_by_python(capsys):
    """`backend` is the object that was checked."""
    backend = FaultyBackend(lambda w: w * 1.02)
    report = run([backend], level="quick", only="he_normal/torch Linear 512*")
    failure = next(f for f in report.failures if f.check == "variance")
    exec(failure.reproduce, NAMES | {"backend": backend})
    assert failure.format(reproduce=False) in capsys.readouterr().out


def test_a_function_is_repeated_by_python(capsys):
    """`draw` is the function that was checked; a level of one's own is written out."""

    def draw(shape, dtype, seed):
        return np.random.default_rng(seed).normal(0, 0.1, shape).astype(dtype)

    report = audit_callable(draw, InitSpec.normal(std=0.11), (32, 32), level=BRIEF, seed=5)
    failure = next(f for f in report.failures if f.check == "variance")
    assert "seed=5" in failure.reproduce
    exec(failure.reproduce, NAMES | {"draw": draw})
    assert failure.format(reproduce=False) in capsys.readouterr().out


@pytest.mark.parametrize("builtins", [False, True])
def test_what_keras_draws_with_is_part_of_it(monkeypatch, builtins):
    """The variable that chooses it is set before the command."""
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    try:
        backends = [usable("keras")]
    except BackendError as error:
        pytest.skip(str(error))
    line = reproduce_run(backends, LEVELS["quick"], 3, "keras", "*", builtins=builtins)
    native = " --native" if builtins else ""
    assert line == (
        f"KERAS_BACKEND=torch initspec conformance keras{native} --quick --seed=3 --only='*'"
    )
    monkeypatch.delenv("KERAS_BACKEND")
    assert "KERAS" not in reproduce_run(backends, LEVELS["quick"], 0, "keras", "*")
