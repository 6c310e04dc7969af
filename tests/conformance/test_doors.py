"""The command line and pytest: exit status, files, what a person reads."""

import json
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

import pytest


def command(*arguments, timeout=240):
    """Run `python -m initspec_conformance`."""
    return subprocess.run(
        [sys.executable, "-m", "initspec_conformance", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def test_the_command_passes_and_writes(tmp_path):
    """A table, a verdict, exit status 0, and the reports asked for."""
    json_file, junit = tmp_path / "r.json", tmp_path / "r.xml"
    only = "--only=he_normal/*"
    done = command("numpy", "--quick", only, "--json", str(json_file), "--junit", str(junit))
    assert done.returncode == 0, done.stderr
    assert "The backend matches" in done.stdout
    assert "moments" in done.stdout
    report = json.loads(json_file.read_text("utf-8"))
    assert report["passed"]
    assert report["backends"]["numpy"]
    assert {check["check"] for check in report["checks"]} >= {"mean", "variance", "lags"}
    suite = ET.parse(junit).getroot()[0]
    assert suite.get("failures") == "0"
    assert int(suite.get("tests")) == len(report["checks"])


def test_bad_input_is_two():
    """Unknown backends and contradicting options say what is allowed."""
    for arguments, says in (
        (("nunpy",), "did you mean 'numpy'"),
        (("numpy", "--quick", "--thorough"), "one of them"),
        (("numpy", "--fresh", "--seed=3"), "one of them"),
        (("numpy", "--only=nothing"), "matches none"),
    ):
        done = command(*arguments)
        assert done.returncode == 2, done.stdout
        assert says in done.stderr


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_leaves_reports(tmp_path, presses):
    """A real signal to a real process: exit status 130, and a valid report of each kind."""
    files = {kind: tmp_path / f"r.{kind}" for kind in ("json", "junit", "markdown", "html")}
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "initspec_conformance", "numpy"),
            *(f"--{kind}={path}" for kind, path in files.items()),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # SIGINT is ignored in the background of a shell, and that is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        time.sleep(4)
        for _ in range(presses):
            process.send_signal(signal.SIGINT)
            time.sleep(0.2)
        out, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "Interrupted" in out
    report = json.loads(files["json"].read_text("utf-8"))
    assert report["interrupted"]
    assert not report["passed"]
    assert ET.parse(files["junit"]).getroot().findall(".//error")
    assert "| property" in files["markdown"].read_text("utf-8")
    assert files["html"].read_text("utf-8").rstrip().endswith("</html>")


def test_a_path_that_cannot_be_written_is_said_first(tmp_path):
    """Exit status 2, before anything is drawn."""
    done = command("numpy", "--html", str(tmp_path))
    assert done.returncode == 2
    assert "is a folder" in done.stderr


def test_initspec_has_the_command():
    """`initspec conformance` is the same command."""
    done = subprocess.run(
        [sys.executable, "-m", "initspec.cli", "conformance", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "--thorough" in done.stdout


def test_pytest_door(tmp_path):
    """Readable ids, one a cell; xdist runs the same tests."""
    arguments = ["--pyargs", "initspec_conformance", "-p", "initspec_conformance.plugin"]
    arguments += ["--backend", "numpy", "-p", "no:cacheprovider"]
    for more in (["-k", "he_normal and float32"], ["-n2", "-k", "glorot"]):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-v", *arguments, *more],
            capture_output=True,
            text=True,
            timeout=240,
            cwd=tmp_path,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        assert "numpy-" in done.stdout
        assert "/float32]" in done.stdout
        assert " failed" not in done.stdout


def test_pytest_refuses_an_unknown_backend(tmp_path):
    """A name that is not registered is an error of the session, never a skip."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--pyargs", "initspec_conformance"),
            *("-p", "initspec_conformance.plugin", "--backend", "nunpy"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode != 0
    assert "did you mean 'numpy'" in done.stdout + done.stderr
