"""`initspec sample` as a user meets it: in a process of its own."""

import os
import subprocess
import sys

import numpy as np
import pytest

from initspec import InitSpec

if sys.platform != "win32":
    import resource


def run(*arguments, limit=None, **environment):
    """Run `initspec`; files may grow to `limit` bytes, as if the disk were full there."""

    def fill_disk():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [sys.executable, "-m", "initspec.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200", **environment},
        preexec_fn=None if limit is None else fill_disk,
    )


@pytest.mark.parametrize(
    ("line", "shape", "axes", "dtype"),
    [
        ("he_normal", (3, 3, 16, 40), "kernel kernel in (stack=4 out)", "float32"),
        ("glorot_uniform", (1300, 1700), None, "float64"),  # several slabs
        ("sparse(0.5)", (40, 30), "in out", "float16"),
        ("orthogonal(gain=1.4)", (40, 30), None, "float32"),
        ("constant(0.1)", (), None, "float32"),
        ("normal", (0, 3), None, "float32"),
    ],
)
def test_npy_holds_the_portable_weight(tmp_path, line, shape, axes, dtype):
    """NumPy reads back what `to_numpy` draws: shape, dtype and bits."""
    path, where = tmp_path / "w.npy", [] if axes is None else ["--axes", axes]
    name, size = "encoder.0.weight", ",".join(map(str, shape)) or "()"
    done = run(
        "sample", line, "--shape", size, "--seed", 7, "--name", name, *where, "--dtype", dtype,
        "-o", path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    whole = InitSpec.parse(line).to_numpy(axes, seed=7, name=name)(shape, dtype)
    weight = np.load(path)
    assert (weight.shape, weight.dtype) == (shape, whole.dtype)
    np.testing.assert_array_equal(weight, whole)
    assert str(whole.nbytes) in done.stdout
    assert [one.name for one in tmp_path.iterdir()] == ["w.npy"]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_safetensors_holds_the_weight_under_its_name(tmp_path, dtype):
    """The tensor has the parameter's name; bfloat16 stays bfloat16."""
    safetensors = pytest.importorskip("safetensors")
    path = tmp_path / "w.safetensors"
    done = run(
        "sample", "he_normal", "--shape", "64,48", "--seed", 2**64 - 1, "--name", "层.weight",
        "--dtype", dtype, "-o", path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    whole = InitSpec.he_normal().to_numpy(seed=2**64 - 1, name="层.weight")((64, 48), dtype)
    kind = {"float32": "F32", "bfloat16": "BF16"}[dtype]
    held = {"dtype": kind, "shape": [64, 48], "data": whole.tobytes()}
    assert safetensors.deserialize(path.read_bytes()) == [("层.weight", held)]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("sample", "he_normal", "--shape", "4096,4096", "--seed", 7, "-o", "w.npy"),
        ("propagate", "he_normal", "--depth", 3),
        ("compare", "he_normal", "--shape", "64,64", "--backends", "numpy"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_progress_is_shown_on_a_terminal(tmp_path, monkeypatch, arguments, encoding):
    """A bar on standard error of a terminal with any code page; none in a file (see above)."""
    monkeypatch.chdir(tmp_path)
    done = run(*arguments, FORCE_COLOR="1", TERM="xterm", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    bar = "running the network" if arguments[0] == "propagate" else "drawing"
    assert bar in done.stderr
    assert "100%" in done.stderr
    assert bar not in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of file sizes on Windows")
@pytest.mark.parametrize("suffix", [".npy", ".safetensors"])
@pytest.mark.parametrize("before", [None, b"the weight of yesterday"], ids=["new", "old"])
def test_a_full_disk_leaves_no_half_file(tmp_path, suffix, before):
    """Nothing is left where nothing was, and what was there is whole; the message says so."""
    if suffix == ".safetensors":
        pytest.importorskip("safetensors")
    path = tmp_path / f"w{suffix}"
    if before is not None:
        path.write_bytes(before)
    done = run(
        "sample", "he_normal", "--shape", "512,512", "--seed", 7, "-o", path,
        limit=1 << 19, PYTHONDONTWRITEBYTECODE="1",
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert [one.read_bytes() for one in tmp_path.iterdir()] == ([] if before is None else [before])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--seed", "-1"], "2^64 - 1"),
        (["--seed", "7.0"], "2^64 - 1"),
        (["--seed", "²"], "2^64 - 1"),
        (["--seed", str(2**64)], "2^64 - 1"),
        (["--seed", "7", "--dtype", "int8"], "float16"),
        (["--seed", "7", "--axes", "out"], "axes"),
        (["--seed", "7", "-o", "w.pt"], ".safetensors"),
        (["--seed", "7", "-o", "no/such/folder/w.npy"], "make it first"),
        (["--seed", "7", "--dtype", "bfloat16"], "no bfloat16"),
        (["--seed", "7", "--shape", "2000000,2000000"], "not fit into memory"),
        (["--seed", "7", "--shape", f"{2**31},{2**31}"], "not fit into memory"),
        ([], "--seed"),
    ],
)
def test_bad_input_writes_nothing(tmp_path, options, says):
    """Exit status 2, one clear message, and no file."""
    given = options if "-o" in options else [*options, "-o", "w.npy"]
    done = subprocess.run(
        [sys.executable, "-m", "initspec.cli", "sample", "he_normal", "--shape", "8,8", *given],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to(tmp_path):
    """The system's own reason, and no traceback: here a name too long for any file."""
    done = run(
        "sample", "he_normal", "--shape", "8,8", "--seed", 7, "-o", tmp_path / f"{'w' * 260}.npy"
    )
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
