"""The command line and pytest: exit status, files, what a person reads."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace

import pytest
from initspec_conformance import Finding, Report
from initspec_conformance.checks import BATTERY
from initspec_conformance.reports.console import show
from rich.console import Console

from initspec.cli import main


def command(*arguments, timeout=240):
    """Run `python -m initspec_conformance`."""
    return subprocess.run(
        [sys.executable, "-m", "initspec_conformance", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.fixture
def here(monkeypatch, capsys):
    """Run the command in this process: its exit status, and what it prints."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["initspec", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capsys.readouterr()

    return run


def test_the_command_passes_and_writes(tmp_path):
    """A table, a verdict, exit status 0, the reports asked for; no bar without a terminal."""
    json_file = tmp_path / "r.json"
    done = command("numpy", "--quick", "--only=he_normal/*", "--json", str(json_file))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "The backend matches" in done.stdout
    assert "moments" in done.stdout
    report = json.loads(json_file.read_text("utf-8"))
    assert report["passed"]
    assert report["backends"]["numpy"]
    assert {check["check"] for check in report["checks"]} >= {"mean", "variance", "lags"}
    assert "probability of a false alarm: 1e-06" in done.stdout


def test_bad_input_is_two(here):
    """Unknown backends and contradicting options say what is allowed."""
    for arguments, says in (
        (("nunpy",), "did you mean 'numpy'"),
        (("numpy", "--quick", "--thorough"), "one of them"),
        (("numpy", "--fresh", "--seed=3"), "one of them"),
        (("numpy", "--only=nothing"), "matches none"),
        (("numpy", "--json=r", "--html=./r"), "asked for twice"),
        (("--mutants",), "No such option"),
    ):
        status, printed, errors = here("conformance", *arguments)
        assert status == 2, printed
        assert says in errors


LISTENING = """
import runpy, signal
# SIGINT is ignored in the background of a shell, and that is inherited.
signal.signal(signal.SIGINT, signal.default_int_handler)
import initspec_conformance.cli, initspec_conformance.runner.run
print("listening", flush=True)
runpy.run_module("initspec_conformance", run_name="__main__")
"""


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_leaves_reports(tmp_path, presses):
    """A real signal to a real process: exit status 130, and a valid report of each kind."""
    files = {kind: tmp_path / f"r.{kind}" for kind in ("json", "html")}
    with subprocess.Popen(
        [
            *(sys.executable, "-c", LISTENING, "numpy"),
            *(f"--{kind}={path}" for kind, path in files.items()),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "listening\n"
        time.sleep(2)
        for _ in range(presses):
            process.send_signal(signal.SIGINT)
            time.sleep(0.2)
        out, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "Interrupted" in out
    report = json.loads(files["json"].read_text("utf-8"))
    assert report["interrupted"]
    assert not report["passed"]
    assert files["html"].read_text("utf-8").rstrip().endswith("</html>")


def test_a_path_that_cannot_be_written_is_said_first(here, tmp_path):
    """Exit status 2, before anything is drawn."""
    status, _, errors = here("conformance", "numpy", "--html", str(tmp_path))
    assert status == 2
    assert "is a folder" in errors


def test_pytest_door(tmp_path):
    """Readable ids, one a cell, on several processes of xdist."""
    done = suite(tmp_path, *PLUGIN, "--backend=numpy", "-v", "-n2", "-k", "glorot and float32")
    assert done.returncode == 0, done.stdout
    assert "[numpy-glorot_" in done.stdout
    assert "/float32]" in done.stdout
    assert " failed" not in done.stdout


def suite(folder, *arguments):
    """Run the suite by pytest in a folder."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--pyargs", "initspec_conformance"),
            *("-p", "no:cacheprovider", *arguments),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=folder,
        check=False,
    )


PLUGIN = ("-p", "initspec_conformance.plugin")


@pytest.mark.parametrize("wrong", [["nunpy"], ["numpy", "numpy"]])
def test_pytest_refuses_backends_in_a_line(tmp_path, wrong):
    """A name not registered, or named twice, is an error of the session: no skip, no traceback."""
    done = suite(tmp_path, *PLUGIN, *(f"--backend={name}" for name in wrong))
    assert done.returncode == 2
    says = "did you mean 'numpy'" if wrong == ["nunpy"] else "is named twice"
    assert says in done.stdout
    assert "plugin.py" not in done.stdout


@pytest.mark.parametrize(
    ("conftest", "how"),
    [
        ("def pytest_addoption(parser): parser.addoption('--backend')", PLUGIN),
        ("def pytest_addoption(parser): parser.addoption('--backend', action='append')", PLUGIN),
        (
            "pytest_plugins = ['initspec_conformance.plugin']\n"
            "def pytest_addoption(parser): parser.addoption('--backend')",
            (),
        ),
        ("pytest_plugins = ['initspec_conformance.plugin']", ()),
    ],
)
def test_pytest_in_a_project_with_a_backend_option(tmp_path, conftest, how):
    """A project's own --backend, of one name or several, and the plugin's are one option."""
    (tmp_path / "conftest.py").write_text(conftest, "utf-8")
    done = suite(tmp_path, *how, "--backend=numpy", "-k", "stream", "-v", "-n1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[numpy-stream]" in done.stdout


BACKEND = """
import warnings
from initspec_numpy import backend

class Warns:
    dtypes, known_deviations = ("float32",), ()
    def __init__(self, name, factor): self.name, self.factor = name, factor
    def __getattr__(self, name): return getattr(backend, name)
    def draw(self, spec, shape, **how):
        warnings.warn("old", DeprecationWarning)
        if not self.factor:
            raise ValueError("no \\x1b[31m kernel")
        return backend.draw(spec, shape, **how) * self.factor

warns, wide, raises = Warns("warns", 1), Warns("wide", 2), Warns("raises", 0)
"""


@pytest.fixture
def third_party(tmp_path, monkeypatch):
    """Install a package of backends: one that warns, one that is wrong, one that raises."""
    home = tmp_path / "site"
    made = home / "other-1.dist-info"
    made.mkdir(parents=True)
    (home / "other_backends.py").write_text(BACKEND, "utf-8")
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1\n", "utf-8")
    lines = [f"{name} = other_backends:{name}\n" for name in ("warns", "wide", "raises")]
    (made / "entry_points.txt").write_text("[initspec.backends]\n" + "".join(lines), "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(home))


@pytest.mark.usefixtures("third_party")
def test_pytest_where_warnings_are_errors(tmp_path):
    """What a framework warns of fails a project with `-W error` in its own tests, not here."""
    done = suite(tmp_path, *PLUGIN, "-Werror", "--backend=warns", "-k", "glorot_normal")
    assert done.returncode == 0, done.stdout


@pytest.mark.usefixtures("third_party")
def test_pytest_prints_the_findings_alone(tmp_path):
    """The numbers and one command for a cell, without a traceback or escape sequences."""
    done = suite(tmp_path, *PLUGIN, "--backend=wide", "--backend=raises", "-k", "glorot_normal")
    assert done.returncode == 1
    assert "of its variance, z = " in done.stdout
    assert "p = " in done.stdout
    assert "no \ufffd[31m kernel" in done.stdout
    assert "conformance_failures" not in done.stdout
    printed = done.stdout.partition("short test summary info")[0]  # which has all again in a CI
    assert printed.count("  initspec conformance wide --quick") == 1


@pytest.mark.usefixtures("third_party")
def test_an_ascii_terminal_shows_any_failure(monkeypatch):
    """What the encoding lacks is escaped: the verdict is printed, and no traceback."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = command("raises", "--quick", "--only=glorot_normal*/float32")
    assert done.returncode == 1
    assert "no \\ufffd[31m kernel" in done.stdout
    assert " failure" in done.stdout.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("name", "status"), [("numpy", 0), ("wide", 1)])
@pytest.mark.usefixtures("third_party")
def test_the_verdict_is_the_status_where_nobody_reads(name, status):
    """A pipe that is closed at its other end, as by `head`, neither fails a run nor passes one."""
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "initspec_conformance", name, "--quick"),
            "--only=glorot_uniform*/float32",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.close()
        errors = process.stderr.read()
    assert process.returncode == status, errors
    assert "BrokenPipe" not in errors


