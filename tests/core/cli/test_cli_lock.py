"""`initspec draw` and `initspec verify` as a user meets them, with NumPy alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from initspec import Axes, InitSpec, Lock
from initspec.models.locked import Locked

if sys.platform != "win32":
    import resource


@pytest.fixture
def plan(tmp_path, monkeypatch) -> Lock:
    """A lock of two weights and one that is kept, in `init.lock` of the current folder."""
    monkeypatch.chdir(tmp_path)
    spec = InitSpec.he_normal()
    locked = [
        Locked("a.kernel", (300, 200), "float32", Axes("in out"), spec, "a.kernel"),
        Locked("层.kernel", (20, 30), "float64", Axes("out in"), spec, "b"),
        Locked("table", (3,), "float32", Axes("out"), None, "table"),
    ]
    made = Lock(7, "", tuple(locked))
    made.save("init.lock")
    return made


def run(*arguments, limit=None):
    """Run `initspec`; files may grow to `limit` bytes, as if the disk were full there."""

    def fill_disk():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [sys.executable, "-m", "initspec.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=None if limit is None else fill_disk,
    )


@pytest.mark.parametrize("file", ["w.npz", "w.safetensors"])
def test_draw_and_verify(tmp_path, plan: Lock, file: str) -> None:
    """The kept parameter is named; without it, verify says that it is missing."""
    done = run("draw", "init.lock", "-o", file)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "2 weights, " in done.stdout
    assert "without table, which the recipe keeps" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"init.lock", file}
    done = run("verify", "init.lock", file)
    assert (done.returncode, done.stdout) == (1, "table\n1 of 3 parameters differ\n")
    Lock(7, "", plan.drawn).save("drawn.lock")
    done = run("verify", "drawn.lock", file, "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"differing": [], "parameters": 2})


def test_verify_finds_one_element(plan: Lock) -> None:
    """In an array of NumPy's own file."""
    arrays = plan.draw() | {"table": np.zeros(3, np.float32)}
    np.savez_compressed("w.npz", **arrays)
    assert run("verify", "init.lock", "w.npz").returncode == 0
    arrays["层.kernel"][19, 29] += 1e-9
    np.savez("w.npz", **arrays)
    done = run("verify", "init.lock", "w.npz", "--json")
    assert (done.returncode, json.loads(done.stdout)["differing"]) == (1, ["层.kernel"])


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of file sizes on Windows")
@pytest.mark.parametrize("file", ["w.npz", "w.safetensors"])
def test_a_full_disk_leaves_no_half_file(tmp_path, plan: Lock, file: str) -> None:
    """What was there is whole, and the message says so."""
    (tmp_path / file).write_bytes(b"the weights of yesterday")
    done = run("draw", "init.lock", "-o", file, limit=1 << 17)
    assert done.returncode == 2, done.stderr
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"init.lock", file}
    assert (tmp_path / file).read_bytes() == b"the weights of yesterday"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["draw", "init.lock", "-o", "w.pt"], "end the file's name in .safetensors or .npz"),
        (["draw", "init.lock", "-o", "no/such/w.npz"], "make it first"),
        (["draw", "none.lock", "-o", "w.npz"], "none.lock cannot be read: No such file"),
        (["draw", "w.txt", "-o", "w.npz"], "w.txt: no JSON"),
        (["draw", "new.lock", "-o", "w.npz"], "upgrade initspec"),
        (["draw", "huge.lock", "-o", "w.npz"], "huge.lock: 层.kernel: axes"),
        (
            ["verify", "init.lock", "w.txt"],
            "'w.txt': name a .safetensors, .npz, .keras or .pt file, or package.",
        ),
        (["verify", "init.lock", "w.npz"], "No such file"),
        (["verify", "init.lock", "zoo:model"], "there is no module 'zoo'"),
        (["lock", "zoo:model", "--recipe", "r", "--seed", "7", "-o", "a"], "recipe 'r'"),
        (["lock", "zoo:m", "--recipe", "a.toml", "--seed", "7", "-o", "a"], "a.toml cannot be"),
    ],
)
def test_bad_input_writes_nothing(tmp_path, plan: Lock, arguments, says: str) -> None:
    """Exit status 2, one message, and no file."""
    (tmp_path / "w.txt").write_text("w")
    (tmp_path / "new.lock").write_text('{"lock_version": 2}')
    huge = plan.to_json().replace("[300, 200]", f"[{2**62}, 200]").replace("a.kernel", "a")
    (tmp_path / "huge.lock").write_text(huge.replace("[20, 30]", "[20, 30, 1]"))
    before = {path.name for path in tmp_path.iterdir()}
    done = run(*arguments)
    assert done.returncode == 2, done.stdout
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == before
