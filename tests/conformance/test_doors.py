"""The command line and pytest: exit status, files, what a person reads."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET


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
