"""The command line as a user meets it: in a process of its own."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest


def run(*arguments, **environment):
    """Run `initspec` and return the finished process."""
    return subprocess.run(
        [sys.executable, "-m", "initspec.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "100", **environment},
    )


def without_frameworks(*arguments, columns):
    """Run `initspec` as if no framework but NumPy were installed."""
    hide = (
        "import importlib.util as u, sys; find = u.find_spec\n"
        "u.find_spec = lambda n, *a: None if n in ('torch','jax','keras') else find(n, *a)\n"
        f"sys.argv = {['initspec', *arguments]}\n"
        "from initspec.cli import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-c", hide],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": columns},
    )


def test_compare_prints_a_table_and_agrees():
    """The main job prints what was asked, declared and measured, and exits with 0."""
    done = run("compare", "he_normal", "--shape", "512,256", "--backends", "numpy")
    assert done.returncode == 0, done.stderr
    words = ("he_normal", "512 x 256", "out in kernel...", "fan_in 256", "0.08839", "min", "agrees")
    for word in words:
        assert word in done.stdout
    assert "probability of a false alarm: 1e-06" in done.stdout
    assert done.stderr == ""


def test_the_readme_prints_what_a_terminal_shows():
    """At 80 columns, where no framework but NumPy is installed; NumPy's version is left out."""
    readme = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
    (printed,) = re.findall(r"^```text\n(he_normal on .*?)^```$", readme, re.MULTILINE | re.DOTALL)
    done = without_frameworks("compare", "he_normal", "--shape", "512,256", columns="80")
    version = re.compile(r"(?<=NumpyInitializer, ).*")
    others = [line for line in done.stdout.splitlines() if "dummy" not in line]
    assert [version.sub("", line) for line in others] == [
        version.sub("", line) for line in printed.splitlines()
    ]


@pytest.mark.parametrize("columns", ["60", "80", "120"])
def test_compare_cuts_no_word(columns):
    """Names stand whole: in the table where it is wide, else below it."""
    done = run(
        *("compare", "he_normal", "--shape", "512,256", "--backends", "numpy"), COLUMNS=columns
    )
    assert "NumpyInitializer" in done.stdout
    heading = next(line for line in done.stdout.splitlines() if line.startswith("backend"))
    assert ("initializer" in heading) == (columns == "120")


def test_compare_json_is_the_result_and_nothing_else():
    """--json prints one JSON document."""
    axes = "in (stack=4 out)"
    done = run(
        "compare", "orthogonal", "--shape", "16x64", "--axes", axes, "--json", "--backends", "numpy"
    )
    data = json.loads(done.stdout)
    assert data["axes"] == axes
    assert data["rows"][0]["p_value"] is None
    assert data["agrees"] is True


@pytest.mark.parametrize(
    "arguments", [["compare", "he_normal", "--shape", "8,8"], ["backends"]], ids=lambda a: a[0]
)
def test_missing_frameworks_are_named_with_their_extra(arguments):
    """With frameworks missing, a command runs and says what adds them."""
    done = without_frameworks(*arguments, columns="200")
    assert done.returncode == 0, done.stderr
    for extra in ("initspec[torch]", "initspec[jax]"):
        assert extra in done.stdout
    assert "numpy" in done.stdout


def test_mismatch_exits_with_one(tmp_path):
    """A backend that disagrees gives exit status 1 and the reason."""
    (tmp_path / "liar.py").write_text(
        "from initspec.backend import usable\n"
        "class Liar(type(usable('numpy'))):\n"
        "    name = 'liar'\n"
        "    def draw(self, spec, shape, **o):\n"
        "        return super().draw(spec, shape, **o) * 2\n"
        "backend = Liar()\n"
    )
    info = tmp_path / "liar-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: liar\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[initspec.backends]\nliar = liar:backend\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = run(
        "compare", "he_normal", "--shape", "64,64", "--backends", "numpy,liar", PYTHONPATH=path
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 of 2 disagree" in done.stdout
    assert "not the expected distribution" in done.stdout


@pytest.mark.parametrize("shape", ["1000000,1000000", f"{2**70},8"], ids=["memory", "int64"])
def test_a_shape_that_no_framework_can_draw_is_an_error(shape):
    """A row with the error and exit status 2: no framework is blamed for it."""
    done = run("compare", "he_normal", "--shape", shape, "--backends", "numpy")
    assert done.returncode == 2, done.stdout + done.stderr
    assert re.search(r"^numpy .* error$", done.stdout, re.MULTILINE)
    assert "do not fit into memory" in done.stdout
    assert "1 of 1 could not be compared" in done.stdout
    assert "differ" not in done.stdout + done.stderr
    data = json.loads(run("compare", "he_normal", "--shape", shape, "--json").stdout)
    assert {row["failed"] for row in data["rows"]} == {True}


@pytest.mark.skipif(
    tuple(map(int, version("typer").split(".")[:2])) < (0, 26),
    reason="an older typer does not say what an argument means",
)
def test_a_missing_argument_is_said_with_its_meaning():
    """Its name alone does not say what to pass."""
    assert "A .safetensors, .npz, .keras or .pt file, or" in run("verify", "a.lock").stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["compare", "he_norml", "--shape", "8,8"], "did you mean 'he_normal'"),
        (["compare", "he_normal", "--shape", "8"], "pass axes"),
        (["compare", "he_normal", "--shape", "8,-8"], "one size for each axis"),
        (["compare", "he_normal", "--shape", "8,8", "--axes", "out inn"], "did you mean 'in'"),
        (["compare", "he_normal", "--shape", "8,8", "--dtype", "int8"], "float16"),
        (["compare", "he_normal", "--shape", "8,8", "--backends", "numpi"], "did you mean 'numpy'"),
        (["compare", "he_normal(gain=-1)", "--shape", "8,8"], "above 0"),
        (["compare", "constant(1e6)", "--shape", "8,8", "--dtype", "float16"], "65504"),
        (["compare", "he_normal"], "--shape"),
        (["verify", "a.lock"], "Missing argument"),
    ],
)
def test_bad_input_exits_with_two(arguments, says):
    """Bad input exits with 2 and one clear message, without a traceback."""
    done = run(*arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_backends_lists_what_is_registered():
    """`initspec backends` names every backend with its version or the reason."""
    done = run("backends", "--json")
    names = {one["name"]: one for one in json.loads(done.stdout)}
    assert names["numpy"]["why_unusable"] is None
    assert "numpy" in run("backends").stdout
    by_numpy = run("backends", INITSPEC_KERNEL="numpy")
    assert by_numpy.stdout.endswith("seeded draws: NumPy; INITSPEC_KERNEL=numpy\n")