def printed(report, width):
    """Return what a terminal of a width shows of a report."""
    console = Console(file=io.StringIO(), width=width)
    show(report, console)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("seed", [0, 2**48 - 1])
def test_what_follows_the_table_fits(seed):
    """At 80 columns no line is longer; the verdict is the last."""
    report = Report((), "default", seed, 9876, {"numpy": "2.4.6"}, 1e4, interrupted=True)
    lines = printed(report, 80)
    assert max(map(len, lines)) <= 80, lines
    assert lines[-1] == "Interrupted"


def test_the_table_fits():
    """Cells and heads are whole at any width: one table where it fits, else one a backend."""
    names = {"numpy": "2.4.6", "torch": "2.13.0+cpu", "keras": "3.15.1 (tensorflow 2.21.0)"}
    checks = [
        Finding(
            *(check, "", 0.0, None, 1, 0.0, "", passed),
            backend=name,
            group=BATTERY[check].group,
        )
        for name in names
        for check in ("mean", "support")
        for passed in (True, False)
    ]
    report = Report(tuple(checks), "quick", 0, 1, names)
    for width, tables in ((120, 1), (64, 1), (40, 3)):
        lines = printed(report, width)
        lines = lines[: next(i for i, line in enumerate(lines) if "FAILED" in line)]
        text = "\n".join(lines)
        assert max(map(len, lines)) <= width
        assert text.count("property") == tables
        assert text.count("1 of 2 fail") == 6, text
        for word in ("numpy", "2.13.0+cpu", "tensorflow", "support and extremes"):
            assert word in text, text
    long = replace(
        report, versions={"x" * 100: "1"}, checks=(replace(checks[0], backend="x" * 100),)
    )
    assert sum(line.count("x") for line in printed(long, 40) if "property" not in line) >= 60


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudoterminals")
@pytest.mark.usefixtures("third_party")
def test_a_narrow_terminal_shows_the_count():
    """40 columns: bar, count and time stand before what is drawn; what differs is not broken."""
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "initspec_conformance", "wide", "--quick"),
            "--only=lecun_uniform/torch Linear*/float32",
        ],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**os.environ, "COLUMNS": "40", "TERM": "xterm"},
    ) as process:
        os.close(theirs)
        seen = b""
        with suppress(OSError):  # Linux: the end
            while part := os.read(ours, 1 << 12):
                seen += part
    os.close(ours)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode())
    assert process.returncode == 1
    assert re.search(r" 1/1 0:00:\d\d wide lecun_", text), text
    assert re.search(r"differs wide lecun_uniform/\S.*/float32\r\n", text), text


def test_help_names_the_backends(here):
    """Typer's brackets are enough."""
    status, printed, _ = here("conformance", "--help")
    assert status in (0, None)
    assert " [BACKENDS]..." in printed
    assert "[[" not in printed
    assert "--thorough" in printed
