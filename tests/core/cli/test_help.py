"""Help, the version, completion, and arguments as people type them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from initspec.cli.app import app
from initspec.cli.arguments import read_backends
from initspec.cli.group import COMMANDS, _joined

ALL = (*COMMANDS, "conformance", "audit")


def run(*arguments, **environment):
    """Run `initspec` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "initspec.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80", **environment},
    )


@pytest.mark.parametrize("columns", ["40", "80", "200"])
@pytest.mark.parametrize("command", ALL)
def test_help_ends_with_an_example(command, columns):
    """No option is cut, no line is wider than 80, and the example has options that there are."""
    done = run(command, "-h", COLUMNS=columns)
    assert done.returncode == 0, done.stderr
    *page, heading, example = done.stdout.splitlines()
    assert heading.strip() == "Example:"
    program, name, *arguments = shlex.split(example)
    assert (program, name) == ("initspec", command)
    assert {word for word in arguments if word.startswith("-")} <= set(
        re.findall(r"(?<![\w-])--?[a-z][\w-]*", "\n".join(page))
    )
    assert max(map(len, page)) <= min(int(columns), 80)
    assert "..." not in done.stdout.replace("kernel...", "").replace("orthogonal, ...", "").replace(
        "[BACKENDS]...", ""
    )


def test_the_list_of_commands_has_whole_sentences():
    """Every command, that of another package too."""
    said = run("-h").stdout
    assert "..." not in said.replace("[ARGS]...", "")
    for command in ALL:
        assert re.search(rf"^  {command} +[A-Z]", said, re.MULTILINE), command
    assert run().stdout + run().stderr != ""


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_version(option):
    """Short and long."""
    assert re.fullmatch(r"initspec \d+\.\d+\.\d+\n", run(option).stdout)


@pytest.mark.parametrize(
    ("words", "place", "says"),
    [("initspec comp", 1, "compare"), ("initspec conf", 1, "conformance")],
)
def test_completion(words, place, says):
    """A shell that installed it gets the commands, and the options of one."""
    complete = {"_INITSPEC_COMPLETE": "complete_bash", "COMP_CWORD": str(place)}
    assert run(COMP_WORDS=words, **complete).stdout.split() == [says]
    options = run(COMP_WORDS="initspec sample --sh", **complete | {"COMP_CWORD": "2"})
    assert options.stdout.split() == ["--shape"]
    assert "--install-completion" in run("--help").stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("compar",), "compar"),
        (("compare", "he_normal"), "--shape"),
        (("compare", "he_normal", "--shap", "8,8"), "--shape"),
        (("compare", "he_norml", "--shape", "8,8"), "did you mean 'he_normal'?"),
        (("compare", "he_normal", "--shape", "8,8", "--backends", "numpi"), "'numpy'"),
        (("compare", "he_normal", "--shape", "8,8", "--name", "w"), "add --seed"),
        (("propagate", "he_normal", "--activation", "rellu"), "did you mean 'relu'?"),
        (("propagate", "he_normal", "--size", "x"), "--size"),
        (("propagate", "he_normal", "--kernel", "x"), "such as --kernel 3,3\n"),
        (("explain", "he_normal", "--shape", "x"), "such as --shape 512,256, or () for a scalar\n"),
        (("explain", "he_normal", "--shape", "8,8", "--dtype", "float23"), "float32"),
        (("recipes", "hee"), "did you mean 'he'?"),
        (("recipes", "absent.toml"), "absent.toml cannot be read"),
        (("assign", "os:getcwd"), "--recipe"),
        (("assign", "os:getcwd", "--recipe", "hee"), "did you mean 'he'?"),
        (("assign", "os:getcwd", "--recipe", "he", "--set", "depth"), "such as --set depth=12"),
        (("assign", "os:getcwd", "--recipe", "he", "--set", "only=1"), "such as --set depth=12"),
        (("recommend",), "initspec recommend gelu"),
        (("recommend", "gelu", "--activation", "relu"), "pass one"),
    ],
)
def test_an_error_is_two_lines(arguments, says):
    """What is wrong and what was meant, in the room of two lines; exit status 2, no page."""
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert done.stderr.count("\n") <= 2
    assert len(done.stderr) <= 160, done.stderr


@pytest.mark.parametrize(
    "sizes", [("64,32",), ("64", "32"), ("64,", "32"), ("64x32",), ("64", "x", "32"), ("(64,32)",)]
)
def test_a_shape_as_people_type_it(sizes):
    """Sizes together or apart, before the spec and behind it."""
    for arguments in (("he_normal", "--shape", *sizes), ("--shape", *sizes, "he_normal")):
        done = CliRunner().invoke(app, ["explain", *arguments], env={"COLUMNS": "100"})
        assert "he_normal on 64 x 32, float32" in done.output, done.output
    short = ("explain", "he_normal", "--shape", *sizes, "--dtype", "bf16")
    assert "bfloat16" in CliRunner().invoke(app, list(short)).output
    kernel = ["propagate", "he_normal", "--kernel", "3", "3", "--size", "4", "--width", "4"]
    assert "healthy" in CliRunner().invoke(app, [*kernel, "--samples", "50", "--depth", "1"]).output


@pytest.mark.parametrize("names", [("numpy,dummy",), ("numpy", "dummy"), ("numpy,", "dummy")])
def test_lists_as_people_type_them(names):
    """Backends together or apart, before the spec and behind it; what is none stays an argument."""
    shape = ("--shape", "8,8", "--json")
    for arguments in (("he_normal", "--backends", *names), ("--backends", *names, "he_normal")):
        rows = json.loads(CliRunner().invoke(app, ["compare", *arguments, *shape]).output)["rows"]
        assert [row["backend"] for row in rows] == ["numpy", "dummy"]
    assert "unknown backend" in run("compare", "he_normal", *shape, "--backends", ",").stderr
    assert _joined(["--set", "a=1", "b=2", "c"]) == ["--set", "a=1", "--set", "b=2", "c"]


@pytest.mark.parametrize("name", ["tensorflow", "TensorFlow"])
def test_an_engine_stands_for_the_backend_on_it(monkeypatch, name):
    """TensorFlow is Keras on TensorFlow; torch and JAX are backends of their own."""
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert read_backends("torch, jax numpy") == ["torch", "jax", "numpy"]
    assert os.environ["KERAS_BACKEND"] == "torch"
    assert read_backends(f"{name},keras") == ["keras"]
    assert os.environ["KERAS_BACKEND"] == "tensorflow"


def test_recommend_takes_its_activation_first():
    """As an argument, or as an option."""
    said = [run("recommend", *words).stdout for words in (("gelu",), ("--activation", "gelu"))]
    assert said[0] == said[1] != ""
